//! The dialect of dataclasses: nested classes stand where they are used, enumerations are their values, and no field
//! has a title.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::{Map, Value as Json, json};

use super::defaults::{Rules, json_of};
use super::{Definitions, is_recursive, model, object, of_reference, reference};
use crate::ty::{Default, Dialect, Field, SequenceKind, StructType, TextKind, Type};

type Schema = Map<String, Json>;

/// The schema of a class; none if a field's type is not supported.
pub(super) fn of_struct(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    if !is_recursive(ty) {
        return of_fields(ty, definitions);
    }
    if !definitions.contains_key(&ty.name) {
        // The place is taken first: the class refers to itself.
        definitions.insert(ty.name.clone(), Json::Null);
        let schema = of_fields(ty, definitions)?;
        definitions.insert(ty.name.clone(), Json::Object(schema));
    }
    Some(reference(&ty.name))
}

fn of_fields(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = object(json!({"type": "object", "title": ty.name, "additionalProperties": false}));
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in ty.fields.iter().filter(|field| field.init) {
        properties.insert(field.name.clone(), Json::Object(of_field(field, definitions)?));
        if field.default == Default::Required {
            required.push(json!(field.name));
        }
    }
    if !properties.is_empty() {
        schema.insert("properties".to_owned(), Json::Object(properties));
    }
    if !required.is_empty() {
        schema.insert("required".to_owned(), Json::Array(required));
    }
    Some(schema)
}

fn of_field(field: &Field, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = of_type(&field.ty, definitions)?;
    if let Default::Shown(value) = &field.default {
        schema.insert("default".to_owned(), json_of(value, Rules::Dataclass));
    }
    if let Some(text) = field.constraints.words.get("description") {
        schema.insert("description".to_owned(), text.clone());
    }
    Some(schema)
}

fn of_type(ty: &Type, definitions: &mut Definitions) -> Option<Schema> {
    let simple = |name: &str| Some(object(json!({ "type": name })));
    let formatted = |name: &str, format: &str| Some(object(json!({"type": name, "format": format})));
    match ty {
        Type::None => simple("null"),
        Type::Bool => simple("boolean"),
        Type::Int => simple("integer"),
        Type::Float => simple("number"),
        Type::Str => simple("string"),
        Type::Datetime => formatted("string", "date-time"),
        Type::Date => formatted("string", "date"),
        Type::Time => formatted("string", "time"),
        Type::Duration => formatted("number", "time-delta"),
        Type::Bytes(_) => formatted("string", "base64"),
        Type::Text(kind) => Some(of_text(*kind)),
        Type::Enum(ty) => {
            let values = ty.members.iter().map(|(_, value)| json_of(value, Rules::Dataclass));
            Some(object(json!({ "enum": values.collect::<Vec<_>>() })))
        }
        Type::Choice(values) => {
            let values: Vec<Json> = values.iter().map(|value| json_of(value, Rules::Dataclass)).collect();
            Some(match values.as_slice() {
                [only] => object(json!({ "const": only })),
                _ => object(json!({ "enum": values })),
            })
        }
        Type::Any => Some(Map::new()),
        Type::List(item, _) | Type::Sequence(item, SequenceKind::Tuple | SequenceKind::List) => {
            of_items(item, definitions)
        }
        Type::Set(item, _) => {
            let mut schema = of_items(item, definitions)?;
            schema.insert("uniqueItems".to_owned(), json!(true));
            Some(schema)
        }
        Type::Tuple(items, _) => {
            let items = items.iter().map(|item| Some(Json::Object(of_type(item, definitions)?)));
            Some(prefixed(items.collect::<Option<Vec<_>>>()?))
        }
        Type::Map(item, _) => of_map(&Type::Str, item, definitions),
        Type::Dict(None, _) => simple("object"),
        Type::Dict(Some(pair), _) => of_map(&pair.0, &pair.1, definitions),
        Type::Union(variants, _) => {
            let variants = variants.iter().map(|one| Some(Json::Object(of_type(one, definitions)?)));
            Some(object(json!({ "anyOf": variants.collect::<Option<Vec<_>>>()? })))
        }
        Type::Constrained(inner, _) => of_type(inner, definitions),
        Type::Recursive(name) => Some(reference(name)),
        Type::File | Type::Dir | Type::Dataset(_) => of_reference(ty).map(|(_, schema)| schema),
        Type::Struct(inner) => of_nested(inner, definitions),
        Type::Pickle(_) | Type::Message(_) => None,
    }
}

fn of_nested(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    match ty.dialect {
        Dialect::Dataclass => of_struct(ty, definitions),
        Dialect::Model => model::of_root(ty, definitions),
        Dialect::NamedTuple | Dialect::Tuple => {
            let items = ty.fields.iter().map(|field| Some(Json::Object(of_field(field, definitions)?)));
            Some(prefixed(items.collect::<Option<Vec<_>>>()?))
        }
        Dialect::TypedDict => None,
    }
}

fn prefixed(items: Vec<Json>) -> Schema {
    let count = items.len();
    object(json!({"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}))
}

fn of_items(item: &Type, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = object(json!({"type": "array"}));
    let items = of_type(item, definitions)?;
    if !items.is_empty() {
        schema.insert("items".to_owned(), Json::Object(items));
    }
    Some(schema)
}

fn of_map(key: &Type, item: &Type, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = object(json!({"type": "object"}));
    let values = of_type(item, definitions)?;
    if !values.is_empty() {
        schema.insert("additionalProperties".to_owned(), Json::Object(values));
    }
    let names = of_type(key, definitions)?;
    if !names.is_empty() {
        schema.insert("propertyNames".to_owned(), Json::Object(names));
    }
    Some(schema)
}

fn of_text(kind: TextKind) -> Schema {
    let format = match kind {
        TextKind::Decimal => "decimal",
        TextKind::Uuid => "uuid",
        TextKind::Path => "path",
        TextKind::Ipv4 => "ipv4",
        TextKind::Fraction => "fraction",
        TextKind::Timezone => {
            return object(json!({"type": "string", "pattern": "^UTC([+-][0-2][0-9]:[0-5][0-9])?$"}));
        }
    };
    object(json!({"type": "string", "format": format}))
}
