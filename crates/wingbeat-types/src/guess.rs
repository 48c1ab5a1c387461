//! The inverse of `literal_type`: a type for what the wire says, as a client without the source of a task makes one.
//! Not the type that was there: dates are moments, enumerations inside structs are text.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

mod fields;

use serde_json::{Map, Value as Json};
use std::collections::HashSet;

use wingbeat_proto::flyteidl2::core::literal_type::Type as Kind;
use wingbeat_proto::flyteidl2::core::{BlobType, LiteralType, SimpleType};

use crate::error::{ConvertError, ConvertErrorKind};
use crate::launch_form::from_struct;
use crate::literal_type::PICKLE_FORMAT;
use crate::ty::{Dialect, EnumKind, EnumType, Spelling, StructType, Type};
use crate::value::Value;
use crate::words::multipart;

use fields::Reader;

/// How deep a type may be nested.
pub(crate) const MAX_DEPTH: usize = 100;

/// A type for a literal type.
///
/// # Errors
/// [`ConvertError`] for a literal type that stands for none.
pub fn guess(wire: &LiteralType) -> Result<Type, ConvertError> {
    at_depth(wire, 0)
}

fn at_depth(wire: &LiteralType, depth: usize) -> Result<Type, ConvertError> {
    if depth > MAX_DEPTH {
        let message = format!("the type is nested deeper than {MAX_DEPTH} levels");
        return Err(ConvertError::new(ConvertErrorKind::Limit, message));
    }
    let tag = wire.structure.tag.as_str();
    match &wire.r#type {
        Some(Kind::Simple(simple)) => match simple.as_known() {
            Some(SimpleType::NONE) => Ok(Type::None),
            Some(SimpleType::INTEGER) => Ok(Type::Int),
            Some(SimpleType::FLOAT) => Ok(Type::Float),
            Some(SimpleType::STRING) => Ok(Type::Str),
            Some(SimpleType::BOOLEAN) => Ok(Type::Bool),
            Some(SimpleType::DATETIME) if tag == "date" => Ok(Type::Date),
            Some(SimpleType::DATETIME) => Ok(Type::Datetime),
            Some(SimpleType::DURATION) => Ok(Type::Duration),
            Some(SimpleType::BINARY) => Ok(pickle()),
            Some(SimpleType::STRUCT) => of_struct(wire),
            Some(SimpleType::ERROR) | None => Err(none_for()),
        },
        Some(Kind::CollectionType(item)) => {
            Ok(Type::List(Box::new(at_depth(item, depth + 1)?), Spelling::Typing))
        }
        Some(Kind::MapValueType(item)) => {
            Ok(Type::Map(Box::new(at_depth(item, depth + 1)?), Spelling::Typing))
        }
        Some(Kind::Blob(blob)) => Ok(of_blob(blob)),
        Some(Kind::EnumType(values)) => Ok(of_enum(&values.values)),
        Some(Kind::StructuredDatasetType(_)) => Ok(dataset()),
        Some(Kind::UnionType(union)) => {
            let variants = union.variants.iter().map(|one| at_depth(one, depth + 1));
            let variants = variants.collect::<Result<Vec<_>, _>>()?;
            if variants.is_empty() {
                let message = "Cannot take a Union of no types.";
                return Err(ConvertError::new(ConvertErrorKind::Type, message));
            }
            Ok(Type::union(variants))
        }
        Some(Kind::Schema(_)) | None => Err(none_for()),
    }
}

fn none_for() -> ConvertError {
    ConvertError::new(ConvertErrorKind::Value, "No transformers could reverse Flyte literal type")
}

fn pickle() -> Type {
    Type::Pickle("FlytePickle".to_owned())
}

fn dataset() -> Type {
    Type::Dataset(Box::default())
}

fn of_blob(blob: &BlobType) -> Type {
    if multipart(blob) {
        Type::Dir
    } else if blob.format == PICKLE_FORMAT {
        pickle()
    } else {
        Type::File
    }
}

fn of_enum(values: &[String]) -> Type {
    // A name that comes again is the same member.
    let mut known = HashSet::new();
    let fresh = values.iter().filter(|value| known.insert(value.as_str()));
    let members = fresh.map(|value| (value.clone(), Value::Str(value.clone()))).collect();
    let ty =
        EnumType { name: "DynamicEnum".to_owned(), module: String::new(), kind: EnumKind::Plain, members };
    Type::Enum(ty.into())
}

fn of_struct(wire: &LiteralType) -> Result<Type, ConvertError> {
    let Some(metadata) = wire.metadata.as_option() else {
        return Ok(Type::Dict(None, Spelling::Builtin));
    };
    let Json::Object(schema) = from_struct(metadata) else { return Err(none_for()) };
    let tag = wire.structure.tag.as_str();
    let title = schema.get("title").and_then(Json::as_str);
    let Some(title) = title else { return Err(none_for()) };
    let mut reader = Reader::new(&schema);
    if tag == "Pydantic Transformer" {
        return reader.model(&schema);
    }
    for (prefix, dialect) in [
        ("TupleWrapper_", Dialect::Tuple),
        ("NamedTupleWrapper_", Dialect::NamedTuple),
        ("TypedDictWrapper_", Dialect::TypedDict),
    ] {
        if let Some(name) = title.strip_prefix(prefix) {
            return reader.wrapped(&schema, name, dialect);
        }
    }
    if wire.structure.as_option().is_some() && tag != "Object-Dataclass-Transformer" {
        return Err(none_for());
    }
    reader.dataclass(&schema, title)
}

/// A file, a folder or a table, told by its schema.
fn registered(schema: &Map<String, Json>) -> Option<Type> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Json::as_array)
        .map(|names| names.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let has = |name: &str| schema.get("properties").and_then(|known| known.get(name)).is_some();
    if schema.get("type").and_then(Json::as_str) != Some("object") {
        return None;
    }
    match schema.get("title").and_then(Json::as_str)? {
        "File" if required == ["path"] => Some(Type::File),
        "Dir" if required == ["path"] => Some(Type::Dir),
        "DataFrame" if has("uri") && has("format") => Some(dataset()),
        _ => None,
    }
}

/// A struct without anything that Python would know of it.
fn bare_struct(name: &str, dialect: Dialect) -> StructType {
    StructType { dialect, ..StructType::dataclass(name, Vec::new()) }
}

#[cfg(test)]
mod tests;
