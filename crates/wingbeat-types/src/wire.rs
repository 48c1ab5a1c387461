//! Messages of the wire from their parts: a literal is a value in a box in a box.

use buffa_types::google::protobuf::{Duration, Timestamp};
use wingbeat_proto::flyteidl2::core::{
    Binary, Literal, LiteralType, Primitive, Scalar, SimpleType, Union, literal, literal_type, primitive,
    scalar,
};

use crate::msgpack::MSGPACK;

pub(crate) fn of_value(value: literal::Value) -> Literal {
    Literal { value: Some(value), ..Default::default() }
}

pub(crate) fn of_scalar(value: scalar::Value) -> Literal {
    of_value(literal::Value::Scalar(Box::new(Scalar { value: Some(value), ..Default::default() })))
}

pub(crate) fn of_primitive(value: primitive::Value) -> scalar::Value {
    scalar::Value::Primitive(Box::new(Primitive { value: Some(value), ..Default::default() }))
}

pub(crate) fn primitive_literal(value: primitive::Value) -> Literal {
    of_scalar(of_primitive(value))
}

pub(crate) fn text_literal(text: impl Into<String>) -> Literal {
    primitive_literal(primitive::Value::StringValue(text.into()))
}

pub(crate) fn timestamp_literal(at: Timestamp) -> Literal {
    primitive_literal(primitive::Value::Datetime(Box::new(at)))
}

pub(crate) fn duration_literal(span: Duration) -> Literal {
    primitive_literal(primitive::Value::Duration(Box::new(span)))
}

pub(crate) fn none_literal() -> Literal {
    of_scalar(scalar::Value::NoneType(Box::default()))
}

pub(crate) fn packed_literal(value: Vec<u8>) -> Literal {
    of_scalar(scalar::Value::Binary(Box::new(Binary {
        value,
        tag: MSGPACK.to_owned(),
        ..Default::default()
    })))
}

/// A value of a union, with the variant it belongs to.
pub(crate) fn tagged(value: Literal, variant: LiteralType) -> Literal {
    let union = Union { value: value.into(), r#type: variant.into(), ..Default::default() };
    of_scalar(scalar::Value::Union(Box::new(union)))
}

pub(crate) fn of_type(kind: literal_type::Type) -> LiteralType {
    LiteralType { r#type: Some(kind), ..Default::default() }
}

pub(crate) fn of_simple(simple: SimpleType) -> LiteralType {
    of_type(literal_type::Type::Simple(simple.into()))
}
