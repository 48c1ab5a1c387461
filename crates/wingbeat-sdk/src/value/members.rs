//! Enums: the name as an input or an output, the value as a field.

use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::{EnumType, Literal, LiteralType, literal_type, primitive, scalar};

use super::literals::{self, kind_of, msgpack_of, primitive_of, scalar_of};
use super::{Unpacker, ValueError};

/// The tag of enums.
pub const ENUM: &str = "DefaultEnumTransformer";

/// A member of an enum.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Its value; the name, where the enum does not say otherwise.
    pub value: &'static str,
}

/// The type of an enum.
pub fn enum_type(members: &[Member]) -> LiteralType {
    let values = members.iter().map(|member| member.name.to_owned()).collect();
    literals::of_type(literal_type::Type::EnumType(Box::new(EnumType { values, ..Default::default() })))
}

/// The schema of a field that is an enum.
pub fn enum_schema(members: &[Member]) -> Json {
    let values: Vec<&str> = members.iter().map(|member| member.value).collect();
    json!({"enum": values})
}

/// The position of the member that a literal names.
///
/// # Errors
/// There is no such member.
pub fn member_of_literal(literal: &Literal, members: &[Member]) -> Result<usize, ValueError> {
    if let Some(primitive::Value::StringValue(name)) = primitive_of(literal) {
        let found = members.iter().position(|member| member.name == name);
        return found.ok_or_else(|| unknown(name, members.iter().map(|member| member.name)));
    }
    match (msgpack_of(literal), scalar_of(literal)) {
        (Some(bytes), _) => unpack_member(&mut Unpacker::new(bytes), members),
        (None, Some(scalar::Value::Union(union))) => member_of_literal(&union.value, members),
        _ => Err(ValueError::new("the name of an enum's member", kind_of(literal))),
    }
}

/// The position of the member whose value is next.
///
/// # Errors
/// There is no such member.
pub fn unpack_member(input: &mut Unpacker<'_>, members: &[Member]) -> Result<usize, ValueError> {
    let value = input.text()?;
    let found = members.iter().position(|member| member.value == value);
    found.ok_or_else(|| unknown(value, members.iter().map(|member| member.value)))
}

fn unknown<'a>(got: &str, known: impl Iterator<Item = &'a str>) -> ValueError {
    let known: Vec<&str> = known.collect();
    let got: String = got.chars().take(40).collect();
    ValueError::new(format!("one of {}", known.join(", ")), format!("`{got}`"))
}
