//! JSON schemas of structs, as the Python SDK makes them of dataclasses.

use std::any::TypeId;
use std::cell::RefCell;

use serde_json::{Map, Value as Json, json};

use super::{Packer, Unpacker, Value};

thread_local! {
    /// Structs whose schema is being made, from the outside in, and whether one of their fields led back to them.
    static OPEN: RefCell<Vec<(TypeId, bool)>> = const { RefCell::new(Vec::new()) };
}

/// A schema to which fields are added in their order.
#[derive(Debug)]
pub struct ObjectSchema {
    properties: Map<String, Json>,
    required: Vec<String>,
}

impl ObjectSchema {
    /// The schema of struct `T`, to which `fields` adds the fields. A struct that holds itself refers to its definition.
    pub fn of<T: 'static>(title: &str, fields: impl FnOnce(Self) -> Self) -> Json {
        let id = TypeId::of::<T>();
        let reference = json!({"$ref": format!("#/$defs/{title}")});
        let is_open = OPEN.with_borrow_mut(|open| {
            let found = open.iter_mut().find(|(one, _)| *one == id);
            found.map(|(_, recursive)| *recursive = true).is_some()
        });
        if is_open {
            return reference;
        }
        OPEN.with_borrow_mut(|open| open.push((id, false)));
        let schema = fields(Self { properties: Map::new(), required: Vec::new() }).finish(title);
        let recursive = OPEN.with_borrow_mut(Vec::pop).is_some_and(|(_, recursive)| recursive);
        if !recursive {
            return schema;
        }
        json!({"$ref": format!("#/$defs/{title}"), "$defs": {title: schema}})
    }

    /// A field that every value has.
    #[must_use]
    pub fn required<T: Value>(mut self, key: &str, description: &str) -> Self {
        self.required.push(key.to_owned());
        self.field(key, description, T::schema())
    }

    /// A field that has a default.
    #[must_use]
    pub fn optional<T: Value>(self, key: &str, description: &str, default: &T) -> Self {
        let mut schema = T::schema();
        let mut out = Packer::default();
        // A default without a JSON form stays out of the schema; Python leaves out defaults of factories.
        let packed = default.pack(&mut out).ok().map(|()| out.finish());
        if let Some(default) = packed.and_then(|bytes| Unpacker::new(&bytes).json().ok())
            && let Some(schema) = schema.as_object_mut()
        {
            schema.insert("default".to_owned(), default);
        }
        self.field(key, description, schema)
    }

    fn field(mut self, key: &str, description: &str, mut schema: Json) -> Self {
        if !description.is_empty()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.insert("description".to_owned(), description.into());
        }
        self.properties.insert(key.to_owned(), schema);
        self
    }

    fn finish(self, title: &str) -> Json {
        let mut schema = json!({"type": "object", "title": title, "additionalProperties": false});
        if !self.properties.is_empty() {
            schema["properties"] = Json::Object(self.properties);
        }
        if !self.required.is_empty() {
            schema["required"] = self.required.into();
        }
        schema
    }
}
