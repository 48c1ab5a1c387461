//! The dialect of models: nested classes and enumerations are referred to, enumerations are their names, and fields
//! have titles made of their names.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::{Map, Value as Json, json};

use super::defaults::{Rules, json_of, key_text};
use super::{Definitions, is_recursive, object, of_reference, reference};
use crate::constraints::Constraints;
use crate::shape::tags_of;
use crate::ty::{Default, Dialect, EnumType, Field, SequenceKind, StructType, TextKind, Type, Unknown};
use crate::value::Value;

type Schema = Map<String, Json>;

/// The schema of a whole type: only a struct that holds itself is referred to.
pub(super) fn of_root(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    if is_recursive(ty) { define(ty, definitions) } else { of_fields(ty, definitions) }
}

fn define(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    let name = definition_name(ty);
    if !definitions.contains_key(&name) {
        // The place is taken first: the class may refer to itself.
        definitions.insert(name.clone(), Json::Null);
        let schema =
            if is_array(ty) { of_named_tuple(ty, definitions)? } else { of_fields(ty, definitions)? };
        definitions.insert(name.clone(), Json::Object(schema));
    }
    Some(reference(&name))
}

/// A named tuple inside another type is an array; alone it is wrapped.
fn is_array(ty: &StructType) -> bool {
    ty.dialect == Dialect::NamedTuple
}

fn definition_name(ty: &StructType) -> String {
    let name = if is_array(ty) { ty.name.clone() } else { ty.title() };
    name.chars().map(|one| if one.is_alphanumeric() || "_.-".contains(one) { one } else { '_' }).collect()
}

fn of_fields(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = object(json!({"type": "object", "title": ty.title()}));
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in ty.fields.iter().filter(|field| field.init) {
        let name = field.alias.as_ref().unwrap_or(&field.name);
        let mut schema = of_field(field, definitions)?;
        // The model around a named tuple has to be given all of it.
        let is_required = field.default == Default::Required || is_array(ty);
        if is_required {
            schema.remove("default");
            required.push(json!(name));
        }
        properties.insert(name.clone(), Json::Object(schema));
    }
    schema.insert("properties".to_owned(), Json::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Json::Array(required));
    }
    if let Some(text) = &ty.description {
        schema.insert("description".to_owned(), json!(text));
    }
    if ty.unknown != Unknown::Dropped {
        schema.insert("additionalProperties".to_owned(), json!(ty.unknown == Unknown::Kept));
    }
    Some(schema)
}

fn of_field(field: &Field, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = of_constrained(&field.ty, &field.constraints, definitions)?;
    if is_titled(&field.ty) {
        let title = title_of(field.alias.as_ref().unwrap_or(&field.name));
        schema.insert("title".to_owned(), json!(title));
    }
    if let Default::Shown(value) = &field.default {
        schema.insert("default".to_owned(), json_of(value, Rules::Model));
    }
    // Words of the field are above those of its type.
    schema.extend(field.constraints.words.clone());
    Some(schema)
}

/// A type with rules: those of an optional type bind what is not None, those of a choice are told of the whole.
fn of_constrained(ty: &Type, constraints: &Constraints, definitions: &mut Definitions) -> Option<Schema> {
    let Type::Union(variants, spelling) = ty else {
        let mut schema = of_type(ty, definitions)?;
        schema.extend(constraints.keys_of(ty));
        return Some(schema);
    };
    let (none, given): (Vec<Type>, Vec<Type>) = variants.iter().cloned().partition(|one| *one == Type::None);
    let mut schema = match (&constraints.discriminator, given.as_slice(), none.is_empty()) {
        (Some(key), given, true) => of_tagged(given, key, definitions)?,
        (Some(_), given, false) => {
            let inner = Type::Union(given.to_vec(), *spelling);
            let rules = Constraints { words: Map::new(), ..constraints.clone() };
            optional(of_constrained(&inner, &rules, definitions)?)
        }
        (None, [one], false) => {
            let mut inner = of_type(one, definitions)?;
            inner.extend(constraints.rules_of(one));
            optional(inner)
        }
        (None, _, _) => {
            let mut schema = of_type(ty, definitions)?;
            schema.extend(constraints.named());
            schema
        }
    };
    schema.extend(constraints.words.clone());
    Some(schema)
}

fn optional(inner: Schema) -> Schema {
    object(json!({ "anyOf": [inner, {"type": "null"}] }))
}

/// One of several structs, told by the value of a field.
fn of_tagged(variants: &[Type], key: &str, definitions: &mut Definitions) -> Option<Schema> {
    let mut mapping = Map::new();
    let mut refs = Vec::new();
    for variant in variants {
        let schema = of_type(variant, definitions)?;
        let place = schema.get("$ref")?.clone();
        for value in tags_of(variant, key) {
            mapping.insert(key_text(&value), place.clone());
        }
        refs.push(Json::Object(schema));
    }
    Some(object(json!({"oneOf": refs, "discriminator": {"propertyName": key, "mapping": mapping}})))
}

/// Things that are referred to have titles of their own.
fn is_titled(ty: &Type) -> bool {
    match ty {
        Type::Union(variants, _) => {
            let given: Vec<&Type> = variants.iter().filter(|one| **one != Type::None).collect();
            match given.as_slice() {
                [one] if variants.len() == 2 => is_titled(one),
                _ => true,
            }
        }
        Type::Constrained(inner, _) => is_titled(inner),
        Type::Struct(_) | Type::Recursive(_) | Type::Enum(_) | Type::File | Type::Dir | Type::Dataset(_) => {
            false
        }
        _ => true,
    }
}

/// `some_name` as `Some Name`: a letter after anything but a letter is large, all others are small.
fn title_of(name: &str) -> String {
    let mut title = String::new();
    let mut inside = false;
    for one in name.chars().map(|one| if one == '_' { ' ' } else { one }) {
        if inside {
            title.extend(one.to_lowercase());
        } else {
            title.extend(one.to_uppercase());
        }
        inside = one.is_alphabetic();
    }
    title
}

fn of_type(ty: &Type, definitions: &mut Definitions) -> Option<Schema> {
    let simple = |name: &str| Some(object(json!({ "type": name })));
    let formatted = |format: &str| Some(object(json!({"type": "string", "format": format})));
    match ty {
        Type::None => simple("null"),
        Type::Bool => simple("boolean"),
        Type::Int => simple("integer"),
        Type::Float => simple("number"),
        Type::Str => simple("string"),
        Type::Datetime => formatted("date-time"),
        Type::Date => formatted("date"),
        Type::Time => formatted("time"),
        Type::Duration => formatted("duration"),
        Type::Bytes(_) => formatted("binary"),
        Type::Text(kind) => of_text(*kind),
        Type::Enum(ty) => Some(of_enum(ty, definitions)),
        Type::Choice(values) => Some(of_choice(values)),
        Type::Any => Some(Map::new()),
        Type::List(item, _) | Type::Sequence(item, SequenceKind::Tuple | SequenceKind::List) => {
            let item = of_type(item, definitions)?;
            Some(object(json!({"type": "array", "items": item})))
        }
        Type::Set(item, _) => {
            let item = of_type(item, definitions)?;
            Some(object(json!({"type": "array", "items": item, "uniqueItems": true})))
        }
        Type::Tuple(items, _) => {
            let items = items.iter().map(|item| Some(Json::Object(of_type(item, definitions)?)));
            let items = items.collect::<Option<Vec<_>>>()?;
            let count = items.len();
            Some(object(json!({"type": "array", "prefixItems": items, "minItems": count, "maxItems": count})))
        }
        Type::Map(item, _) => of_map(&Type::Str, item, definitions),
        Type::Dict(None, _) => of_map(&Type::Str, &Type::Any, definitions),
        Type::Dict(Some(pair), _) => of_map(&pair.0, &pair.1, definitions),
        Type::Union(variants, _) => of_union(variants, definitions),
        Type::Constrained(inner, constraints) => of_constrained(inner, constraints, definitions),
        Type::Recursive(name) => {
            // A dictionary with known keys is defined under the name of its wrapper.
            let wrapped = format!("Wrapper_{name}");
            let known = definitions.keys().find(|known| known.ends_with(&wrapped));
            Some(reference(known.map_or(name, String::as_str)))
        }
        Type::File | Type::Dir | Type::Dataset(_) => {
            let (kind, mut schema) = of_reference(ty)?;
            schema.insert("x-flyte-type".to_owned(), json!(kind));
            let name = schema.get("title").and_then(Json::as_str).unwrap_or_default().to_owned();
            definitions.insert(name.clone(), Json::Object(schema));
            Some(reference(&name))
        }
        Type::Struct(inner) => define(inner, definitions),
        Type::Pickle(_) | Type::Message(_) => None,
    }
}

fn of_union(variants: &[Type], definitions: &mut Definitions) -> Option<Schema> {
    // None goes last, wherever it stood.
    let (none, given): (Vec<&Type>, Vec<&Type>) = variants.iter().partition(|one| **one == Type::None);
    let ordered = given.into_iter().chain(none);
    let variants = ordered.map(|one| Some(Json::Object(of_type(one, definitions)?)));
    Some(object(json!({ "anyOf": variants.collect::<Option<Vec<_>>>()? })))
}

/// Keys have a schema only when they are more than text.
fn of_map(key: &Type, item: &Type, definitions: &mut Definitions) -> Option<Schema> {
    let mut schema = object(json!({"type": "object"}));
    let mut values = of_type(item, definitions)?;
    values.remove("title");
    let values = if values.is_empty() { json!(true) } else { Json::Object(values) };
    schema.insert("additionalProperties".to_owned(), values);
    let mut names = of_type(key, definitions)?;
    names.remove("title");
    if names.contains_key("$ref") || (names.get("type") == Some(&json!("string")) && names.len() > 1) {
        names.remove("type");
        schema.insert("propertyNames".to_owned(), Json::Object(names));
    }
    Some(schema)
}

fn of_enum(ty: &EnumType, definitions: &mut Definitions) -> Schema {
    if !definitions.contains_key(&ty.name) {
        let names: Vec<&String> = ty.members.iter().map(|(name, _)| name).collect();
        let mut schema = object(json!({"title": ty.name, "enum": names}));
        let values: Vec<&Value> = ty.members.iter().map(|(_, value)| value).collect();
        if let Some(kind) = type_of_all(&values) {
            schema.insert("type".to_owned(), json!(kind));
        }
        definitions.insert(ty.name.clone(), Json::Object(schema));
    }
    reference(&ty.name)
}

fn of_choice(values: &[Value]) -> Schema {
    let shown: Vec<Json> = values.iter().map(|value| json_of(value, Rules::Model)).collect();
    let mut schema = match shown.as_slice() {
        [one] => object(json!({ "const": one })),
        _ => object(json!({ "enum": shown })),
    };
    if let Some(kind) = type_of_all(&values.iter().collect::<Vec<_>>()) {
        schema.insert("type".to_owned(), json!(kind));
    }
    schema
}

fn type_of_all(values: &[&Value]) -> Option<&'static str> {
    let of = |value: &Value| match value {
        Value::Str(_) => Some("string"),
        Value::Int(_) => Some("integer"),
        Value::Float(_) => Some("number"),
        Value::Bool(_) => Some("boolean"),
        _ => None,
    };
    let of = |value: &Value| of(value.member().map_or(value, |(_, inner)| inner));
    let first = of(values.first()?)?;
    values.iter().all(|value| of(value) == Some(first)).then_some(first)
}

fn of_named_tuple(ty: &StructType, definitions: &mut Definitions) -> Option<Schema> {
    let items = ty.fields.iter().map(|field| Some(Json::Object(of_field(field, definitions)?)));
    let items = items.collect::<Option<Vec<_>>>()?;
    let least = ty.fields.iter().filter(|field| field.default == Default::Required).count();
    Some(object(json!({
        "type": "array",
        "prefixItems": items,
        "minItems": least,
        "maxItems": ty.fields.len(),
    })))
}

fn of_text(kind: TextKind) -> Option<Schema> {
    let format = match kind {
        TextKind::Decimal => {
            return Some(object(json!({"anyOf": [{"type": "number"}, {"type": "string"}]})));
        }
        TextKind::Uuid => "uuid",
        TextKind::Path => "path",
        TextKind::Ipv4 => "ipv4",
        TextKind::Fraction | TextKind::Timezone => return None,
    };
    Some(object(json!({"type": "string", "format": format})))
}
