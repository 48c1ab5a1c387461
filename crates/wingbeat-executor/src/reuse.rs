//! Reused processes: one process runs many attempts of a task that asks for it with a `ReusePolicy`.
//!
//! An attempt gets a seat in a process of its environment, begins there, and hears how it ended. Whoever gets a
//! reason instead of a seat is started as any other attempt, with the same result. No process is started before
//! an attempt wants one.

mod keeper;
mod line;
mod pool;
mod replica;
mod seat;
mod share;

pub(crate) use pool::ReusePool;
pub(crate) use replica::{End, Loss, Start, Tenancy};
pub(crate) use share::Wish;
