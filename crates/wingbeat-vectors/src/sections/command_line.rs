//! Records of an option of the command line.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use jiff::civil;
use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::Literal;
use wingbeat_types::cli::{CliError, CliOption, Kind, Surroundings};
use wingbeat_types::{Value, python, to_literal};

use super::values::{class_name, same_as_shown};
use super::{base64, type_of};
use crate::check::{Check, canonical_bytes, text};
use crate::python::{Need, Scope, expression};

/// The files of this machine; the vectors depend on no clock.
struct Machine;

impl Surroundings for Machine {
    fn now(&self) -> civil::DateTime {
        civil::date(2000, 1, 1).at(0, 0, 0, 0)
    }
    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }
    fn exists(&self, path: &str) -> bool {
        std::path::Path::new(path).exists()
    }
}

pub(crate) fn option(scope: &Scope, record: &Json, check: &mut Check) {
    check.again::<Literal>(record, "literal_b64");
    let arguments: Vec<String> = record["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect();
    check.name = format!("{} {}", check.name, arguments.join(" "));
    let Some(ty) = check.value("type", type_of(scope, record)) else { return };
    let default = match record["default"].as_str() {
        Some(default) => {
            let value = expression(default).and_then(|default| scope.value(&default));
            let Some(value) = check.value("default", value) else { return };
            Some(value)
        }
        None => None,
    };
    let name = record["option_name"].as_str().unwrap_or("x");
    let option = match CliOption::new(name, &ty, default) {
        Ok(option) => option,
        Err(error) => return refused(&error, &record["error"], check),
    };
    declared(&option, &record["option"], check);
    if let Some(missing) = missing_fixture(&arguments, record) {
        check.need("value", &missing);
        return;
    }
    let parsed = option.parse(&arguments, &Machine);
    match (parsed, record["error"].is_object()) {
        (Err(error), true) => refused(&error, &record["error"], check),
        (Err(error), false) => match error {
            CliError::Convert(error) => check.need("value", &Need::Raised(error)),
            other => check.need("value", &Need::python(other)),
        },
        (Ok(value), true) => {
            check.failures.push(format!("value: ours {}, theirs an error", python::repr(&value)));
        }
        (Ok(value), false) => parsed_value(&value, &ty, record, check),
    }
}

/// A file that only the machine which made the vectors has.
fn missing_fixture(arguments: &[String], record: &Json) -> Option<Need> {
    let named = arguments.iter().find(|one| one.starts_with("/vectors/"))?;
    let needed = !Machine.exists(named) && record["error"].is_null();
    needed.then(|| Need::Python(format!("{named} is not on this machine")))
}

fn declared(option: &CliOption, record: &Json, check: &mut Check) {
    if !record.is_object() {
        return;
    }
    let strings: Vec<&str> =
        record["decls"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    check.equal("declarations", &option.declarations(), &strings);
    check.equal("kind", &option.kind().name().as_str(), &text(record, "type_name"));
    check.equal("class of the kind", &class_of(option.kind()), &text(record, "type_class"));
    check.equal("required", &Some(option.is_required()), &record["required"].as_bool());
    check.equal("flag", &Some(option.is_flag()), &record["is_flag"].as_bool());
    check.equal("default", &option.shown_default().as_str(), &text(record, "default"));
}

fn class_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Int => "IntParamType",
        Kind::Float => "FloatParamType",
        Kind::Text => "StringParamType",
        Kind::Bool => "BoolParamType",
        Kind::Datetime => "DateTimeType",
        Kind::Duration => "DurationParamType",
        Kind::Choice(_) => "EnumParamType",
        Kind::Either(_) => "UnionParamType",
        Kind::Json(..) => "JsonParamType",
        Kind::File => "FileParamType",
        Kind::Dir => "DirParamType",
        Kind::Dataset => "StructuredDatasetParamType",
        Kind::Pickle => "PickleParamType",
    }
}

fn refused(error: &CliError, expected: &Json, check: &mut Check) {
    let class = match error {
        CliError::BadParameter { .. } => "BadParameter",
        CliError::Usage(_) => "UsageError",
        CliError::NoSuchOption { .. } => "NoSuchOption",
        CliError::BadOptionUsage(_) => "BadOptionUsage",
        CliError::Unsupported(_) if text(expected, "error_class") == "ValueError" => "ValueError",
        CliError::Unsupported(_) => "NotImplementedError",
        CliError::Convert(error) => {
            if error.kind == wingbeat_types::ConvertErrorKind::NeedsPython {
                return check.need("error", &Need::Raised(error.clone()));
            }
            return check.error("error", error, expected);
        }
    };
    check.equal("class of the error", &class, &text(expected, "error_class"));
    if expected["message_varies"].is_null() {
        check.equal("message", &error.to_string().as_str(), &text(expected, "message"));
    }
}

fn parsed_value(value: &Value, ty: &wingbeat_types::Type, record: &Json, check: &mut Check) {
    same_as_shown(check, "value", value, text(record, "value_repr"));
    check.equal("class", &class_name(value).as_str(), &text(record, "value_type"));
    if record["literal_b64"].is_null() && record["literal_error"].is_null() {
        return;
    }
    if let Value::Dataset(data) = value
        && !data.uri.contains("://")
    {
        return check.need("literal", &Need::python("a table of this machine is uploaded"));
    }
    let literal = to_literal(value, ty).map_err(Need::from);
    if record["literal_error"].is_object() {
        return check.refused("literal", literal, &record["literal_error"]);
    }
    if let Some(literal) = check.value("literal", literal) {
        check.equal("literal", &base64(&canonical_bytes(&literal)), &text(record, "literal_b64"));
    }
}
