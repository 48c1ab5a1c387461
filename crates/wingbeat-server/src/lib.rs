//! The server: RPC handlers, the loop that commits, the feed, sessions of executors, and signed URLs.
//!
//! It knows its stores only by their ports; which ones they are is decided by the binary.

pub mod clock;
mod dispatch;
mod driver;
mod feed;
mod log_hub;
mod platform;
mod rpc;
mod sessions;
mod tasks;
mod use_cases;
