//! The SQLite store passes the suite, survives crashes, and refuses files that are not its own.

mod crash;
mod opening;
mod suite;
