//! Literals and literal types, made and taken apart; and literals in words.

use wingbeat_proto::flyteidl2::core::{
    Binary, Literal, LiteralType, Primitive, Scalar, SimpleType, TypeStructure, literal, literal_type,
    primitive, scalar,
};

/// Tag of binary values that are msgpack.
pub(crate) const MSGPACK: &str = "msgpack";

pub(crate) fn of_scalar(value: scalar::Value) -> Literal {
    let scalar = Scalar { value: Some(value), ..Default::default() };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() }
}

pub(crate) fn of_primitive(value: primitive::Value) -> Literal {
    of_scalar(scalar::Value::Primitive(Box::new(Primitive { value: Some(value), ..Default::default() })))
}

/// A string.
pub fn text(value: impl Into<String>) -> Literal {
    of_primitive(primitive::Value::StringValue(value.into()))
}

pub(crate) fn none() -> Literal {
    of_scalar(scalar::Value::NoneType(Box::default()))
}

pub(crate) fn of_msgpack(value: Vec<u8>) -> Literal {
    let binary = Binary { value, tag: MSGPACK.to_owned(), ..Default::default() };
    of_scalar(scalar::Value::Binary(Box::new(binary)))
}

pub(crate) fn of_type(r#type: literal_type::Type) -> LiteralType {
    LiteralType { r#type: Some(r#type), ..Default::default() }
}

pub(crate) fn simple(simple: SimpleType) -> LiteralType {
    of_type(literal_type::Type::Simple(simple.into()))
}

/// A type as a variant of a union: its own structure gives way to the tag.
pub(crate) fn variant(mut inner: LiteralType, tag: &str) -> LiteralType {
    inner.structure = TypeStructure { tag: tag.to_owned(), ..Default::default() }.into();
    inner
}

pub(crate) fn scalar_of(literal: &Literal) -> Option<&scalar::Value> {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => scalar.value.as_ref(),
        _ => None,
    }
}

pub(crate) fn primitive_of(literal: &Literal) -> Option<&primitive::Value> {
    match scalar_of(literal) {
        Some(scalar::Value::Primitive(primitive)) => primitive.value.as_ref(),
        _ => None,
    }
}

/// The bytes of a value that is msgpack.
pub(crate) fn msgpack_of(literal: &Literal) -> Option<&[u8]> {
    match scalar_of(literal) {
        Some(scalar::Value::Binary(binary)) if binary.tag == MSGPACK => Some(&binary.value),
        _ => None,
    }
}

/// A literal's kind in words, without its content.
pub fn kind_of(literal: &Literal) -> String {
    let kind = match &literal.value {
        None => "nothing",
        Some(literal::Value::Collection(_)) => "list",
        Some(literal::Value::Map(_)) => "dict",
        Some(literal::Value::OffloadedMetadata(_)) => "a value stored elsewhere",
        Some(literal::Value::Scalar(scalar)) => return scalar_kind(scalar.value.as_ref()),
    };
    kind.to_owned()
}

fn scalar_kind(value: Option<&scalar::Value>) -> String {
    let kind = match value {
        Some(scalar::Value::Primitive(primitive)) => match &primitive.value {
            Some(primitive::Value::Integer(_)) => "int",
            Some(primitive::Value::FloatValue(_)) => "float",
            Some(primitive::Value::StringValue(_)) => "str",
            Some(primitive::Value::Boolean(_)) => "bool",
            Some(primitive::Value::Datetime(_)) => "datetime",
            Some(primitive::Value::Duration(_)) => "timedelta",
            None => "nothing",
        },
        Some(scalar::Value::Blob(_)) => "file or directory",
        Some(scalar::Value::Binary(binary)) if binary.tag == MSGPACK => "struct",
        Some(scalar::Value::Binary(_)) => "pickled value",
        Some(scalar::Value::NoneType(_)) => "None",
        Some(scalar::Value::Generic(_)) => "struct",
        Some(scalar::Value::StructuredDataset(_) | scalar::Value::Schema(_)) => "dataframe",
        Some(scalar::Value::Error(_)) => "error",
        Some(scalar::Value::Union(union)) => return kind_of(&union.value),
        None => "nothing",
    };
    kind.to_owned()
}
