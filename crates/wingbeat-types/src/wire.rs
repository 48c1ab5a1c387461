//! Messages of the wire from their parts, and the parts of messages: a literal is a value in a box in a box.

use buffa_types::google::protobuf::{Duration, Timestamp};
use wingbeat_proto::flyteidl2::core::{
    Binary, Literal, LiteralType, Primitive, Scalar, SimpleType, TypeStructure, Union, literal, literal_type,
    primitive, scalar,
};

use crate::msgpack::MSGPACK;
pub use crate::words::kind_of;

/// A literal.
pub fn of_value(value: literal::Value) -> Literal {
    Literal { value: Some(value), ..Default::default() }
}

/// A scalar as a literal.
pub fn of_scalar(value: scalar::Value) -> Literal {
    of_value(literal::Value::Scalar(Box::new(Scalar { value: Some(value), ..Default::default() })))
}

/// A primitive as a scalar.
pub fn of_primitive(value: primitive::Value) -> scalar::Value {
    scalar::Value::Primitive(Box::new(Primitive { value: Some(value), ..Default::default() }))
}

/// A primitive as a literal.
pub fn primitive_literal(value: primitive::Value) -> Literal {
    of_scalar(of_primitive(value))
}

/// Text.
pub fn text_literal(text: impl Into<String>) -> Literal {
    primitive_literal(primitive::Value::StringValue(text.into()))
}

/// A moment.
pub fn timestamp_literal(at: Timestamp) -> Literal {
    primitive_literal(primitive::Value::Datetime(Box::new(at)))
}

/// A span of time.
pub fn duration_literal(span: Duration) -> Literal {
    primitive_literal(primitive::Value::Duration(Box::new(span)))
}

/// None.
pub fn none_literal() -> Literal {
    of_scalar(scalar::Value::NoneType(Box::default()))
}

/// Msgpack.
pub fn packed_literal(value: Vec<u8>) -> Literal {
    of_scalar(scalar::Value::Binary(Box::new(Binary {
        value,
        tag: MSGPACK.to_owned(),
        ..Default::default()
    })))
}

/// A value of a union, with the variant it belongs to.
pub fn tagged(value: Literal, variant: LiteralType) -> Literal {
    let union = Union { value: value.into(), r#type: variant.into(), ..Default::default() };
    of_scalar(scalar::Value::Union(Box::new(union)))
}

/// A literal type.
pub fn of_type(kind: literal_type::Type) -> LiteralType {
    LiteralType { r#type: Some(kind), ..Default::default() }
}

/// A simple literal type.
pub fn of_simple(simple: SimpleType) -> LiteralType {
    of_type(literal_type::Type::Simple(simple.into()))
}

/// A type as a variant of a union: the tag replaces whatever structure it had.
pub fn with_tag(mut wire: LiteralType, tag: &str) -> LiteralType {
    wire.structure = structure(tag).into();
    wire
}

/// A structure that is only a tag.
pub(crate) fn structure(tag: &str) -> TypeStructure {
    TypeStructure { tag: tag.to_owned(), ..Default::default() }
}

/// The scalar in a literal.
pub fn scalar_of(literal: &Literal) -> Option<&scalar::Value> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => scalar.value.as_ref(),
        Some(
            literal::Value::Collection(_) | literal::Value::Map(_) | literal::Value::OffloadedMetadata(_),
        )
        | None => None,
    }
}

/// The primitive in a literal.
pub fn primitive_of(literal: &Literal) -> Option<&primitive::Value> {
    let Some(scalar::Value::Primitive(primitive)) = scalar_of(literal) else { return None };
    primitive.value.as_ref()
}

/// The bytes of a literal that is msgpack.
pub fn msgpack_of(literal: &Literal) -> Option<&[u8]> {
    let Some(scalar::Value::Binary(binary)) = scalar_of(literal) else { return None };
    (binary.tag == MSGPACK).then_some(&*binary.value)
}
