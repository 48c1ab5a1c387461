//! Values as JSON, as the two dialects show defaults: what a reader of the schema would have to send.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json, json};

use crate::python;
use crate::ty::Dialect;
use crate::value::{Record, Reference, Value};

/// Whose rules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Those of dataclasses.
    Dataclass,
    /// Those of models.
    Model,
}

/// A value as JSON.
pub(crate) fn json_of(value: &Value, rules: Rules) -> Json {
    let each = |items: &[Value]| Json::Array(items.iter().map(|one| json_of(one, rules)).collect());
    match value {
        Value::None => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => whole(*number),
        Value::Float(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        Value::Str(text) | Value::Text(_, text) => json!(text),
        Value::Bytes(bytes, _) | Value::Pickle(bytes) => match rules {
            // The library that writes these breaks lines.
            Rules::Dataclass => json!(format!("{}\n", STANDARD.encode(bytes))),
            Rules::Model => json!(String::from_utf8_lossy(bytes)),
        },
        Value::Datetime(moment) => {
            let text = python::iso(moment);
            let utc = rules == Rules::Model;
            json!(if utc { text.replace("+00:00", "Z") } else { text })
        }
        Value::Date(_) | Value::Time(_) => json!(python::show(value)),
        Value::Duration(micros) => match rules {
            Rules::Dataclass => json!(seconds(*micros)),
            Rules::Model => json!(duration_text(*micros)),
        },
        Value::Enum(..) => value.member().map_or(Json::Null, |(_, inner)| json_of(inner, rules)),
        Value::List(items) | Value::Tuple(items) | Value::Set(items, _) => each(items),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, one)| (key_text(key), json_of(one, rules))).collect())
        }
        Value::Struct(record) => of_record(record, rules),
        Value::File(reference) | Value::Dir(reference) => json!({
            "path": reference.uri,
            "name": reference.shown_name(),
            "format": reference.format,
            "hash": reference.hash,
        }),
        Value::Dataset(reference) => of_dataset(reference),
        Value::Message(message) => message.json.clone(),
        Value::Opaque(opaque) => json!(opaque.shown),
    }
}

fn of_dataset(reference: &Reference) -> Json {
    json!({"uri": reference.uri, "format": reference.format})
}

fn of_record(record: &Record, rules: Rules) -> Json {
    let each = record.ty.fields.iter().zip(&record.values);
    if record.ty.dialect == Dialect::NamedTuple {
        return Json::Array(each.map(|(_, one)| json_of(one, rules)).collect());
    }
    let mut fields: Map<String, Json> = each
        .filter(|(field, _)| field.written)
        .map(|(field, one)| (field.name.clone(), json_of(one, rules)))
        .collect();
    for (name, one) in &record.unknown {
        fields.insert(name.clone(), json_of(one, rules));
    }
    Json::Object(fields)
}

/// A key of an object: JSON has only text.
pub(crate) fn key_text(key: &Value) -> String {
    match json_of(key, Rules::Model) {
        Json::String(text) => text,
        Json::Null => "None".to_owned(),
        other => other.to_string(),
    }
}

fn whole(number: i128) -> Json {
    if let Ok(number) = i64::try_from(number) {
        return json!(number);
    }
    if let Ok(number) = u64::try_from(number) {
        return json!(number);
    }
    #[allow(clippy::cast_precision_loss, reason = "JSON readers take such numbers as doubles")]
    let double = number as f64;
    json!(double)
}

/// Microseconds as seconds.
pub(crate) fn seconds(micros: i64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "the client's own reader has a double here")]
    let micros = micros as f64;
    micros / 1e6
}

/// A span as models write it: `P1DT2.000003S`.
pub(crate) fn duration_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let mut text = format!("{sign}P");
    let part = |text: &mut String, count: u64, unit: char| {
        if count > 0 {
            write!(text, "{count}{unit}").expect("a string takes all text");
        }
    };
    part(&mut text, days / 365, 'Y');
    part(&mut text, days % 365, 'D');
    if seconds > 0 || fraction > 0 {
        text.push('T');
        part(&mut text, seconds / 3600, 'H');
        part(&mut text, seconds / 60 % 60, 'M');
        if fraction > 0 {
            let fraction = format!("{fraction:06}");
            let digits = fraction.trim_end_matches('0');
            write!(text, "{}.{digits}S", seconds % 60).expect("a string takes all text");
        } else {
            part(&mut text, seconds % 60, 'S');
        }
    }
    if text.ends_with('P') { "PT0S".to_owned() } else { text }
}
