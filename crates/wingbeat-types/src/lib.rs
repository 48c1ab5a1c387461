//! The type engine: types and values as pure data, what they are on the wire, what fits which type, and the hashes that
//! clients compute too. No I/O.

pub mod arrow;
mod assert_type;
mod check;
pub mod cli;
pub mod constraints;
pub mod entry;
mod error;
mod fits;
mod from_literal;
mod guess;
mod hash;
pub mod interface;
mod isoformat;
mod json_coercion;
mod json_schema;
mod json_value;
pub mod launch_form;
mod literal_type;
mod moments;
pub mod msgpack;
mod pack;
#[cfg(test)]
mod properties;
pub mod python;
mod schema;
mod shape;
mod string_repr;
mod to_literal;
pub mod ty;
pub mod value;
#[cfg(test)]
mod vectors;
pub mod wire;
mod words;

pub use check::{InputError, complete_inputs};
pub use error::{ConvertError, ConvertErrorKind};
pub use from_literal::from_literal;
pub use guess::guess;
pub use hash::{
    cache_key, carries_hash, content_hash, inputs_hash, inputs_repr, interface_hash, sub_action_name,
    task_identity,
};
pub use interface::{Interface, Parameter};
pub use json_coercion::{coerce_json, serialize_json};
pub use json_schema::{json_schema, json_schema_of_inputs};
pub use json_value::of_json;
pub use literal_type::to_literal_type;
pub use shape::validate;
pub use string_repr::literal_in_short;
pub use to_literal::to_literal;
pub use ty::Type;
pub use value::Value;
