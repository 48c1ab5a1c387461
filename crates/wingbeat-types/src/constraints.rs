//! Rules for values and words about them, as JSON schemas tell them. Models enforce those of their fields; where a task
//! takes a value they are told only: so does the client's own engine.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::{Map, Value as Json, json};

use std::sync::OnceLock;

use regex::Regex;

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
    /// The rule `pattern`, ready to be used.
    pub pattern: Pattern,
}

/// A pattern that is read when it is first needed. It is made of a rule, and so no part of what a rule says.
#[derive(Debug, Clone, Default)]
pub struct Pattern(OnceLock<Option<Regex>>);

impl PartialEq for Pattern {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Pattern {
    /// Whether `text` has no place that fits. What this engine cannot read, pydantic's cannot either: it is the same.
    fn is_missed_by(&self, text: &str, pattern: &str) -> bool {
        self.0.get_or_init(|| Regex::new(pattern).ok()).as_ref().is_some_and(|regex| !regex.is_match(text))
    }
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
        // The schema of a moment or a span tells no bounds.
        if matches!(ty.bare(), Type::Datetime | Type::Date | Type::Time | Type::Duration) {
            return Map::new();
        }
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

    /// The rule that a value breaks, in pydantic's words.
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
        self.broken_length(value).or_else(|| {
            match (value, self.rules.get("pattern").and_then(Json::as_str)) {
                (Value::Str(text), Some(pattern)) if self.pattern.is_missed_by(text, pattern) => {
                    Some(format!("String should match pattern '{pattern}'"))
                }
                _ => None,
            }
        })
    }

    fn broken_length(&self, value: &Value) -> Option<String> {
        let (what, unit, length) = match value {
            Value::Str(text) => ("String", "character", text.chars().count()),
            Value::Bytes(bytes, _) => ("Data", "byte", bytes.len()),
            Value::List(items) => ("List", "item", items.len()),
            Value::Tuple(items) => ("Tuple", "item", items.len()),
            Value::Set(items, _) => ("Set", "item", items.len()),
            Value::Map(entries) => ("Dictionary", "item", entries.len()),
            _ => return None,
        };
        let bound = |bound: &Option<Json>| {
            bound.as_ref().and_then(Json::as_u64).and_then(|one| usize::try_from(one).ok())
        };
        let told = |side: &str, bound: usize| {
            let plural = if bound == 1 { "" } else { "s" };
            let rest =
                if unit == "item" { format!(" after validation, not {length}") } else { String::new() };
            format!("{what} should have at {side} {bound} {unit}{plural}{rest}")
        };
        match (bound(&self.min_length), bound(&self.max_length)) {
            (Some(least), _) if length < least => Some(told("least", least)),
            (_, Some(most)) if length > most => Some(told("most", most)),
            _ => None,
        }
    }

    /// Only a description.
    pub fn described(text: &str) -> Self {
        let mut words = Map::new();
        words.insert("description".to_owned(), json!(text));
        Self { words, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Constraints, Value};

    fn rule(key: &str, value: Json) -> Constraints {
        let mut constraints = Constraints::default();
        match key {
            "min_length" => constraints.min_length = Some(value),
            "max_length" => constraints.max_length = Some(value),
            _ => drop(constraints.rules.insert(key.to_owned(), value)),
        }
        constraints
    }

    fn text(text: &str) -> Value {
        Value::Str(text.to_owned())
    }

    #[test]
    fn a_text_has_to_have_a_place_that_fits_the_pattern() {
        let code = rule("pattern", json!("^[A-Z]{2}[0-9]+$"));
        for good in ["AB1", "XY2026"] {
            assert_eq!(code.broken_by(&text(good)), None, "{good}");
        }
        for bad in ["", "ab1", "AB", "AB1\n", "xAB1"] {
            let told = code.broken_by(&text(bad));
            assert_eq!(told.as_deref(), Some("String should match pattern '^[A-Z]{2}[0-9]+$'"), "{bad}");
        }
        // Anywhere, as pydantic's search is; and of a number nothing is asked.
        assert_eq!(rule("pattern", json!("ell")).broken_by(&text("hello")), None);
        assert_eq!(rule("pattern", json!(r"\d")).broken_by(&text("٣")), None);
        assert_eq!(code.broken_by(&Value::Int(1)), None);
        // Python's own dialect: pydantic makes no model of it, so there is nothing to enforce.
        assert_eq!(rule("pattern", json!("(?=a)b")).broken_by(&text("x")), None);
    }

    #[test]
    fn lengths_are_told_in_the_words_of_pydantic() {
        let items = |count: usize| Value::List(vec![Value::None; count]);
        for (constraints, value, told) in [
            (rule("min_length", json!(3)), text("ab"), "String should have at least 3 characters"),
            (rule("max_length", json!(1)), text("ab"), "String should have at most 1 character"),
            (
                rule("min_length", json!(1)),
                items(0),
                "List should have at least 1 item after validation, not 0",
            ),
            (
                rule("max_length", json!(2)),
                items(3),
                "List should have at most 2 items after validation, not 3",
            ),
        ] {
            assert_eq!(constraints.broken_by(&value).as_deref(), Some(told));
        }
        assert_eq!(rule("min_length", json!(2)).broken_by(&text("äö")), None);
        assert_eq!(
            rule("minimum", json!(3)).broken_by(&Value::Int(2)).as_deref(),
            Some("Input should be greater than or equal to 3")
        );
    }
}
