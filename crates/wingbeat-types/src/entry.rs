//! Entries of the decoders for whoever throws bytes at them: fuzzers, and property tests. Each reads what it is given as
//! far as it can, and tells nothing.

use buffa::Message as _;
use jiff::civil;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

use crate::cli::{CliOption, Surroundings};
use crate::ty::{Field, Spelling, StructType, Type};
use crate::wire::packed_literal;
use crate::{from_literal, guess, inputs_hash, json_schema, literal_in_short};

/// Types of all shapes.
fn types() -> Vec<Type> {
    let fields = vec![Field::required("x", Type::Int), Field::required("y", Type::optional(Type::Str))];
    let structure = Type::of(StructType::dataclass("S", fields));
    vec![
        Type::Int,
        Type::Datetime,
        Type::Duration,
        Type::list(structure.clone()),
        Type::map(Type::Float),
        Type::Dict(None, Spelling::Builtin),
        Type::optional(structure),
        Type::File,
        Type::Dataset(Box::default()),
    ]
}

/// Bytes as a literal: read as every type, hashed, and shown.
pub fn literal(bytes: &[u8]) {
    let Ok(literal) = Literal::decode_from_slice(bytes) else { return };
    for ty in types() {
        drop(from_literal(&literal, &ty));
    }
    drop(literal_in_short(&literal));
    let named = NamedLiteral { name: "x".to_owned(), value: literal.into(), ..Default::default() };
    drop(inputs_hash(&Inputs { literals: vec![named], ..Default::default() }, &[]));
}

/// Bytes as a literal type: guessed, and shown as a schema.
pub fn literal_type(bytes: &[u8]) {
    let Ok(wire) = LiteralType::decode_from_slice(bytes) else { return };
    drop(guess(&wire));
    drop(json_schema(&wire));
}

/// Bytes as msgpack of every type.
pub fn msgpack(bytes: &[u8]) {
    let literal = packed_literal(bytes.to_vec());
    for ty in types() {
        drop(from_literal(&literal, &ty));
    }
    drop(literal_in_short(&literal));
}

/// Bytes as the schema of a struct.
pub fn schema(bytes: &[u8]) {
    let Ok(schema) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    for tag in ["Object-Dataclass-Transformer", "Pydantic Transformer", ""] {
        let simple = crate::wire::of_simple(wingbeat_proto::flyteidl2::core::SimpleType::STRUCT);
        let metadata = crate::launch_form::to_struct(&schema).into();
        drop(guess(&crate::wire::with_tag(LiteralType { metadata, ..simple }, tag)));
    }
}

/// Bytes as the text of an option of every type.
pub fn command_line(bytes: &[u8]) {
    struct Nothing;
    impl Surroundings for Nothing {
        fn now(&self) -> civil::DateTime {
            civil::DateTime::ZERO
        }
        fn read(&self, _: &str) -> Option<String> {
            None
        }
        fn exists(&self, _: &str) -> bool {
            false
        }
    }
    let text = String::from_utf8_lossy(bytes);
    for ty in types() {
        if let Ok(option) = CliOption::new("x", &ty, None) {
            drop(option.value_of(&text, &Nothing));
        }
    }
}
