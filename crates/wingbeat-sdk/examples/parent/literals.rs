//! The few values that this program needs.

use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralType, Primitive, Scalar, SimpleType, Variable, VariableEntry, literal, literal_type,
    primitive, scalar,
};
use wingbeat_proto::flyteidl2::task::{NamedLiteral, Outputs};

pub(crate) fn integer(name: &str, value: i64) -> NamedLiteral {
    named(name, primitive::Value::Integer(value))
}

pub(crate) fn text(name: &str, value: &str) -> NamedLiteral {
    named(name, primitive::Value::StringValue(value.to_owned()))
}

fn named(name: &str, value: primitive::Value) -> NamedLiteral {
    let primitive = Primitive { value: Some(value), ..Default::default() };
    let scalar = Scalar { value: Some(scalar::Value::Primitive(Box::new(primitive))), ..Default::default() };
    let value = Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Default::default() };
    NamedLiteral { name: name.to_owned(), value: value.into(), ..Default::default() }
}

pub(crate) fn integer_variable(name: &str) -> VariableEntry {
    let integer = literal_type::Type::Simple(SimpleType::INTEGER.into());
    let kind = LiteralType { r#type: Some(integer), ..Default::default() };
    let variable = Variable { r#type: kind.into(), ..Default::default() };
    VariableEntry { key: name.to_owned(), value: variable.into(), ..Default::default() }
}

pub(crate) fn is_integer(variable: &VariableEntry) -> bool {
    let integer = literal_type::Type::Simple(SimpleType::INTEGER.into());
    variable.value.r#type.r#type.as_ref() == Some(&integer)
}

/// The sum of all integers among the outputs; `None` where there is none.
pub(crate) fn sum(outputs: &Outputs) -> Option<i64> {
    let numbers = outputs.literals.iter().filter_map(|output| match &output.value.value {
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            Some(scalar::Value::Primitive(primitive)) => match primitive.value {
                Some(primitive::Value::Integer(value)) => Some(value),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let numbers: Vec<i64> = numbers.collect();
    (!numbers.is_empty()).then(|| numbers.iter().sum())
}
