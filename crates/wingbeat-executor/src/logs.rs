//! The lines of attempts: from the files that the processes write, to watchers while they run and into
//! durable chunks for ever.
//!
//! Nothing here can slow a task down or break it: it writes to files and never waits for a reader.

mod chunks;
mod follower;
mod lines;
mod live;
mod salvage;
mod tail;

pub(crate) use follower::{Finished, Following, LogTarget, follow};
pub(crate) use live::LiveLogs;
pub(crate) use salvage::salvage;
