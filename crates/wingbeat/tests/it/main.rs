//! The Rust SDK as its users see it: values against bytes of the Python SDK, tasks in processes and in local runs, and
//! what the compiler says about types that cannot travel.

mod compile_errors;
mod local_runs;
mod platforms;
mod processes;
mod values;
