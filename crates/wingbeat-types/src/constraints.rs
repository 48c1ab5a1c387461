//! Rules for values and words about them, as JSON schemas tell them. Models enforce those of their fields; where a task
//! takes a value they are told only: so does the client's own engine.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::{Map, Value as Json, json};

use crate::ty::Type;
use crate::value::Value;

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
    /// The field whose value tells which of several structs it is.
    pub discriminator: Option<String>,
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
            // Rules that a type does not know are not told of it.
            Type::Int | Type::Float => {
                keys.remove("pattern");
                return keys;
            }
            Type::Str => {
                keys.retain(|key, _| key == "pattern");
                ("minLength", "maxLength")
            }
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

    /// Rules by the names that they have in a Python source.
    pub fn named(&self) -> Map<String, Json> {
        let name = |key: &str| {
            match key {
                "exclusiveMinimum" => "gt",
                "minimum" => "ge",
                "exclusiveMaximum" => "lt",
                "maximum" => "le",
                "multipleOf" => "multiple_of",
                other => other,
            }
            .to_owned()
        };
        let lengths = [("min_length", &self.min_length), ("max_length", &self.max_length)];
        let lengths = lengths.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        self.rules.iter().map(|(key, value)| (name(key), value.clone())).chain(lengths).collect()
    }

    /// The rule that a value breaks, in words. Patterns are told only.
    pub(crate) fn broken_by(&self, value: &Value) -> Option<String> {
        #[allow(clippy::cast_precision_loss, reason = "rules are written as doubles")]
        let number = match value {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        };
        let rule = |key: &str| self.rules.get(key).and_then(Json::as_f64);
        if let Some(number) = number {
            let broken = [
                ("minimum", "greater than or equal to", rule("minimum").is_some_and(|least| number < least)),
                (
                    "exclusiveMinimum",
                    "greater than",
                    rule("exclusiveMinimum").is_some_and(|least| number <= least),
                ),
                ("maximum", "less than or equal to", rule("maximum").is_some_and(|most| number > most)),
                (
                    "exclusiveMaximum",
                    "less than",
                    rule("exclusiveMaximum").is_some_and(|most| number >= most),
                ),
                ("multipleOf", "a multiple of", rule("multipleOf").is_some_and(|unit| number % unit != 0.0)),
            ];
            let first = broken.iter().find(|(_, _, is_broken)| *is_broken);
            return first.map(|(key, words, _)| format!("Input should be {words} {}", self.rules[*key]));
        }
        let length = match value {
            Value::Str(text) => text.chars().count(),
            Value::Bytes(bytes, _) => bytes.len(),
            Value::List(items) | Value::Tuple(items) | Value::Set(items, _) => items.len(),
            Value::Map(entries) => entries.len(),
            _ => return None,
        };
        let bound = |bound: &Option<Json>| {
            bound.as_ref().and_then(Json::as_u64).and_then(|one| usize::try_from(one).ok())
        };
        if bound(&self.min_length).is_some_and(|least| length < least) {
            return Some(format!("Input should have at least {} items", bound(&self.min_length)?));
        }
        if bound(&self.max_length).is_some_and(|most| length > most) {
            return Some(format!("Input should have at most {} items", bound(&self.max_length)?));
        }
        None
    }

    /// Only a description.
    pub fn described(text: &str) -> Self {
        let mut words = Map::new();
        words.insert("description".to_owned(), json!(text));
        Self { words, ..Self::default() }
    }
}
