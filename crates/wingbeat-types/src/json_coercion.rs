//! JSON values as values of a type, as the command line and tools hand them in, and values as the JSON that they get
//! back. What is not converted here stays as it is: it is refused when it is written.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::error::{ConvertError, ConvertErrorKind};
use crate::interface::type_conversion_failed;
use crate::pack::holds;
use crate::schema::{Rules, json_of};
use crate::ty::{Default, Dialect, Spelling, StructType, Type};
use crate::value::{Record, Reference, Value};
use crate::{from_literal, to_literal};

/// What becomes of text where a file, a folder or a table is expected.
pub type Locate<'l> = &'l dyn Fn(&str, &Type) -> Result<Value, ConvertError>;

/// A JSON value in the shape of a type. With `locate`, text stands for what it makes of it; else for a place as it is.
///
/// # Errors
/// [`ConvertError`] for what lacks a field, and for an object where its type takes none.
pub fn coerce_json(value: Value, ty: &Type, locate: Option<Locate<'_>>) -> Result<Value, ConvertError> {
    if value == Value::None {
        return Ok(value);
    }
    match (unwrapped(ty), value) {
        (Type::List(item, _), Value::List(items)) => {
            let items = items.into_iter().enumerate().map(|(ix, one)| {
                coerce_json(one, item, locate).map_err(|error| error.inside(format_args!("[{ix}]")))
            });
            items.collect::<Result<_, _>>().map(Value::List)
        }
        (Type::Map(item, _), Value::Map(entries)) => coerce_entries(entries, item, locate),
        (Type::Dict(Some(pair), _), Value::Map(entries)) => coerce_entries(entries, &pair.1, locate),
        // A class whose parameters are given is no class to the client: what stands there stays.
        (Type::Struct(ty), value) if !ty.arguments.is_empty() => Ok(value),
        (Type::Struct(ty), Value::Map(entries)) if ty.dialect == Dialect::Dataclass => {
            construct(entries, ty, locate)
        }
        (Type::Struct(ty), _) if ty.dialect == Dialect::TypedDict => {
            let message = "TypedDict does not support instance and class checks";
            Err(ConvertError::new(ConvertErrorKind::Type, message))
        }
        (Type::Any, _) => {
            let message = "typing.Any cannot be used with isinstance()";
            Err(ConvertError::new(ConvertErrorKind::Type, message))
        }
        (ty, value) if holds(ty, &value) => Ok(value),
        (ty @ (Type::File | Type::Dir | Type::Dataset(_)), Value::Str(text)) => match locate {
            Some(locate) => locate(&text, ty),
            None => Ok(located(&text, ty)),
        },
        (ty, Value::Map(entries)) if is_class(ty) => coerce_object(Value::Map(entries), ty),
        (_, value) => Ok(value),
    }
}

/// Without rules, and without None where only one other type is left.
fn unwrapped(ty: &Type) -> &Type {
    match ty.bare() {
        Type::Union(variants, Spelling::Typing) => {
            let given: Vec<&Type> = variants.iter().filter(|one| **one != Type::None).collect();
            match given.as_slice() {
                [one] => unwrapped(one),
                _ => ty.bare(),
            }
        }
        bare => bare,
    }
}

fn is_class(ty: &Type) -> bool {
    crate::python::type_str(ty).starts_with('<')
}

fn located(text: &str, ty: &Type) -> Value {
    let reference = Box::new(Reference::at(text));
    match ty {
        Type::File => Value::File(reference),
        Type::Dir => Value::Dir(reference),
        _ => Value::Dataset(reference),
    }
}

fn coerce_entries(
    entries: Vec<(Value, Value)>,
    item: &Type,
    locate: Option<Locate<'_>>,
) -> Result<Value, ConvertError> {
    let entries = entries.into_iter().map(|(key, one)| {
        let one = coerce_json(one, item, locate)
            .map_err(|error| error.inside(format_args!("[{}]", crate::python::repr(&key))))?;
        Ok((key, one))
    });
    entries.collect::<Result<_, _>>().map(Value::Map)
}

/// As the constructor of a dataclass: known names only, values unchecked, all that has no default given.
fn construct(
    entries: Vec<(Value, Value)>,
    ty: &Arc<StructType>,
    locate: Option<Locate<'_>>,
) -> Result<Value, ConvertError> {
    let mut given: Vec<Option<Value>> = vec![None; ty.fields.len()];
    for (key, value) in entries {
        let Value::Str(name) = key else { continue };
        let Some(ix) = ty.position(&name) else { continue };
        if !ty.fields[ix].init {
            let message = format!("{}.__init__() got an unexpected keyword argument '{name}'", ty.name);
            return Err(ConvertError::new(ConvertErrorKind::Type, message));
        }
        let value = coerce_json(value, &closed(&ty.fields[ix].ty, ty), locate);
        given[ix] = Some(value.map_err(|error| error.inside(format_args!(".{name}")))?);
    }
    let lacking = ty.fields.iter().zip(&given);
    let lacking: Vec<String> = lacking
        .filter(|(field, value)| field.default == Default::Required && value.is_none())
        .map(|(field, _)| format!("'{}'", field.name))
        .collect();
    if let Some((last, others)) = lacking.split_last() {
        let (count, plural) = (lacking.len(), if lacking.len() == 1 { "" } else { "s" });
        let names = match others {
            [] => last.clone(),
            [one] => format!("{one} and {last}"),
            many => format!("{}, and {last}", many.join(", ")),
        };
        let message =
            format!("{}.__init__() missing {count} required positional argument{plural}: {names}", ty.name);
        return Err(ConvertError::new(ConvertErrorKind::Type, message));
    }
    let each = ty.fields.iter().zip(given);
    let values =
        each.map(|(field, value)| value.or_else(|| field.default.value().cloned()).unwrap_or(Value::None));
    let record = Record { ty: ty.clone(), values: values.collect(), unknown: Vec::new() };
    Ok(Value::Struct(Box::new(record)))
}

/// A field's type in which the struct itself stands where it is named.
fn closed(field: &Type, ty: &Arc<StructType>) -> Type {
    match field {
        Type::Recursive(name) if **name == *ty.name => Type::Struct(ty.clone()),
        Type::List(item, spelling) => Type::List(Box::new(closed(item, ty)), *spelling),
        Type::Map(item, spelling) => Type::Map(Box::new(closed(item, ty)), *spelling),
        Type::Union(variants, spelling) => {
            Type::Union(variants.iter().map(|one| closed(one, ty)).collect(), *spelling)
        }
        other => other.clone(),
    }
}

fn coerce_object(value: Value, ty: &Type) -> Result<Value, ConvertError> {
    if matches!(ty, Type::File | Type::Dir | Type::Dataset(_)) {
        let Value::Map(entries) = &value else { return Ok(value) };
        let text = |name: &str| {
            let found = entries.iter().find(|(key, _)| matches!(key, Value::Str(known) if known == name));
            found.and_then(|(_, value)| match value {
                Value::Str(text) if !text.is_empty() => Some(text.clone()),
                _ => None,
            })
        };
        let place = text("uri").or_else(|| text("path").filter(|_| !matches!(ty, Type::Dataset(_))));
        let found = Box::new(Reference {
            uri: place.unwrap_or_default(),
            format: text("format").unwrap_or_default(),
            hash: text("hash"),
            name: None,
        });
        return Ok(match ty {
            Type::File => Value::File(found),
            Type::Dir => Value::Dir(found),
            _ => Value::Dataset(found),
        });
    }
    // Everything else makes the trip through a literal.
    let literal = to_literal(&value, ty).map_err(|error| type_conversion_failed(error, "_", ty, &value))?;
    from_literal(&literal, ty)
}

/// A value as JSON that a tool can read.
pub fn serialize_json(value: &Value, ty: &Type) -> Json {
    match (unwrapped(ty), value) {
        (_, Value::File(reference)) => of_reference(reference, Some("SINGLE")),
        (_, Value::Dir(reference)) => of_reference(reference, Some("MULTIPART")),
        (_, Value::Dataset(reference)) => of_reference(reference, None),
        (Type::List(item, _), Value::List(items)) => {
            Json::Array(items.iter().map(|one| serialize_json(one, item)).collect())
        }
        (Type::Map(item, _), Value::Map(entries)) => {
            let entries =
                entries.iter().map(|(key, one)| (crate::schema::key_text(key), serialize_json(one, item)));
            Json::Object(entries.collect())
        }
        (Type::Struct(ty), Value::Struct(record)) if ty.dialect == Dialect::Dataclass => {
            let each = record.ty.fields.iter().zip(&record.values);
            let fields: Map<String, Json> =
                each.map(|(field, one)| (field.name.clone(), serialize_json(one, &field.ty))).collect();
            Json::Object(fields)
        }
        (_, value) => json_of(value, Rules::Model),
    }
}

fn of_reference(reference: &Reference, dimensionality: Option<&str>) -> Json {
    let mut fields = Map::new();
    fields.insert("uri".to_owned(), json!(reference.uri));
    fields.insert("format".to_owned(), json!(reference.format));
    if let Some(dimensionality) = dimensionality {
        fields.insert("dimensionality".to_owned(), json!(dimensionality));
        fields.insert("name".to_owned(), json!(reference.shown_name()));
    }
    if let Some(hash) = &reference.hash {
        fields.insert("hash".to_owned(), json!(hash));
    }
    Json::Object(fields)
}
