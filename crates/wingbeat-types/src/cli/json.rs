//! Text of an option as a value, JSON above all: messages about JSON that is none are Python's.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::Value as Json;

use super::clocks::{self, NoMoment};
use super::{CliError, Kind, Surroundings, json_text, yaml};
use crate::error::{ConvertError, ConvertErrorKind};
use crate::json_coercion::coerce_json;
use crate::json_value::of_json;
use crate::python::{class_str, repr};
use crate::schema::{Rules, json_of};
use crate::shape::{Source, float_of, shape, truth};
use crate::string_repr;
use crate::ty::{Dialect, Type};
use crate::value::{Reference, Value};

/// What is known while an option's text is read.
pub(super) struct Parsed<'p> {
    pub(super) name: &'p str,
    pub(super) default: Option<&'p Value>,
    pub(super) world: &'p dyn Surroundings,
}

impl Parsed<'_> {
    fn bad(&self, reason: impl Into<String>) -> CliError {
        CliError::BadParameter { name: self.name.to_owned(), reason: reason.into() }
    }

    pub(super) fn value_of(&self, text: &str, kind: &Kind) -> Result<Value, CliError> {
        let quoted = || repr(&Value::Str(text.to_owned()));
        match kind {
            Kind::Int => {
                let digits: String = text.trim().chars().filter(|one| *one != '_').collect();
                digits
                    .parse()
                    .map(Value::Int)
                    .map_err(|_| self.bad(format!("{} is not a valid integer.", quoted())))
            }
            Kind::Float => float_of(text)
                .map(Value::Float)
                .ok_or_else(|| self.bad(format!("{} is not a valid float.", quoted()))),
            Kind::Bool => {
                let known = truth(text.trim()).map(Value::Bool);
                known.ok_or_else(|| self.bad(format!("{} is not a valid boolean.", quoted())))
            }
            Kind::Datetime => self.moment(text),
            Kind::Duration => clocks::span(text).map(Value::Duration).ok_or_else(|| {
                let message = format!("Could not parse duration: {text}");
                ConvertError::new(ConvertErrorKind::Value, message).into()
            }),
            Kind::Choice(ty) => {
                let place = ty.members.iter().position(|(name, _)| name == text);
                place.map(|ix| Value::Enum(ty.clone(), ix)).ok_or_else(|| {
                    let names: Vec<String> = ty.members.iter().map(|(name, _)| format!("'{name}'")).collect();
                    let one_of = if names.len() == 1 { "" } else { "one of " };
                    self.bad(format!("{} is not {one_of}{}.", quoted(), names.join(", ")))
                })
            }
            Kind::Either(kinds) => {
                let found = kinds.iter().flatten().find_map(|kind| self.value_of(text, kind).ok());
                found.ok_or_else(|| {
                    let shown: Vec<String> = kinds.iter().map(|kind| Kind::shown(kind.as_ref())).collect();
                    let shown = shown.join(", ");
                    self.bad(format!("Failed to convert {text} to any of the types [{shown}]"))
                })
            }
            Kind::Json(_, ty) => self.json(text, ty),
            Kind::File => Ok(Value::File(Box::new(Reference::at(text)))),
            Kind::Dir => Ok(Value::Dir(Box::new(Reference::at(text)))),
            Kind::Dataset => self.dataset(text),
            // Text names an object where it has one colon.
            Kind::Pickle if text.split(':').count() == 2 => {
                Err(crate::to_literal::needs_python("an object that is named by its module is found").into())
            }
            Kind::Text | Kind::Pickle => Ok(Value::Str(text.to_owned())),
        }
    }

    fn moment(&self, text: &str) -> Result<Value, CliError> {
        clocks::moment(text, self.world.now()).map(Value::Datetime).map_err(|reason| match reason {
            NoMoment::Form(text) => self.bad(format!(
                "{} does not match the formats '%Y-%m-%d', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S', 'now', 'today', \
                 '<FORMAT> - <ISO8601 duration>'.",
                repr(&Value::Str(text))
            )),
            NoMoment::Iso(error) => error.into(),
            NoMoment::Span(text) => self.bad(format!(
                "Matched format ['<FORMAT> - <ISO8601 duration>'], but failed to parse duration {text}, error: Could \
                 not parse duration: {text}"
            )),
        })
    }

    fn dataset(&self, text: &str) -> Result<Value, CliError> {
        if !text.contains("://") && !self.world.exists(text) {
            return Err(self.bad(format!("Dataframe input path does not exist: {text}")));
        }
        let is_csv = std::path::Path::new(text).extension().is_some_and(|one| one == "csv");
        let format = if is_csv { "csv" } else { "parquet" };
        Ok(Value::Dataset(Box::new(Reference { format: format.to_owned(), ..Reference::at(text) })))
    }

    fn json(&self, text: &str, ty: &Type) -> Result<Value, CliError> {
        let mut value = self.read(text)?;
        if let (Value::Map(given), Some(base)) = (&mut value, self.default.and_then(as_entries)) {
            let mut merged = base;
            for (key, one) in std::mem::take(given) {
                match merged.iter().position(|(known, _)| *known == key) {
                    Some(ix) => merged[ix].1 = one,
                    None => merged.push((key, one)),
                }
            }
            *given = merged;
        }
        let locate = |text: &str, ty: &Type| {
            let kind = Kind::of(ty).unwrap_or(Kind::Text);
            self.value_of(text, &kind).map_err(|error| match error {
                CliError::Convert(error) => error,
                other => ConvertError::new(ConvertErrorKind::Value, other.to_string()),
            })
        };
        // With rules around it, or parameters given, a type is no class to the client: what stands there stays.
        match ty {
            Type::Constrained(..) | Type::Dict(None, _) => return Ok(value),
            Type::Struct(inner) if !inner.arguments.is_empty() => return Ok(value),
            _ => (),
        }
        match (ty, value) {
            (Type::List(..), value @ Value::List(_))
            | (Type::Map(..) | Type::Dict(..), value @ Value::Map(_)) => {
                Ok(coerce_json(value, ty, Some(&locate))?)
            }
            (Type::Struct(inner), value) if inner.dialect == Dialect::Tuple => {
                let types: Vec<&Type> = inner.fields.iter().map(|field| &field.ty).collect();
                self.tuple(value, &types)
            }
            (Type::Struct(inner), value) => match (inner.dialect, value) {
                (Dialect::Dataclass, value @ Value::Map(_)) => Ok(coerce_json(value, ty, Some(&locate))?),
                (Dialect::Dataclass, value) => Ok(shape(value, ty, Source::Json)?),
                (Dialect::TypedDict, value) if !matches!(value, Value::Map(_)) => {
                    Err(self.bad(format!("Expected dict for TypedDict type, got {}", class_str(&value))))
                }
                (Dialect::NamedTuple, value @ Value::List(_)) => {
                    let message = format!(
                        "1 validation error for {}\n  Input should be a valid dictionary or instance of {}",
                        inner.title(),
                        inner.title()
                    );
                    drop(value);
                    Err(ConvertError::new(ConvertErrorKind::Validation, message).into())
                }
                (_, value) => shape(value, ty, Source::Given).map_err(|error| {
                    let kind = ConvertErrorKind::Validation;
                    ConvertError { kind, ..error }.into()
                }),
            },
            (_, value) => Ok(value),
        }
    }

    /// A tuple as a list, or as an object with `item_0`, `item_1`...
    fn tuple(&self, value: Value, types: &[&Type]) -> Result<Value, CliError> {
        let items = match value {
            Value::List(items) if items.len() == types.len() => items,
            Value::List(items) => {
                let message = format!("Expected {} elements for tuple, got {}", types.len(), items.len());
                return Err(self.bad(message));
            }
            Value::Map(entries) => {
                let item = |ix: usize| {
                    let name = format!("item_{ix}");
                    let found =
                        entries.iter().find(|(key, _)| matches!(key, Value::Str(known) if *known == name));
                    let missing = || self.bad(format!("Missing field '{name}' in tuple input"));
                    found.map(|(_, item)| item.clone()).ok_or_else(missing)
                };
                (0..types.len()).map(item).collect::<Result<_, _>>()?
            }
            other => {
                return Err(
                    self.bad(format!("Expected dict or list for tuple type, got {}", class_str(&other)))
                );
            }
        };
        let each = types.iter().zip(items).map(|(ty, item)| match ty {
            Type::Tuple(inner, _) => self.tuple(item, &inner.iter().collect::<Vec<_>>()),
            Type::Struct(inner) if inner.dialect == Dialect::Dataclass => Ok(shape(item, ty, Source::Json)?),
            Type::Struct(inner) if inner.dialect == Dialect::Model => Ok(item),
            Type::Struct(_) => Ok(shape(item, ty, Source::Given)?),
            _ => Ok(item),
        });
        Ok(Value::Tuple(each.collect::<Result<_, CliError>>()?))
    }

    /// JSON, or what a file of that name holds.
    fn read(&self, text: &str) -> Result<Value, CliError> {
        let failed = match json_text::read(text) {
            Ok(value) => return Ok(value),
            Err(failed) => failed,
        };
        let is_yaml = text.ends_with(".yaml") || text.ends_with("yml");
        let message = match self.world.read(text) {
            Some(content) if is_yaml => return Ok(yaml::read(&content).map_err(|error| error.of_file(text))?),
            Some(content) => match json_text::read(&content) {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            },
            None => failed,
        };
        let name = self.name;
        Err(self.bad(format!(
            "parameter <Option {name}> should be a valid json object, {text}, error: {message}"
        )))
    }
}

/// A default as the fields that given ones are laid over.
fn as_entries(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::Map(entries) => Some(entries.clone()),
        Value::Struct(record) if matches!(record.ty.dialect, Dialect::Dataclass | Dialect::Model) => {
            let each = record.ty.fields.iter().zip(&record.values);
            Some(each.map(|(field, value)| (Value::Str(field.name.clone()), plain(value))).collect())
        }
        _ => None,
    }
}

/// Structs inside are dictionaries, too.
fn plain(value: &Value) -> Value {
    match as_entries(value) {
        Some(entries) => Value::Map(entries),
        None => match value {
            Value::List(items) => Value::List(items.iter().map(plain).collect()),
            other => other.clone(),
        },
    }
}

/// A model as JSON without spaces.
pub(super) fn compact(value: &Value) -> String {
    without_spaces(&in_order(value, &json_of(value, Rules::Model)))
}

fn without_spaces(value: &Value) -> String {
    match value {
        Value::Map(entries) => {
            let each =
                entries.iter().map(|(key, one)| format!("{}:{}", without_spaces(key), without_spaces(one)));
            format!("{{{}}}", each.collect::<Vec<_>>().join(","))
        }
        Value::List(items) => {
            format!("[{}]", items.iter().map(without_spaces).collect::<Vec<_>>().join(","))
        }
        // Python escapes letters beyond ASCII, models do not.
        Value::Str(text) => Json::String(text.clone()).to_string(),
        other => string_repr::json_text(other),
    }
}

/// JSON as a value whose keys are in the order of the value it was made of.
pub(super) fn in_order(value: &Value, json: &Json) -> Value {
    let (Value::Struct(record), Json::Object(fields)) = (value, json) else {
        return match (value, json) {
            (Value::Map(entries), Json::Object(fields)) => Value::Map(
                entries
                    .iter()
                    .filter_map(|(key, one)| {
                        let name = crate::schema::key_text(key);
                        let json = fields.get(&name)?;
                        Some((Value::Str(name), in_order(one, json)))
                    })
                    .collect(),
            ),
            (Value::List(items), Json::Array(shown)) => {
                Value::List(items.iter().zip(shown).map(|(one, json)| in_order(one, json)).collect())
            }
            (_, json) => of_json(json),
        };
    };
    let each = record.ty.fields.iter().zip(&record.values);
    Value::Map(
        each.filter(|(field, _)| field.written)
            .filter_map(|(field, one)| {
                let json = fields.get(&field.name)?;
                Some((Value::Str(field.name.clone()), in_order(one, json)))
            })
            .collect(),
    )
}
