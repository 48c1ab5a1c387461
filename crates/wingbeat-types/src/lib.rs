//! The type engine: what fits which type, and the hashes that clients compute too. Pure data, no I/O.

mod check;
mod fits;
mod hash;
pub mod launch_form;
mod msgpack;
#[cfg(test)]
mod vectors;
mod words;

pub use check::{InputError, complete_inputs};
pub use hash::{cache_key, content_hash, inputs_hash, interface_hash, sub_action_name, task_identity};
