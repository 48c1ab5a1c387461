//! Structs as literals: the schema in the type, msgpack in the value.

use buffa_types::google::protobuf::value::Kind;
use buffa_types::google::protobuf::{Struct, Value as WireValue};
use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, scalar};
use wingbeat_types::launch_form::to_struct;
use wingbeat_types::ty::Spelling;
use wingbeat_types::{Type, to_literal_type};

use super::literals::{self, kind_of, msgpack_of, scalar_of};
use super::msgpack::{Packer, Unpacker};
use super::{Value, ValueError};

/// The tag of structs, Python's name for its dataclasses.
pub const DATACLASS: &str = "Object-Dataclass-Transformer";

/// A struct's type, of its schema.
pub fn dataclass_type(schema: &Json) -> LiteralType {
    let metadata = to_struct(schema).into();
    literals::with_tag(LiteralType { metadata, ..untyped() }, DATACLASS)
}

/// A struct of which nothing is known.
pub(crate) fn untyped() -> LiteralType {
    to_literal_type(&Type::Dict(None, Spelling::Builtin)).expect("a dictionary may be anything")
}

/// A value as msgpack in a literal.
///
/// # Errors
/// A field has no form on the wire.
pub fn packed_literal<T: Value>(value: &T) -> Result<Literal, ValueError> {
    let mut out = Packer::default();
    value.pack(&mut out)?;
    Ok(literals::packed_literal(out.finish()))
}

/// A value out of a literal that holds msgpack, or the JSON of a console.
///
/// # Errors
/// It holds something else, or a field is of another type.
pub fn unpacked_literal<T: Value>(literal: &Literal) -> Result<T, ValueError> {
    if let Some(bytes) = msgpack_of(literal) {
        return from_msgpack(bytes);
    }
    match scalar_of(literal) {
        Some(scalar::Value::Generic(generic)) => {
            let mut out = Packer::default();
            pack_struct(generic, &mut out);
            from_msgpack(&out.finish())
        }
        Some(scalar::Value::Union(union)) => T::from_literal(&union.value),
        _ => Err(ValueError::new("struct", kind_of(literal))),
    }
}

/// A value out of msgpack that holds it and nothing else.
pub(crate) fn from_msgpack<T: Value>(bytes: &[u8]) -> Result<T, ValueError> {
    let mut input = Unpacker::new(bytes);
    let value = T::unpack(&mut input)?;
    input.end()?;
    Ok(value)
}

/// What a struct's field is that was not sent.
///
/// # Errors
/// It has to be.
pub fn missing_field<T: Value>(title: &str, key: &str) -> Result<T, ValueError> {
    T::absent().ok_or_else(|| ValueError::new(format!("the field `{key}` of {title}"), "no such field"))
}

fn pack_struct(wire: &Struct, out: &mut Packer) {
    out.map(wire.fields.len());
    for (key, value) in &wire.fields {
        out.key(key);
        pack_wire(value, out);
    }
}

fn pack_wire(value: &WireValue, out: &mut Packer) {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => out.nil(),
        Some(Kind::BoolValue(flag)) => out.bool(*flag),
        Some(Kind::NumberValue(number)) => out.float(*number),
        Some(Kind::StringValue(text)) => out.text(text),
        Some(Kind::StructValue(inner)) => pack_struct(inner, out),
        Some(Kind::ListValue(list)) => {
            out.array(list.values.len());
            list.values.iter().for_each(|item| pack_wire(item, out));
        }
    }
}
