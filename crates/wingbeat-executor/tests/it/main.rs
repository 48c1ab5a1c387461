//! The executor against a server that speaks its protocol over a real Unix socket, with real processes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod drain;
mod fake_server;
mod process;
mod session;
mod simulated;
mod stage;
