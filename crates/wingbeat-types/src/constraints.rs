//! Rules for values and words about them, as JSON schemas tell them. They are told, never enforced: so does the
//! client's own engine.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::{Map, Value as Json, json};

use crate::ty::Type;

/// What `Field(...)` and its like say of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Constraints {
    /// Keys that bound numbers and text, by their names in a JSON schema: `minimum`, `pattern`...
    pub rules: Map<String, Json>,
    /// The least length; which key tells it depends on the type.
    pub min_length: Option<Json>,
    /// The greatest length.
    pub max_length: Option<Json>,
    /// Keys that say something about the value: `title`, `description`, `examples`...
    pub words: Map<String, Json>,
}

impl Constraints {
    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
            && self.words.is_empty()
            && self.min_length.is_none()
            && self.max_length.is_none()
    }

    /// Rules for values of a type, by their names in a JSON schema.
    pub fn rules_of(&self, ty: &Type) -> Map<String, Json> {
        let mut keys = self.rules.clone();
        let (least, most) = match ty.bare() {
            Type::List(..) | Type::Set(..) | Type::Sequence(..) => ("minItems", "maxItems"),
            Type::Map(..) | Type::Dict(..) => ("minProperties", "maxProperties"),
            _ => ("minLength", "maxLength"),
        };
        for (key, value) in [(least, &self.min_length), (most, &self.max_length)] {
            if let Some(value) = value {
                keys.insert(key.to_owned(), value.clone());
            }
        }
        keys
    }

    /// Rules and words together.
    pub fn keys_of(&self, ty: &Type) -> Map<String, Json> {
        let mut keys = self.rules_of(ty);
        keys.extend(self.words.clone());
        keys
    }

    /// Only a description.
    pub fn described(text: &str) -> Self {
        let mut words = Map::new();
        words.insert("description".to_owned(), json!(text));
        Self { words, ..Self::default() }
    }
}
