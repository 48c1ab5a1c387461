//! Records of one type and one value.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::fmt::Write as _;

use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, literal, scalar};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};
use wingbeat_types::{
    Type, Value, coerce_json, from_literal, guess, inputs_repr, json_schema, literal_in_short, python,
    serialize_json, to_literal, to_literal_type,
};

use super::{base64, type_of};
use crate::check::{Check, canonical_bytes, text, varies};
use crate::describe::describe;
use crate::python::{Need, Scope, expression};

fn value_of(scope: &Scope, record: &Json, key: &str) -> Result<Value, Need> {
    scope.value(&expression(text(record, key))?)
}

pub(crate) fn case(scope: &Scope, record: &Json, check: &mut Check) {
    check.again::<LiteralType>(record, "literal_type_b64");
    check.again::<Literal>(record, "literal_b64");
    let theirs = check.decoded::<Literal>(record, "literal_b64");
    if let Some(literal) = &theirs {
        parts_of_literal(record, literal, check);
    }
    if let Some(wire) = check.decoded::<LiteralType>(record, "literal_type_b64") {
        guess_of(record, &wire, "guess_error", check);
    }
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    check.equal("transformer_name", &ty.tag(), &text(record, "transformer_name"));
    if !varies(record, "structure.tag")
        && let Some(wire) = check.value("literal type", to_literal_type(&ty).map_err(Need::from))
    {
        check.equal("literal type", &base64(&canonical_bytes(&wire)), &text(record, "literal_type_b64"));
    }
    if let Some(literal) = &theirs {
        round_trip(scope, record, (&ty, literal), check);
    }
}

/// What can be told of a literal without its type.
fn parts_of_literal(record: &Json, literal: &Literal, check: &mut Check) {
    if record["inputs_repr_b64"].is_string() {
        let named =
            NamedLiteral { name: "x".to_owned(), value: literal.clone().into(), ..Default::default() };
        let repr = inputs_repr(&Inputs { literals: vec![named], ..Default::default() }, &[]);
        // Around the value stand its name and what ends it.
        check.equal("repr", &base64(&repr[2..repr.len() - 1]), &text(record, "inputs_repr_b64"));
    }
    if let (Some(hex), Some(literal::Value::Scalar(scalar))) =
        (record["msgpack_hex"].as_str(), &literal.value)
        && let Some(scalar::Value::Binary(binary)) = &scalar.value
    {
        let mut ours = String::new();
        for byte in &binary.value {
            write!(ours, "{byte:02x}").expect("a string takes all text");
        }
        check.equal("msgpack", &ours, &hex);
    }
}

fn round_trip(scope: &Scope, record: &Json, (ty, theirs): (&Type, &Literal), check: &mut Check) {
    let varying = varies(record, "literal:") || varies(record, "uri:");
    let value = check.value("value", value_of(scope, record, "python_value"));
    if let (Some(value), false) = (&value, varying)
        && let Some(ours) = check.value("literal", to_literal(value, ty).map_err(Need::from))
    {
        check.equal("literal", &base64(&canonical_bytes(&ours)), &text(record, "literal_b64"));
    }
    let read = from_literal(theirs, ty).map_err(Need::from).and_then(not_pickled);
    if record["roundtrip_error"].is_object() {
        check.refused("round trip", read, &record["roundtrip_error"]);
        return;
    }
    let Some(read) = check.value("round trip", read) else { return };
    same_as_shown(check, "round trip", &read, text(record, "roundtrip_repr"));
    if let (Some(value), Some(theirs)) = (value, record["roundtrip_equal"].as_bool()) {
        // A table is never equal to another one: it is an object with a state.
        let ours = value.same_as(&read) && !python::repr(&read).contains("DataFrame(");
        check.equal("equal after the round trip", &ours, &theirs);
    }
}

/// Is a value what a record shows? Dictionaries of other classes show themselves in a way of their own.
pub(super) fn same_as_shown(check: &mut Check, what: &str, ours: &Value, theirs: &str) {
    if theirs.contains("defaultdict(") {
        return check.need(what, &Need::python("a dictionary of another class shows itself"));
    }
    check.equal(what, &shown(ours), &in_our_words(theirs));
}

/// A value as the vectors show it: keys of dictionaries are in the order of their text.
fn shown(value: &Value) -> String {
    python::repr(&sorted(value))
}

fn sorted(value: &Value) -> Value {
    let each = |items: &[Value]| items.iter().map(sorted).collect();
    match value {
        Value::Map(entries) => {
            let mut entries: Vec<(Value, Value)> =
                entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by_key(|(key, _)| python::repr(key));
            Value::Map(entries)
        }
        Value::List(items) => Value::List(each(items)),
        Value::Tuple(items) => Value::Tuple(each(items)),
        Value::Struct(record) => {
            let mut record = record.clone();
            record.values = each(&record.values);
            Value::Struct(record)
        }
        other => other.clone(),
    }
}

fn not_pickled(value: Value) -> Result<Value, Need> {
    if holds_pickle(&value) {
        return Err(Need::python("what was pickled is read by a Python process only"));
    }
    Ok(value)
}

fn holds_pickle(value: &Value) -> bool {
    match value {
        Value::Pickle(_) => true,
        Value::List(items) | Value::Tuple(items) => items.iter().any(holds_pickle),
        Value::Map(entries) => entries.iter().any(|(_, one)| holds_pickle(one)),
        _ => false,
    }
}

/// Pydantic has a class of its own for zones, whose values are the same.
fn in_our_words(shown: &str) -> String {
    let mut parts = shown.split("TzInfo(");
    let mut words = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (seconds, rest) = part.split_once(')').unwrap_or((part, ""));
        let zone = match seconds.parse::<i64>() {
            Ok(0) | Err(_) => "datetime.timezone.utc".to_owned(),
            Ok(seconds) => {
                format!("datetime.timezone({})", python::repr(&Value::Duration(seconds * 1_000_000)))
            }
        };
        words.push_str(&zone);
        words.push_str(rest);
    }
    words
}

pub(crate) fn decode(scope: &Scope, record: &Json, check: &mut Check) {
    check.again::<Literal>(record, "literal_b64");
    let Some(literal) = check.decoded::<Literal>(record, "literal_b64") else { return };
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    let read = from_literal(&literal, &ty).map_err(Need::from).and_then(not_pickled);
    if record["error"].is_object() {
        return check.refused("value", read, &record["error"]);
    }
    let Some(read) = check.value("value", read) else { return };
    same_as_shown(check, "value", &read, text(record, "value_repr"));
    check.equal("class", &class_name(&read).as_str(), &text(record, "value_type"));
}

pub(super) fn class_name(value: &Value) -> String {
    python::class_of(value).rsplit('.').next().unwrap_or_default().to_owned()
}

pub(crate) fn guessed(_: &Scope, record: &Json, check: &mut Check) {
    check.again::<LiteralType>(record, "literal_type_b64");
    let Some(wire) = check.decoded::<LiteralType>(record, "literal_type_b64") else { return };
    guess_of(record, &wire, "error", check);
    check.equal("schema", &whole(json_schema(&wire)), &whole(record["json_schema"].clone()));
}

fn guess_of(record: &Json, wire: &LiteralType, error_key: &str, check: &mut Check) {
    if registered_by_source(wire) {
        return check.need("guess", &Need::python("a transformer that the source registers makes the type"));
    }
    let expected = &record[error_key];
    match (guess(wire), record["guessed_type"].as_str()) {
        (Ok(ty), Some(theirs)) => check.equal("guess", &describe(&ty).as_str(), &theirs),
        (Ok(ty), None) => check.failures.push(format!("guess: ours {}, theirs {expected}", describe(&ty))),
        (Err(error), None) => {
            let class = expected["error_class"].as_str().or(expected.as_str()).unwrap_or_default();
            check.equal("guess, class of the error", &error.kind.python_class(), &class);
        }
        (Err(error), Some(theirs)) => check.failures.push(format!("guess: {error}, theirs {theirs}")),
    }
}

/// Is it tagged by a transformer that is none of the client's own?
fn registered_by_source(wire: &LiteralType) -> bool {
    use wingbeat_proto::flyteidl2::core::literal_type::Type as Kind;
    match &wire.r#type {
        Some(Kind::CollectionType(inner) | Kind::MapValueType(inner)) => registered_by_source(inner),
        Some(Kind::Simple(_)) => wire.structure.tag.starts_with("money"),
        _ => false,
    }
}

/// Numbers of a schema that are whole are whole, however they are written.
pub(super) fn whole(value: Json) -> Json {
    match value {
        Json::Number(number) => match number.as_f64() {
            #[allow(clippy::cast_possible_truncation, reason = "numbers of schemas are small")]
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => Json::from(float as i64),
            _ => Json::Number(number),
        },
        Json::Array(items) => Json::Array(items.into_iter().map(whole).collect()),
        Json::Object(fields) => {
            Json::Object(fields.into_iter().map(|(key, value)| (key, whole(value))).collect())
        }
        other => other,
    }
}

pub(crate) fn failing(scope: &Scope, record: &Json, check: &mut Check) {
    check.again::<Literal>(record, "literal_b64");
    if !record["python_type"].is_string() {
        let reason = "the record names a stage of the Python engine, not what it was given";
        return check.need("failure", &Need::python(reason));
    }
    let ty = match type_of(scope, record) {
        Err(Need::Raised(error)) => return check.error("type", &error, record),
        other => other,
    };
    let Some(ty) = check.value("type", ty) else { return };
    if text(record, "stage") == "literal_type" {
        return check.refused("literal type", to_literal_type(&ty).map_err(Need::from), record);
    }
    let value = match value_of(scope, record, "python_value") {
        Err(Need::Raised(error)) => return check.error("value", &error, record),
        other => other,
    };
    let Some(value) = check.value("value", value) else { return };
    let literal = to_literal_type(&ty).and_then(|_| to_literal(&value, &ty)).map_err(Need::from);
    if text(record, "stage") == "roundtrip"
        && let Ok(literal) = &literal
    {
        return check.refused("round trip", from_literal(literal, &ty).map_err(Need::from), record);
    }
    check.refused("literal", literal, record);
}

pub(crate) fn coerced(scope: &Scope, record: &Json, check: &mut Check) {
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    let Some(value) = check.value("value", value_of(scope, record, "json_value")) else { return };
    let ours = coerce_json(value, &ty, None).map_err(Need::from);
    if record["error"].is_object() {
        return check.refused("value", ours, &record["error"]);
    }
    let Some(ours) = check.value("value", ours) else { return };
    same_as_shown(check, "value", &ours, text(record, "value_repr"));
    check.equal("class", &class_name(&ours).as_str(), &text(record, "value_type"));
}

pub(crate) fn serialized(scope: &Scope, record: &Json, check: &mut Check) {
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    let Some(value) = check.value("value", value_of(scope, record, "python_value")) else { return };
    check.equal("JSON", &serialize_json(&value, &ty), &record["json"]);
}

pub(crate) fn schema(scope: &Scope, record: &Json, check: &mut Check) {
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    let Some(wire) = check.value("literal type", to_literal_type(&ty).map_err(Need::from)) else { return };
    check.equal("schema", &whole(json_schema(&wire)), &whole(record["json_schema"].clone()));
}

pub(crate) fn short(scope: &Scope, record: &Json, check: &mut Check) {
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    let Some(value) = check.value("value", value_of(scope, record, "python_value")) else { return };
    let Some(literal) = check.value("literal", to_literal(&value, &ty).map_err(Need::from)) else { return };
    let Some(ours) = check.value("in short", literal_in_short(&literal).map_err(Need::from)) else { return };
    check.equal("in short", &python::repr(&ours).as_str(), &text(record, "string_repr"));
}
