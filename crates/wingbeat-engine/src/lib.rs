//! Decides everything that can be decided about runs, and does nothing else.
//!
//! `(state, event, now) -> (state', effects)`: no clock, no I/O, no async, no randomness. A
//! [`Batch`] of commands is folded over the rows that a store loaded for it; what comes out is what
//! the store writes and what the driver has to do afterwards.

mod batch;
mod command;

pub use batch::{Batch, Decided, Effect, wake_at};
pub use command::{Command, NewAction, NewBody, NewCacheUse, NewRun, Reject, Reply, Report, ReportKind};
