//! Literals in short, for people: what a value says, and of files only where they are.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wingbeat_proto::flyteidl2::core::{Binary, Literal, Primitive, literal, primitive, scalar};

use crate::error::{ConvertError, ConvertErrorKind};
use crate::json_value::of_json;
use crate::launch_form::from_struct;
use crate::moments;
use crate::msgpack::{self, MSGPACK};
use crate::python::{self, repr};
use crate::schema::key_text;
use crate::ty::Mutability;
use crate::value::{Datetime, Value};

/// A literal in short, as a value that can be shown.
///
/// # Errors
/// [`ConvertError`] for a literal that says nothing.
pub fn literal_in_short(literal: &Literal) -> Result<Value, ConvertError> {
    let nothing = || ConvertError::new(ConvertErrorKind::Value, "Unknown literal type");
    let shown = match &literal.value {
        Some(literal::Value::Scalar(scalar)) => of_scalar(scalar.value.as_ref().ok_or_else(nothing)?)?,
        Some(literal::Value::Collection(list)) => {
            Value::List(list.literals.iter().map(literal_in_short).collect::<Result<_, _>>()?)
        }
        Some(literal::Value::Map(map)) => {
            let entries = map.literals.iter();
            let entries = entries.map(|(key, one)| Ok((Value::Str(key.clone()), literal_in_short(one)?)));
            Value::Map(entries.collect::<Result<_, ConvertError>>()?)
        }
        Some(literal::Value::OffloadedMetadata(stored)) => {
            Value::Str(format!("Offloaded literal metadata: {}", stored.uri))
        }
        None => return Err(nothing()),
    };
    Ok(match literal.artifact_id.as_option() {
        None => shown,
        Some(id) => {
            let key = &id.key;
            let place = format!("{}/{}/{}/{}", key.org, key.project, key.domain, key.name);
            Value::Str(format!("{} (artifact: {place}@{})", python::show(&shown), id.version))
        }
    })
}

fn of_scalar(scalar: &scalar::Value) -> Result<Value, ConvertError> {
    Ok(match scalar {
        scalar::Value::Primitive(primitive) => return of_primitive(primitive),
        scalar::Value::NoneType(_) => Value::None,
        scalar::Value::Error(error) => Value::Str(error.message.clone()),
        scalar::Value::StructuredDataset(data) => Value::Str(data.uri.clone()),
        scalar::Value::Schema(data) => Value::Str(data.uri.clone()),
        scalar::Value::Blob(blob) => Value::Str(blob.uri.clone()),
        scalar::Value::Binary(binary) => return of_binary(binary),
        scalar::Value::Generic(fields) => of_json(&from_struct(fields)),
        scalar::Value::Union(union) => return literal_in_short(&union.value),
    })
}

fn of_primitive(primitive: &Primitive) -> Result<Value, ConvertError> {
    use primitive::Value as P;
    Ok(match &primitive.value {
        Some(P::Integer(number)) => Value::Int(i128::from(*number)),
        Some(P::FloatValue(number)) => Value::Float(*number),
        Some(P::StringValue(text)) => Value::Str(text.clone()),
        Some(P::Boolean(flag)) => Value::Bool(*flag),
        Some(P::Datetime(at)) => {
            Value::Str(python::iso(&Datetime { civil: moments::civil(at)?, offset: None }))
        }
        Some(P::Duration(span)) => Value::Int(i128::from(span.seconds)),
        None => return Err(ConvertError::new(ConvertErrorKind::Value, "Unknown primitive type ")),
    })
}

fn of_binary(binary: &Binary) -> Result<Value, ConvertError> {
    if binary.tag == MSGPACK {
        return Ok(Value::Str(json_text(&msgpack::read(&binary.value)?)));
    }
    Ok(Value::Bytes(STANDARD.encode(&binary.value).into_bytes(), Mutability::Fixed))
}

/// JSON as Python's own library writes it: with spaces, in the order given, and in ASCII.
pub(crate) fn json_text(value: &Value) -> String {
    let listed = |items: &[Value]| {
        let items: Vec<String> = items.iter().map(json_text).collect();
        format!("[{}]", items.join(", "))
    };
    match value {
        Value::None => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Float(number) if number.is_nan() => "NaN".to_owned(),
        Value::Float(number) if number.is_infinite() => {
            (if *number > 0.0 { "Infinity" } else { "-Infinity" }).to_owned()
        }
        Value::Int(_) | Value::Float(_) => repr(value),
        Value::List(items) | Value::Tuple(items) => listed(items),
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, one)| format!("{}: {}", quoted(&key_text(key)), json_text(one)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Str(text) => quoted(text),
        other => quoted(&python::show(other)),
    }
}

fn quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\"");
    for one in text.chars() {
        match one {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(one),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("a string takes all text");
                }
            }
        }
    }
    out.push('"');
    out
}
