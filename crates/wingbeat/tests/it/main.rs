//! The Rust SDK as its users see it: values against bytes of the Python SDK, tasks in processes and in local runs, and
//! what the compiler says about types that cannot travel.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod compile_errors;
mod local_runs;
mod platforms;
mod processes;
mod tables;
mod values;
