//! Decides everything that can be decided about runs, and does nothing else.
//!
//! `(state, event, now) -> (state', effects)`: no clock, no I/O, no async, no randomness. A
//! [`Batch`] of commands is folded over the rows that a store loaded for it; what comes out is what
//! the store writes and what the driver has to do afterwards.

mod batch;
mod command;
mod wanted;
mod working;

mod abort;
mod admit;
mod cache;
mod claim;
mod create_run;
mod enqueue;
mod finish;
mod follow_up;
mod queue;
mod reopen;
mod report;
mod retry;
mod session;
mod signal;
mod wake;

pub mod defects;
pub mod invariants;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Decided, Effect, Office, resume};
pub use command::{Command, NewAction, NewBody, NewCacheUse, NewRun, Reject, Reply, Report, ReportKind};
pub use reopen::reopens;
pub use wake::wake_at;
