//! JSON as values, and back where a value has a JSON form of its own.

use serde_json::Value as Json;

use crate::value::Value;

/// JSON as Python reads it: objects are dictionaries.
pub fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(i128::from(number)),
            (None, Some(number)) => Value::Int(i128::from(number)),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(of_json).collect()),
        Json::Object(fields) => {
            Value::Map(fields.iter().map(|(key, value)| (Value::Str(key.clone()), of_json(value))).collect())
        }
    }
}
