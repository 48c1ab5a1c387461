//! The SDK's core, on which every SDK of ours stands.
//!
//! - [`value`] makes literals of Rust types, and types of literals.
//! - [`settings`] is what users say about tasks; [`task`] what the macros find; [`spec`] what the platform is told.
//! - [`call`], [`map`], [`steps`], [`condition`], [`deployed`] and [`context`] are what a task's code uses.
//! - [`process`] runs one attempt for a backend; [`local`] runs everything here.
//! - [`controller`] is what a running task may ask of whatever runs it.
//! - [`launch`] runs this binary's tasks on a platform, with what [`remote`] does for tasks of any language;
//!   [`bundle`] packs and unpacks code for it.
//! - [`storage`] reads and writes the files between a task and the platform, [`data`] those of users too.
//! - [`wire`] names the few wire messages that the crates above handle.
//! - [`error`] is what a task, a child or the platform around them fails with; [`failure`] is that in users' hands.
//!
//! It must never read the process environment by itself, print, or set up logging.

pub mod attempt;
pub mod bundle;
pub mod call;
pub mod condition;
pub mod context;
pub mod controller;
pub mod data;
#[cfg(feature = "dataframe")]
pub mod dataframe;
pub mod deployed;
pub mod entry;
pub mod error;
pub mod failure;
mod files;
pub mod launch;
pub mod local;
pub mod map;
mod panics;
pub mod process;
pub mod remote;
mod report;
pub mod settings;
pub mod spec;
pub mod steps;
pub mod storage;
pub mod task;
pub mod value;
pub mod wire;

pub use inventory;
