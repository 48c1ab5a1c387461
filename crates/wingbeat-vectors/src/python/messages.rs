//! Messages of protobuf, by the classes that Python has for them, and calls that make one as its JSON form.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::LazyLock;

use buffa::DecodeOptions;
use buffa_descriptor::generated::descriptor::field_descriptor_proto::{Label, Type as Kind};
use buffa_descriptor::generated::descriptor::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use serde_json::{Map, Value as Json, json};
use wingbeat_types::Value;
use wingbeat_types::value::Message;

use super::parser::Expr;
use super::{Need, Scope};

static FILES: LazyLock<FileDescriptorSet> = LazyLock::new(|| {
    DecodeOptions::new()
        .with_element_memory_limit(usize::MAX)
        .decode_from_slice(wingbeat_proto::DESCRIPTOR_SET)
        .expect("the descriptor set was written by our own build")
});

/// The class that a name stands for in a source with the usual imports.
pub(super) fn class_of(name: &str) -> Option<String> {
    match name {
        "Struct" | "ListValue" => Some(format!("google.protobuf.struct_pb2.{name}")),
        "Timestamp" => Some("google.protobuf.timestamp_pb2.Timestamp".to_owned()),
        _ => {
            let (module, message) = name.split_once('.')?;
            (module.ends_with("_pb2") && found(message).is_some()).then(|| format!("flyteidl2.core.{name}"))
        }
    }
}

fn found(message: &str) -> Option<&'static DescriptorProto> {
    let core = FILES.file.iter().filter(|file| file.package.as_deref() == Some("flyteidl2.core"));
    core.flat_map(|file| &file.message_type).find(|known| known.name.as_deref() == Some(message))
}

/// A message that a call makes; none if it makes something else.
pub(super) fn made(
    scope: &Scope,
    name: &str,
    positional: &[Expr],
    named: &[(String, Expr)],
) -> Result<Option<Value>, Need> {
    let json_of = |expr: &Expr| Ok::<Json, Need>(plain(&scope.value(expr)?));
    let (class, json) = match name {
        // What the usual prelude calls a struct and a list that are filled at once.
        "mkstruct" => {
            let fields = named.iter().map(|(key, one)| Ok((key.clone(), json_of(one)?)));
            ("Struct", Json::Object(fields.collect::<Result<_, Need>>()?))
        }
        "mklist" => ("ListValue", Json::Array(positional.iter().map(json_of).collect::<Result<_, Need>>()?)),
        "Struct" if positional.is_empty() && named.is_empty() => ("Struct", json!({})),
        "Timestamp" => {
            let [(key, seconds)] = named else { return Err(Need::python("a moment of protobuf")) };
            if !positional.is_empty() || key != "seconds" {
                return Err(Need::python("a moment of protobuf"));
            }
            let Value::Int(seconds) = scope.value(seconds)? else { return Err(Need::python("a moment")) };
            let at = i64::try_from(seconds).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
            ("Timestamp", json!(at.ok_or_else(|| Need::python("a moment"))?.to_string()))
        }
        _ => match class_of(name).and_then(|_| found(name.split_once('.')?.1)) {
            Some(message) if positional.is_empty() => (name, fields_of(scope, message, named)?),
            _ => return Ok(None),
        },
    };
    let class = class_of(class).ok_or_else(|| Need::python("a message"))?;
    Ok(Some(Value::Message(Box::new(Message { class: class.into(), json }))))
}

fn fields_of(scope: &Scope, message: &DescriptorProto, named: &[(String, Expr)]) -> Result<Json, Need> {
    let mut fields = Map::new();
    for (name, expr) in named {
        let field = message.field.iter().find(|field| field.name.as_deref() == Some(name));
        let field = field.ok_or_else(|| Need::python(format!("`{name}` of a message")))?;
        let key = field.json_name.clone().unwrap_or_else(|| name.clone());
        let json = match expr {
            Expr::List(items) if field.label == Some(Label::LABEL_REPEATED) => {
                Json::Array(items.iter().map(|one| field_of(scope, field, one)).collect::<Result<_, _>>()?)
            }
            one => field_of(scope, field, one)?,
        };
        // What is only the default of a field is left out, unless the field is one of several.
        if field.oneof_index.is_some() || !is_default(&json) {
            fields.insert(key, json);
        }
    }
    Ok(Json::Object(fields))
}

fn is_default(json: &Json) -> bool {
    match json {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty() || text == "0",
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A value as a field has it: numbers of 64 bits are text, enumerations are names.
fn field_of(scope: &Scope, field: &FieldDescriptorProto, expr: &Expr) -> Result<Json, Need> {
    if field.r#type == Some(Kind::TYPE_ENUM) {
        let name = expr.dotted().ok_or_else(|| Need::python("an enumeration of protobuf"))?;
        return Ok(json!(name.rsplit('.').next().unwrap_or_default()));
    }
    let wide =
        [Kind::TYPE_INT64, Kind::TYPE_UINT64, Kind::TYPE_SINT64, Kind::TYPE_FIXED64, Kind::TYPE_SFIXED64];
    match scope.value(expr)? {
        Value::Int(number) if field.r#type.is_some_and(|kind| wide.contains(&kind)) => {
            Ok(json!(number.to_string()))
        }
        value @ (Value::Bool(_) | Value::Str(_) | Value::Float(_)) => Ok(plain(&value)),
        Value::Message(inner) => Ok(inner.json),
        _ => Err(Need::python("a field of a message")),
    }
}

/// A value as protobuf's own struct holds it: every number is a double.
fn plain(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        #[allow(clippy::cast_precision_loss, reason = "a struct of protobuf loses the same digits")]
        Value::Int(number) => json!(*number as f64),
        Value::Float(number) => json!(number),
        Value::Str(text) => json!(text),
        Value::List(items) | Value::Tuple(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, one)| (wingbeat_types::python::show(key), plain(one))).collect(),
        ),
        Value::Message(message) => message.json.clone(),
        _ => Json::Null,
    }
}
