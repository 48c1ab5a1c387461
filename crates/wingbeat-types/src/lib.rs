//! The type engine: what fits which type, and the hashes that clients compute too. Pure data, no I/O.

mod check;
mod hash;
mod msgpack;

pub use check::{complete_inputs, InputError};
pub use hash::{cache_key, content_hash, inputs_hash, interface_hash};
