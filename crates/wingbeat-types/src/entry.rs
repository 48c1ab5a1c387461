//! Entries of the decoders for whoever throws bytes at them: fuzzers, and property tests. Each reads what it is given as
//! far as it can, and tells nothing.

use buffa::Message as _;
use jiff::civil;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, Variable, VariableEntry, VariableMap};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

use crate::cli::{CliOption, Surroundings};
use crate::launch_form::{literals_of_form, literals_of_values};
use crate::ty::{Field, Spelling, StructType, Type};
use crate::wire::packed_literal;
use crate::{
    coerce_json, from_literal, guess, inputs_hash, json_schema, literal_in_short, of_json, to_literal_type,
};

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
        Type::Message("google.protobuf.struct_pb2.Struct".into()),
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

/// Bytes as JSON that a tool or a form hands in, for every type.
pub fn json(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    drop(literals_of_form(&json));
    for ty in types() {
        drop(coerce_json(of_json(&json), &ty, None));
        let Ok(wire) = to_literal_type(&ty) else { continue };
        let variable = Variable { r#type: wire.into(), ..Default::default() };
        let entry = VariableEntry { key: "x".to_owned(), value: variable.into(), ..Default::default() };
        let variables = VariableMap { variables: vec![entry], ..Default::default() };
        drop(literals_of_values(&variables, &json));
        drop(literals_of_values(&variables, &serde_json::json!({ "x": json })));
    }
}

/// Bytes as the text of an option of every type, and as what a file that it names holds.
pub fn command_line(bytes: &[u8]) {
    struct OneFile(String);
    impl Surroundings for OneFile {
        fn now(&self) -> civil::DateTime {
            civil::DateTime::ZERO
        }
        fn read(&self, _: &str) -> Option<String> {
            Some(self.0.clone())
        }
        fn exists(&self, _: &str) -> bool {
            false
        }
    }
    let world = OneFile(String::from_utf8_lossy(bytes).into_owned());
    for ty in types() {
        if let Ok(option) = CliOption::new("x", &ty, None) {
            for text in [world.0.as_str(), "x.json", "x.yaml"] {
                drop(option.value_of(text, &world));
            }
        }
    }
}
