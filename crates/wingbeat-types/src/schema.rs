//! JSON schemas of structs, which are a part of their literal types and so of every cache key. Two dialects: that of
//! dataclasses (mashumaro's) inlines what is nested, that of models (pydantic's) refers to it.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

mod dataclass;
mod defaults;
mod model;

use serde_json::{Map, Value as Json, json};

pub(crate) use defaults::{Rules, duration_text, json_of, key_text, seconds};

use crate::ty::{Dialect, StructType, Type};

/// Schemas of the structs that are referred to, by name.
type Definitions = Map<String, Json>;

/// The schema of a struct; none if a field cannot be described.
pub fn of_struct(ty: &StructType) -> Option<Json> {
    let mut definitions = Definitions::new();
    let mut root = match ty.dialect {
        Dialect::Dataclass => dataclass::of_struct(ty, &mut definitions)?,
        Dialect::Model | Dialect::Tuple | Dialect::NamedTuple | Dialect::TypedDict => {
            model::of_root(ty, &mut definitions)?
        }
    };
    if !definitions.is_empty() {
        root.insert("$defs".to_owned(), Json::Object(definitions));
    }
    Some(Json::Object(root))
}

/// Does a struct hold itself?
fn is_recursive(ty: &StructType) -> bool {
    ty.fields.iter().any(|field| refers_to(&field.ty, &ty.name))
}

fn refers_to(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Recursive(known) => **known == *name,
        Type::List(item, _)
        | Type::Map(item, _)
        | Type::Set(item, _)
        | Type::Sequence(item, _)
        | Type::Constrained(item, _) => refers_to(item, name),
        Type::Dict(Some(pair), _) => refers_to(&pair.0, name) || refers_to(&pair.1, name),
        Type::Union(items, _) | Type::Tuple(items, _) => items.iter().any(|item| refers_to(item, name)),
        Type::Struct(ty) => ty.fields.iter().any(|field| refers_to(&field.ty, name)),
        _ => false,
    }
}

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn reference(name: &str) -> Map<String, Json> {
    object(json!({ "$ref": format!("#/$defs/{name}") }))
}

/// What stands for a file, a folder or a table inside a struct.
fn of_reference(ty: &Type) -> Option<(&'static str, Map<String, Json>)> {
    let text_or_null = json!([{"type": "string"}, {"type": "null"}]);
    let hash = json!({"anyOf": text_or_null, "default": null, "title": "Hash"});
    let located = |title: &str, what: &str| {
        json!({
            "type": "object",
            "title": title,
            "description": format!("A {what} reference with an optional format type."),
            "properties": {
                "path": {"title": "Path", "type": "string"},
                "name": {"anyOf": text_or_null, "default": null, "title": "Name"},
                "format": {"default": "", "title": "Format", "type": "string"},
                "hash": hash,
            },
            "required": ["path"],
        })
    };
    let (kind, schema) = match ty {
        Type::File => ("file", located("File", "file")),
        Type::Dir => ("dir", located("Dir", "directory")),
        Type::Dataset(_) => (
            "dataframe",
            json!({
                "type": "object",
                "title": "DataFrame",
                "description": "A tabular data reference backed by a remote file.",
                "properties": {
                    "uri": {"anyOf": text_or_null, "default": null, "title": "Uri"},
                    "format": {"anyOf": text_or_null, "default": "", "title": "Format"},
                    "hash": hash,
                },
            }),
        ),
        _ => return None,
    };
    Some((kind, object(schema)))
}

#[cfg(test)]
mod tests;
