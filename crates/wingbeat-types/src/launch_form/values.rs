//! Literals as plain JSON values, and JSON values as literals of a given type.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa_types::google::protobuf::{ListValue, NullValue, Struct, Value as WireValue, value::Kind};
use serde_json::{Map, Number, Value, json};
use wingbeat_proto::flyteidl2::core::blob_type::BlobDimensionality;
use wingbeat_proto::flyteidl2::core::{
    Binary, Blob, BlobMetadata, BlobType, Literal, LiteralCollection, LiteralMap, LiteralType, Primitive,
    Scalar, SimpleType, StructuredDataset, StructuredDatasetMetadata, StructuredDatasetType, UnionType,
    literal, literal_type, primitive, scalar,
};

use super::{FormError, schema, time};
use crate::msgpack::MSGPACK;
use crate::wire::{of_primitive, of_scalar, of_value, tagged};
use crate::words::{multipart, name_of};

/// Tag of the variants of a pickled value.
const PICKLE: &str = "FlytePickle";

/// A struct of the wire as JSON; a number that JSON does not have is text.
pub fn from_struct(wire: &Struct) -> Value {
    Value::Object(wire.fields.iter().map(|(key, value)| (key.clone(), from_wire(value))).collect())
}

fn from_wire(wire: &WireValue) -> Value {
    match &wire.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => float(*number),
        Some(Kind::StringValue(text)) => Value::String(text.clone()),
        Some(Kind::BoolValue(flag)) => Value::Bool(*flag),
        Some(Kind::StructValue(inner)) => from_struct(inner),
        Some(Kind::ListValue(list)) => Value::Array(list.values.iter().map(from_wire).collect()),
    }
}

/// JSON as a struct of the wire; what is no object becomes an empty one.
pub fn to_struct(value: &Value) -> Struct {
    let fields = value.as_object().into_iter().flatten();
    let fields: HashMap<String, WireValue> =
        fields.map(|(key, value)| (key.clone(), to_wire(value))).collect();
    Struct { fields: fields.into_iter().collect(), ..Default::default() }
}

fn to_wire(value: &Value) -> WireValue {
    let kind = match value {
        Value::Null => Kind::NullValue(NullValue::NULL_VALUE.into()),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => {
            let values = items.iter().map(to_wire).collect();
            Kind::ListValue(Box::new(ListValue { values, ..Default::default() }))
        }
        Value::Object(_) => Kind::StructValue(Box::new(to_struct(value))),
    };
    WireValue { kind: Some(kind), ..Default::default() }
}

fn float(number: f64) -> Value {
    let name = if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(number).map_or_else(|| json!(name), Value::Number)
}

/// A whole number, however it is written.
pub(super) fn whole(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT)?;
        #[allow(clippy::cast_possible_truncation, reason = "checked: whole, and exact in a double")]
        let whole = float as i64;
        Some(whole)
    })
}

/// A literal as JSON.
///
/// # Errors
/// [`FormError::NoJson`] with its path.
pub(super) fn to_json(path: &str, literal: &Literal) -> Result<Value, FormError> {
    match &literal.value {
        None => Ok(Value::Null),
        Some(literal::Value::Collection(list)) => {
            let items = list.literals.iter().enumerate();
            items.map(|(ix, item)| to_json(&format!("{path}[{ix}]"), item)).collect()
        }
        Some(literal::Value::Map(map)) => {
            let entries = map.literals.iter();
            let entries =
                entries.map(|(key, item)| Ok((key.clone(), to_json(&format!("{path}.{key}"), item)?)));
            entries.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        Some(literal::Value::OffloadedMetadata(_)) => {
            Err(FormError::NoJson { path: path.to_owned(), what: "a value that is stored elsewhere" })
        }
        Some(literal::Value::Scalar(scalar)) => scalar_json(path, scalar),
    }
}

fn scalar_json(path: &str, scalar: &Scalar) -> Result<Value, FormError> {
    Ok(match &scalar.value {
        None | Some(scalar::Value::NoneType(_)) => Value::Null,
        Some(scalar::Value::Primitive(primitive)) => return primitive_json(path, primitive),
        Some(scalar::Value::Binary(binary)) => binary_json(binary),
        Some(scalar::Value::Generic(wire)) => from_struct(wire),
        Some(scalar::Value::Union(union)) => return to_json(path, &union.value),
        Some(scalar::Value::Blob(blob)) => {
            let wire = &blob.metadata.r#type;
            let dimensionality = if multipart(wire) { "MULTIPART" } else { "SINGLE" };
            json!({"uri": blob.uri, "format": wire.format, "dimensionality": dimensionality})
        }
        Some(scalar::Value::StructuredDataset(data)) => {
            json!({"uri": data.uri, "format": data.metadata.structured_dataset_type.format})
        }
        Some(scalar::Value::Schema(data)) => json!({"uri": data.uri, "format": ""}),
        Some(scalar::Value::Error(_)) => {
            return Err(FormError::NoJson { path: path.to_owned(), what: "an error" });
        }
    })
}

fn primitive_json(path: &str, primitive: &Primitive) -> Result<Value, FormError> {
    Ok(match &primitive.value {
        None => Value::Null,
        Some(primitive::Value::Integer(number)) => json!(number),
        Some(primitive::Value::FloatValue(number)) => float(*number),
        Some(primitive::Value::StringValue(text)) => json!(text),
        Some(primitive::Value::Boolean(flag)) => json!(flag),
        Some(primitive::Value::Datetime(at)) => {
            let outside = || FormError::NoJson { path: path.to_owned(), what: "a time outside the calendar" };
            json!(time::datetime_text(at).ok_or_else(outside)?)
        }
        Some(primitive::Value::Duration(span)) => {
            let outside = || FormError::NoJson { path: path.to_owned(), what: "a span beyond all counting" };
            json!(time::duration_text(span).ok_or_else(outside)?)
        }
    })
}

fn binary_json(binary: &Binary) -> Value {
    let mut rest = binary.value.as_slice();
    if binary.tag == MSGPACK
        && let Ok(value) = rmpv::decode::read_value_with_max_depth(&mut rest, 100)
        && rest.is_empty()
    {
        return packed_json(&value);
    }
    json!(STANDARD.encode(&binary.value))
}

fn packed_json(value: &rmpv::Value) -> Value {
    match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(flag) => json!(flag),
        rmpv::Value::Integer(number) => number
            .as_i64()
            .map(|number| json!(number))
            .or_else(|| number.as_u64().map(|number| json!(number)))
            .unwrap_or(Value::Null),
        rmpv::Value::F32(number) => float(f64::from(*number)),
        rmpv::Value::F64(number) => float(*number),
        rmpv::Value::String(text) => json!(String::from_utf8_lossy(text.as_bytes())),
        rmpv::Value::Binary(bytes) | rmpv::Value::Ext(_, bytes) => json!(STANDARD.encode(bytes)),
        rmpv::Value::Array(items) => Value::Array(items.iter().map(packed_json).collect()),
        rmpv::Value::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| {
                let key = packed_json(key);
                (key.as_str().map_or_else(|| key.to_string(), str::to_owned), packed_json(item))
            });
            Value::Object(entries.collect())
        }
    }
}

/// JSON as a literal of a type.
///
/// # Errors
/// [`FormError::WrongValue`] with the path of what does not fit.
pub(super) fn to_literal(path: &str, value: &Value, wire: &LiteralType) -> Result<Literal, FormError> {
    use literal_type::Type;
    let wrong = || wrong(path, value, wire);
    match &wire.r#type {
        Some(Type::CollectionType(item)) => {
            let items = value.as_array().ok_or_else(wrong)?.iter().enumerate();
            let literals = items
                .map(|(ix, one)| to_literal(&format!("{path}[{ix}]"), one, item))
                .collect::<Result<_, _>>()?;
            let list = LiteralCollection { literals, ..Default::default() };
            Ok(of_value(literal::Value::Collection(Box::new(list))))
        }
        Some(Type::MapValueType(item)) => {
            let entries = value.as_object().ok_or_else(wrong)?.iter();
            let literals = entries
                .map(|(key, one)| Ok((key.clone(), to_literal(&format!("{path}.{key}"), one, item)?)))
                .collect::<Result<_, _>>()?;
            let map = LiteralMap { literals, ..Default::default() };
            Ok(of_value(literal::Value::Map(Box::new(map))))
        }
        Some(Type::UnionType(union)) => to_union(path, value, wire, union),
        Some(Type::Simple(simple)) => {
            let found = simple.as_known().and_then(|simple| to_simple(value, simple, wire));
            found.map(of_scalar).ok_or_else(wrong)
        }
        Some(Type::EnumType(values)) => match value.as_str() {
            Some(text) if values.values.iter().any(|known| known == text) => {
                Ok(of_scalar(of_primitive(primitive::Value::StringValue(text.to_owned()))))
            }
            _ => Err(wrong()),
        },
        Some(Type::Blob(blob)) => to_blob(value, blob).map(of_scalar).ok_or_else(wrong),
        Some(Type::StructuredDatasetType(_) | Type::Schema(_)) => {
            to_dataset(value).map(of_scalar).ok_or_else(wrong)
        }
        None => Err(wrong()),
    }
}

fn wrong(path: &str, value: &Value, wire: &LiteralType) -> FormError {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if whole(number).is_some() => "a whole number",
        Value::Number(_) => "a number",
        Value::String(_) => "text that is none",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    FormError::WrongValue { path: path.to_owned(), expected: name_of(wire), got: got.to_owned() }
}

/// None as a value of an optional type, whose variant for it is given.
pub(super) fn none_of(variant: &LiteralType) -> Literal {
    tagged(of_scalar(scalar::Value::NoneType(Box::default())), variant.clone())
}

/// Null, or an object that says so: some servers put it into forms in this way.
fn is_null(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(|fields| fields.len() == 1 && value["type"] == "null")
}

fn to_union(path: &str, value: &Value, wire: &LiteralType, union: &UnionType) -> Result<Literal, FormError> {
    let none = schema::none_variant(wire);
    if let Some(none) = none.filter(|_| is_null(value)) {
        return Ok(none_of(none));
    }
    let mut failures = Vec::new();
    for variant in union.variants.iter().filter(|variant| none != Some(*variant)) {
        match to_literal(path, value, variant) {
            // Of a pickled value only a file can be named, and it stands there without a tag.
            Ok(literal) if variant.structure.tag == PICKLE => return Ok(literal),
            Ok(literal) => return Ok(tagged(literal, variant.clone())),
            Err(failure) => failures.push(failure),
        }
    }
    // With one variant the reason lies inside it.
    match (failures.pop(), failures.is_empty()) {
        (Some(only), true) => Err(only),
        _ => Err(wrong(path, value, wire)),
    }
}

fn to_simple(value: &Value, simple: SimpleType, wire: &LiteralType) -> Option<scalar::Value> {
    use primitive::Value as P;
    Some(of_primitive(match simple {
        SimpleType::NONE => {
            return is_null(value).then(|| scalar::Value::NoneType(Box::default()));
        }
        SimpleType::STRUCT => return value.is_object().then(|| to_object(value, wire)),
        SimpleType::BINARY => {
            let bytes = STANDARD.decode(value.as_str()?).ok()?;
            return Some(scalar::Value::Binary(Box::new(Binary { value: bytes, ..Default::default() })));
        }
        SimpleType::ERROR => return None,
        // Text holds integers that a double cannot.
        SimpleType::INTEGER => P::Integer(match value.as_number() {
            Some(number) => whole(number)?,
            None => value.as_str()?.trim().parse().ok()?,
        }),
        SimpleType::FLOAT => P::FloatValue(match value.as_str() {
            Some("NaN") => f64::NAN,
            Some("Infinity") => f64::INFINITY,
            Some("-Infinity") => f64::NEG_INFINITY,
            _ => value.as_f64()?,
        }),
        SimpleType::STRING => P::StringValue(value.as_str()?.to_owned()),
        SimpleType::BOOLEAN => P::Boolean(value.as_bool()?),
        SimpleType::DATETIME => P::Datetime(Box::new(time::read_datetime(value.as_str()?)?)),
        SimpleType::DURATION => P::Duration(Box::new(match value.as_f64() {
            Some(seconds) => time::duration_of_seconds(seconds)?,
            None => time::read_duration(value.as_str()?)?,
        })),
    }))
}

/// An object as clients write it: msgpack, or a struct where the type is a protobuf message.
fn to_object(value: &Value, wire: &LiteralType) -> scalar::Value {
    if wire.metadata.fields.contains_key("pb_type") {
        return scalar::Value::Generic(Box::new(to_struct(value)));
    }
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &pack(value)).expect("a vector takes all bytes");
    scalar::Value::Binary(Box::new(Binary { value: bytes, tag: MSGPACK.to_owned(), ..Default::default() }))
}

/// Whole numbers become integers: a struct on the wire has only doubles, and readers turn an integer into a
/// float where one is declared, not the other way round.
fn pack(value: &Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(flag) => rmpv::Value::Boolean(*flag),
        Value::Number(number) => whole(number).map_or_else(
            || rmpv::Value::F64(number.as_f64().unwrap_or(f64::NAN)),
            |whole| rmpv::Value::Integer(whole.into()),
        ),
        Value::String(text) => rmpv::Value::String(text.as_str().into()),
        Value::Array(items) => rmpv::Value::Array(items.iter().map(pack).collect()),
        Value::Object(fields) => rmpv::Value::Map(
            fields
                .iter()
                .map(|(key, value)| (rmpv::Value::String(key.as_str().into()), pack(value)))
                .collect(),
        ),
    }
}

/// A URI, alone or with what is known of it.
fn to_blob(value: &Value, wanted: &BlobType) -> Option<scalar::Value> {
    let uri = value.as_str().or_else(|| value.get("uri")?.as_str()).filter(|uri| !uri.is_empty())?;
    let folder = match value.get("dimensionality") {
        None => multipart(wanted),
        Some(given) => given == "MULTIPART" || given.as_f64() == Some(1.0),
    };
    if folder != multipart(wanted) {
        return None;
    }
    let format = value.get("format").and_then(Value::as_str).unwrap_or(&wanted.format);
    let dimensionality = if folder { BlobDimensionality::MULTIPART } else { BlobDimensionality::SINGLE };
    let wire =
        BlobType { format: format.to_owned(), dimensionality: dimensionality.into(), ..Default::default() };
    let metadata = BlobMetadata { r#type: wire.into(), ..Default::default() };
    Some(scalar::Value::Blob(Box::new(Blob {
        uri: uri.to_owned(),
        metadata: metadata.into(),
        ..Default::default()
    })))
}

fn to_dataset(value: &Value) -> Option<scalar::Value> {
    let uri = value.as_str().or_else(|| value.get("uri")?.as_str()).filter(|uri| !uri.is_empty())?;
    let format = value.get("format").and_then(Value::as_str).unwrap_or_default().to_owned();
    let wire = StructuredDatasetType { format, ..Default::default() };
    let metadata = StructuredDatasetMetadata { structured_dataset_type: wire.into(), ..Default::default() };
    Some(scalar::Value::StructuredDataset(Box::new(StructuredDataset {
        uri: uri.to_owned(),
        metadata: metadata.into(),
        ..Default::default()
    })))
}
