//! The edge between the wire and the model: conversions, canonical encoding and the schema's rules.
//!
//! Generated messages live in `wingbeat-proto`; they are looked into here (and in the handlers that
//! answer with them) and never travel inward.

pub mod canonical;
pub mod ids;
pub mod spec;
pub mod text;
pub mod time;
pub mod validate;
mod wire;
