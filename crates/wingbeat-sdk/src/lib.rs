//! The SDK's core, on which every SDK of ours stands.
//!
//! - [`bundle`] packs and unpacks code.
//! - [`controller`] is what a running task may ask of whatever runs it.
//! - [`error`] is what a task, a child or the platform around them fails with.
//! - [`remote`] runs tasks on a platform from outside.
//! - [`storage`] reads and writes the files between a task and the platform.
//!
//! It must never read the process environment by itself, print, or set up logging.

pub mod bundle;
pub mod controller;
pub mod error;
pub mod remote;
pub mod storage;
