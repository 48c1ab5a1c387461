//! Is a value of a type, as the client asks before it writes it? Its own words for what is not.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use crate::error::{ConvertError, ConvertErrorKind};
use crate::literal_type::enum_values;
use crate::pack::holds;
use crate::python::{class_str, show, type_str};
use crate::to_literal::not_of_type;
use crate::ty::{Default, Dialect, EnumKind, EnumType, Field, Spelling, StructType, Type};
use crate::value::{Record, Value};

/// Refuses what the client refuses.
pub(crate) fn assert_type(value: &Value, ty: &Type) -> Result<(), ConvertError> {
    match (ty, value) {
        (Type::List(_, Spelling::Builtin), Value::List(_))
        | (Type::Map(_, Spelling::Builtin) | Type::Dict(Some(_), Spelling::Builtin), Value::Map(_)) => Ok(()),
        (Type::List(_, Spelling::Builtin), _) => Err(no_container(value, "list")),
        (Type::Map(_, Spelling::Builtin) | Type::Dict(Some(_), Spelling::Builtin), _) => {
            Err(no_container(value, "dict"))
        }
        (Type::Union(variants, _), _) => {
            if variants.iter().any(|variant| *variant == Type::Any || assert_type(value, variant).is_ok()) {
                return Ok(());
            }
            let message = format!("Value {} is not of type {}", show(value), type_str(ty));
            Err(ConvertError::mismatch(message))
        }
        (Type::Enum(ty), _) => assert_enum(value, ty),
        // A class whose parameters are given is no class that a value could be asked about.
        (Type::Struct(ty), Value::Map(_)) if !ty.arguments.is_empty() => Ok(()),
        (Type::Struct(ty), _) if ty.dialect == Dialect::Dataclass => assert_dataclass(value, ty),
        // What is written in another way checks itself.
        (
            Type::Struct(_)
            | Type::Dataset(_)
            | Type::Constrained(..)
            | Type::List(..)
            | Type::Map(..)
            | Type::Dict(_, Spelling::Typing),
            _,
        ) => Ok(()),
        (ty, _) if ty.is_pickled() || is_instance(ty, value) => Ok(()),
        (ty, value) => Err(not_of_type(value, ty)),
    }
}

fn no_container(value: &Value, name: &str) -> ConvertError {
    ConvertError::mismatch(format!("Value '{}' is not of container type <class '{name}'>", show(value)))
}

/// True is a number, a datetime is a date, and members of some enumerations are text or numbers.
fn is_instance(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Int, Value::Bool(_))
        | (Type::Date, Value::Datetime(_))
        | (Type::Dict(None, _), Value::Map(_)) => true,
        (Type::Int, Value::Enum(of, _)) => of.kind == EnumKind::Int,
        (Type::Str, Value::Enum(of, _)) => of.kind == EnumKind::Str,
        (ty, value) => holds(ty, value),
    }
}

fn assert_enum(value: &Value, ty: &EnumType) -> Result<(), ConvertError> {
    let fits = match value {
        Value::Enum(of, _) => of.name == ty.name,
        other => {
            let named = matches!(other, Value::Str(text) if enum_values(ty).contains(text) || ty.member(text).is_some());
            named || ty.member_of_value(other).is_some()
        }
    };
    if fits {
        return Ok(());
    }
    let message = format!("Value {} is not in Enum <enum '{}'>", show(value), ty.name);
    Err(ConvertError::mismatch(message))
}

fn assert_dataclass(value: &Value, ty: &StructType) -> Result<(), ConvertError> {
    match value {
        Value::Struct(record) if record.ty.extends(ty) => Ok(()),
        Value::Struct(record) if record.ty.dialect == Dialect::Dataclass => assert_fields(record, ty),
        Value::Map(entries) => assert_entries(entries, ty),
        _ => {
            Err(ConvertError::new(ConvertErrorKind::Type, "must be called with a dataclass type or instance"))
        }
    }
}

/// A dictionary has all fields without a default, no others, and values of the very classes.
fn assert_entries(entries: &[(Value, Value)], ty: &StructType) -> Result<(), ConvertError> {
    let given =
        |field: &Field| entries.iter().any(|(key, _)| matches!(key, Value::Str(name) if *name == field.name));
    let missing = ty
        .fields
        .iter()
        .filter(|field| field.default == Default::Required && !field.ty.is_optional() && !given(field));
    let missing: Vec<Value> = missing.map(|field| Value::Str(field.name.clone())).collect();
    if !missing.is_empty() {
        let message = format!(
            "The original fields are missing the following keys from the dataclass fields: {}",
            show(&Value::List(missing))
        );
        return Err(ConvertError::mismatch(message));
    }
    let known = |key: &Value| matches!(key, Value::Str(name) if ty.position(name).is_some());
    let extra: Vec<Value> = entries.iter().map(|(key, _)| key).filter(|key| !known(key)).cloned().collect();
    if !extra.is_empty() {
        let message = format!(
            "The original fields have the following extra keys that are not in dataclass fields: {}",
            show(&Value::List(extra))
        );
        return Err(ConvertError::mismatch(message));
    }
    for (key, value) in entries {
        let Value::Str(name) = key else { continue };
        let Some(field) = ty.position(name).and_then(|ix| ty.fields.get(ix)) else { continue };
        assert_entry(value, &field.ty).map_err(|error| error.inside(format_args!(".{name}")))?;
    }
    Ok(())
}

fn assert_entry(value: &Value, declared: &Type) -> Result<(), ConvertError> {
    let declared = match declared {
        Type::Union(variants, _) if variants.contains(&Type::None) => &variants[0],
        other => other,
    };
    match (declared, value) {
        (Type::Struct(inner), Value::Map(_)) if inner.dialect == Dialect::Dataclass => {
            assert_dataclass(value, inner)
        }
        (_, Value::Map(_)) => Ok(()),
        (declared, value) if is_class(declared) && !holds(declared, value) => {
            let message =
                format!("Type of Val '{}' is not an instance of {}", class_str(value), type_str(declared));
            Err(ConvertError::mismatch(message))
        }
        _ => Ok(()),
    }
}

/// Is it a class rather than a type made of others?
fn is_class(ty: &Type) -> bool {
    let shown = type_str(ty);
    shown.starts_with("<class") || shown.starts_with("<enum")
}

fn assert_fields(record: &Record, ty: &StructType) -> Result<(), ConvertError> {
    // The client names what it compared last.
    let mut named = ty.name.clone();
    for (field, value) in record.ty.fields.iter().zip(&record.values) {
        let Some(expected) = ty.position(&field.name).map(|ix| &ty.fields[ix]) else {
            let message =
                format!("Field '{}' is not present in the expected dataclass fields {named}", field.name);
            return Err(ConvertError::mismatch(message));
        };
        named = short_name(&expected.ty);
        match (&expected.ty, value) {
            (Type::Struct(inner), Value::Struct(_)) => assert_dataclass(value, inner)?,
            (expected, _) if *expected != field.ty => {
                let message = format!(
                    "Type of Val '{}' is not an instance of {}",
                    type_str(&field.ty),
                    type_str(expected)
                );
                return Err(ConvertError::mismatch(message));
            }
            _ => (),
        }
    }
    Ok(())
}

/// A class without its module.
fn short_name(ty: &Type) -> String {
    let shown = type_str(ty);
    let class = shown.split('\'').nth(1).unwrap_or(&shown);
    class.rsplit('.').next().unwrap_or_default().to_owned()
}
