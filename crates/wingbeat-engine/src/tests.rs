//! Tables of rules. Each test is a sentence; after every transaction all invariants are checked.

mod abort;
mod cache;
mod claim;
mod create_run;
mod enqueue;
mod pairs;
mod queue;
mod random;
mod report;
mod retry;
mod session;
mod signal;
mod wake;
mod world;
