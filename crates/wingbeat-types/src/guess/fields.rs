//! Fields of structs from their schema. Two ways, as in the client: a dataclass inlines everything and takes the first of
//! several types; a model keeps models, but what lies in its lists and dictionaries becomes dataclasses.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::{Map, Value as Json};

use super::{MAX_DEPTH, bare_struct, registered};
use crate::error::{ConvertError, ConvertErrorKind};
use crate::json_value::of_json;
use crate::ty::{Default, Dialect, Field, Spelling, Type, Unknown};
use crate::value::{Record, Value};

type Schema = Map<String, Json>;

/// What is known while a schema is read.
pub(super) struct Reader<'s> {
    definitions: Option<&'s Schema>,
    /// Names of definitions that are being read: one that comes again refers to itself.
    open: Vec<String>,
    depth: usize,
}

impl<'s> Reader<'s> {
    pub(super) fn new(root: &'s Schema) -> Self {
        let definitions = root.get("$defs").or_else(|| root.get("definitions")).and_then(Json::as_object);
        Self { definitions, open: Vec::new(), depth: 0 }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ConvertError>,
    ) -> Result<T, ConvertError> {
        if self.depth >= MAX_DEPTH {
            let message = format!("the schema is nested deeper than {MAX_DEPTH} levels");
            return Err(ConvertError::new(ConvertErrorKind::Limit, message));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    /// The definition that a reference names.
    fn defined(&self, schema: &Schema) -> Option<(String, Option<&'s Schema>)> {
        let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?.to_owned();
        let found = self.definitions.and_then(|known| known.get(&name)).and_then(Json::as_object);
        Some((name, found))
    }

    /// A struct behind a name; one that is being read already is named only.
    fn named(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Result<Type, ConvertError>,
    ) -> Result<Type, ConvertError> {
        if self.open.iter().any(|open| open == name) {
            return Ok(Type::Recursive(name.into()));
        }
        self.open.push(name.to_owned());
        let ty = self.deeper(read);
        self.open.pop();
        ty
    }

    /// A dataclass with the fields of a schema.
    pub(super) fn dataclass(&mut self, schema: &Schema, name: &str) -> Result<Type, ConvertError> {
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
            return Err(ConvertError::new(ConvertErrorKind::Key, "'properties'"));
        };
        let mut ty = bare_struct(name, Dialect::Dataclass);
        for key in ordered(schema, properties) {
            let property = &properties[&key];
            let Some(found) = self.deeper(|reader| reader.property(&key, property))? else { continue };
            refuse_keyword(&key)?;
            ty.fields.push(field(&key, found, property, schema, Dialect::Dataclass));
        }
        Ok(Type::of(ty))
    }

    /// A model with the fields of a schema.
    pub(super) fn model(&mut self, schema: &Schema) -> Result<Type, ConvertError> {
        let title = schema.get("title").and_then(Json::as_str).unwrap_or("DynamicModel");
        let mut ty = bare_struct(title, Dialect::Model);
        ty.unknown = Unknown::Kept;
        let none = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&none);
        for key in ordered(schema, properties) {
            let property = &properties[&key];
            let found = self.deeper(|reader| reader.model_element(property))?;
            ty.fields.push(field(&key, found, property, schema, Dialect::Model));
        }
        Ok(Type::of(ty))
    }

    /// A tuple, a named tuple or a dictionary, which travels as the model that wraps it.
    pub(super) fn wrapped(
        &mut self,
        schema: &Schema,
        name: &str,
        dialect: Dialect,
    ) -> Result<Type, ConvertError> {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&none);
        let mut ty = bare_struct(name, dialect);
        let mut keys = ordered(schema, properties);
        if dialect == Dialect::Tuple {
            keys.retain(|key| key.starts_with("item_"));
            keys.sort_by_key(|key| key["item_".len()..].parse::<usize>().unwrap_or(usize::MAX));
            if keys.is_empty() {
                return Err(ConvertError::new(ConvertErrorKind::Value, "No tuple elements found in schema"));
            }
        }
        for key in keys {
            let property = &properties[&key];
            let found = self.deeper(|reader| reader.wrapped_element(property, dialect))?;
            ty.fields.push(field(&key, found, property, schema, dialect));
        }
        Ok(Type::of(ty))
    }

    fn wrapped_element(&mut self, property: &Json, dialect: Dialect) -> Result<Type, ConvertError> {
        let Some(schema) = property.as_object() else { return Ok(Type::Any) };
        if let Some((name, found)) = self.defined(schema) {
            let Some(found) = found else { return Ok(Type::Any) };
            let title = found.get("title").and_then(Json::as_str).unwrap_or(&name).to_owned();
            let prefix = match dialect {
                Dialect::Tuple => "TupleWrapper_",
                Dialect::NamedTuple => "NamedTupleWrapper_",
                _ => "TypedDictWrapper_",
            };
            return self.named(&name, |reader| match title.strip_prefix(prefix) {
                Some(inner) => reader.wrapped(found, inner, dialect),
                None => reader.dataclass(found, &name),
            });
        }
        match schema.get("type").and_then(Json::as_str) {
            Some("array") => self.wrapped_list(schema, dialect),
            Some("object") => match schema.get("additionalProperties") {
                Some(item) => {
                    let item = self.deeper(|reader| reader.wrapped_element(item, dialect))?;
                    Ok(Type::Map(Box::new(item), Spelling::Typing))
                }
                None => Ok(Type::Map(Box::new(Type::Any), Spelling::Typing)),
            },
            Some("string") => Ok(Type::Str),
            Some("integer") => Ok(Type::Int),
            Some("number") => Ok(Type::Float),
            Some("boolean") => Ok(Type::Bool),
            _ => Ok(Type::Any),
        }
    }

    fn wrapped_list(&mut self, schema: &Schema, dialect: Dialect) -> Result<Type, ConvertError> {
        if let Some(items) = schema.get("prefixItems").and_then(Json::as_array) {
            let items = items.iter().map(|item| self.deeper(|reader| reader.wrapped_element(item, dialect)));
            return Ok(Type::Tuple(items.collect::<Result<_, _>>()?, Spelling::Builtin));
        }
        let item = match schema.get("items") {
            Some(item) => self.deeper(|reader| reader.wrapped_element(item, dialect))?,
            None => Type::Any,
        };
        Ok(Type::List(Box::new(item), Spelling::Typing))
    }

    /// The type of a dataclass's field; none for a reference to nothing.
    fn property(&mut self, key: &str, property: &Json) -> Result<Option<Type>, ConvertError> {
        let Some(schema) = property.as_object() else { return Ok(Some(Type::Any)) };
        if schema.contains_key("oneOf") {
            return self.element(property).map(Some);
        }
        if let Some((_, found)) = self.defined(schema) {
            return if found.is_some() { self.element(property).map(Some) } else { Ok(None) };
        }
        let variants = schema.get("anyOf").and_then(Json::as_array).filter(|list| !list.is_empty());
        if let Some(variants) = variants {
            let given = given_of(variants);
            let optional = given.len() < variants.len();
            let first = given.first().copied().unwrap_or(&variants[0]);
            if let Some(inner) = first.as_object()
                && is_object(inner)
            {
                let inner = self.object(key, inner)?;
                return Ok(Some(if optional { Type::union(vec![inner, Type::None]) } else { inner }));
            }
            return self.element(property).map(Some);
        }
        if is_filled(schema.get("enum")) {
            return Ok(Some(Type::Str));
        }
        if schema.get("type").and_then(Json::as_str) == Some("object") {
            return self.object(key, schema).map(Some);
        }
        self.element(property).map(Some)
    }

    /// A field that holds an object: a dictionary, a registered type, or a class of its own.
    fn object(&mut self, key: &str, schema: &Schema) -> Result<Type, ConvertError> {
        if let Some((name, found)) = self.defined(schema) {
            let Some(found) = found else { return self.dataclass(schema, key) };
            return self.element_of(&name, found);
        }
        if is_filled(schema.get("additionalProperties")) {
            return self.element(&Json::Object(schema.clone()));
        }
        if let Some(known) = registered(schema) {
            return Ok(known);
        }
        match schema.get("title").and_then(Json::as_str) {
            Some(title) => self.dataclass(schema, title),
            None => Ok(Type::Dict(None, Spelling::Builtin)),
        }
    }

    fn element_of(&mut self, name: &str, schema: &Schema) -> Result<Type, ConvertError> {
        if is_filled(schema.get("enum")) {
            return Ok(Type::Str);
        }
        if let Some(known) = registered(schema) {
            return Ok(known);
        }
        self.named(name, |reader| reader.dataclass(schema, name))
    }

    /// What a list or a dictionary holds.
    fn element(&mut self, property: &Json) -> Result<Type, ConvertError> {
        let Some(schema) = property.as_object() else { return Ok(Type::Any) };
        if let Some(known) = registered(schema) {
            return Ok(known);
        }
        if let Some((name, found)) = self.defined(schema) {
            return found.map_or(Ok(Type::Str), |found| self.element_of(&name, found));
        }
        if let Some(variants) = schema.get("anyOf").and_then(Json::as_array).filter(|list| !list.is_empty()) {
            return self.first_of(variants, Self::element);
        }
        if let Some(variants) = schema.get("oneOf").and_then(Json::as_array).filter(|list| !list.is_empty()) {
            return self.any_of(variants, Self::element);
        }
        Ok(match schema.get("type").and_then(Json::as_str).unwrap_or("string") {
            "integer" => Type::Int,
            "boolean" => Type::Bool,
            "number" if schema.get("format").and_then(Json::as_str) == Some("integer") => Type::Int,
            "number" => Type::Float,
            "array" => {
                let none = Json::Object(Map::new());
                let items = schema.get("items").unwrap_or(&none);
                Type::List(Box::new(self.deeper(|reader| reader.element(items))?), Spelling::Typing)
            }
            "object" => match schema.get("additionalProperties").filter(|one| is_filled(Some(one))) {
                Some(item) => {
                    Type::Map(Box::new(self.deeper(|reader| reader.element(item))?), Spelling::Typing)
                }
                None => Type::Dict(None, Spelling::Builtin),
            },
            "null" => Type::None,
            _ => Type::Str,
        })
    }

    /// Of several types the first; None beside it makes it optional.
    fn first_of(
        &mut self,
        variants: &[Json],
        read: fn(&mut Self, &Json) -> Result<Type, ConvertError>,
    ) -> Result<Type, ConvertError> {
        let given = given_of(variants);
        let Some(first) = given.first() else { return Ok(Type::None) };
        let inner = self.deeper(|reader| read(reader, first))?;
        Ok(if given.len() < variants.len() { Type::union(vec![inner, Type::None]) } else { inner })
    }

    fn any_of(
        &mut self,
        variants: &[Json],
        read: fn(&mut Self, &Json) -> Result<Type, ConvertError>,
    ) -> Result<Type, ConvertError> {
        let given = given_of(variants);
        let mut types =
            given.iter().map(|one| self.deeper(|reader| read(reader, one))).collect::<Result<Vec<_>, _>>()?;
        if given.len() < variants.len() {
            types.push(Type::None);
        }
        Ok(Type::union(types))
    }

    /// What a model holds: models where they are its own fields.
    fn model_element(&mut self, property: &Json) -> Result<Type, ConvertError> {
        let Some(schema) = property.as_object() else { return Ok(Type::Any) };
        if let Some(known) = registered(schema) {
            return Ok(known);
        }
        if let Some((name, found)) = self.defined(schema) {
            let Some(found) = found else { return Ok(Type::Str) };
            if is_filled(found.get("enum")) {
                return Ok(Type::Str);
            }
            if let Some(known) = registered(found) {
                return Ok(known);
            }
            return self.named(&name, |reader| reader.model(found));
        }
        if let Some(variants) = schema.get("anyOf").and_then(Json::as_array).filter(|list| !list.is_empty()) {
            return self.first_of(variants, Self::model_element);
        }
        if let Some(variants) = schema.get("oneOf").and_then(Json::as_array).filter(|list| !list.is_empty()) {
            return self.any_of(variants, Self::model_element);
        }
        let is_class = schema.get("type").and_then(Json::as_str) == Some("object")
            && !is_filled(schema.get("additionalProperties"))
            && schema.contains_key("title");
        // A dictionary has a title, too, when it is a field; only a class has properties.
        if is_class { self.model(schema) } else { self.element(property) }
    }
}

fn given_of(variants: &[Json]) -> Vec<&Json> {
    variants.iter().filter(|one| one.get("type").and_then(Json::as_str) != Some("null")).collect()
}

fn is_object(schema: &Schema) -> bool {
    schema.get("type").and_then(Json::as_str) == Some("object")
        || (!schema.contains_key("type") && schema.contains_key("$ref"))
}

/// Is it there, and neither false nor empty?
fn is_filled(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null | Json::Bool(false)) => false,
        Some(Json::Object(fields)) => !fields.is_empty(),
        Some(Json::Array(items)) => !items.is_empty(),
        Some(Json::String(text)) => !text.is_empty(),
        Some(Json::Bool(true) | Json::Number(_)) => true,
    }
}

/// Fields that are required, in their order, and then the others by name: a struct of the wire has no order.
/// Python makes no class with a field that its own source could not name.
fn refuse_keyword(name: &str) -> Result<(), ConvertError> {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    if !KEYWORDS.contains(&name) {
        return Ok(());
    }
    let message = format!("Field names must not be keywords: '{name}'");
    Err(ConvertError::new(ConvertErrorKind::Type, message))
}

fn ordered(schema: &Schema, properties: &Schema) -> Vec<String> {
    let mut keys = required(schema);
    keys.retain(|key| properties.contains_key(key));
    let mut rest: Vec<String> = properties.keys().filter(|key| !keys.contains(key)).cloned().collect();
    rest.sort();
    keys.extend(rest);
    keys
}

fn required(schema: &Schema) -> Vec<String> {
    let names = schema.get("required").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// A field with the default that its schema shows, or with one that can be made.
fn field(name: &str, ty: Type, property: &Json, schema: &Schema, dialect: Dialect) -> Field {
    if let Some(default) = property.get("default") {
        let value = of_json(default);
        let made = dialect == Dialect::Dataclass && matches!(value, Value::List(_) | Value::Map(_));
        let default = if made { Default::Made(value) } else { Default::Shown(value) };
        return Field::with_default(name, ty, default);
    }
    if required(schema).iter().any(|known| known == name) {
        return Field::required(name, ty);
    }
    let made = match &ty {
        Type::List(..) => Some(Value::List(Vec::new())),
        Type::Map(..) | Type::Dict(..) => Some(Value::Map(Vec::new())),
        Type::Struct(inner) => {
            let values: Option<Vec<Value>> =
                inner.fields.iter().map(|field| field.default.value().cloned()).collect();
            values.map(|values| {
                Value::Struct(Box::new(Record { ty: inner.clone(), values, unknown: Vec::new() }))
            })
        }
        _ => None,
    };
    match made {
        Some(value) => Field::with_default(name, ty, Default::Made(value)),
        None => Field::with_default(name, Type::union(vec![ty, Type::None]), Default::Shown(Value::None)),
    }
}
