//! The in-memory store passes the suite, and fails when it is told to.

mod failures;
mod suite;
