//! Literal types as JSON schemas, the way the client shows a task's inputs to tools: an optional type is the type
//! that may be left out.

use serde_json::{Map, Value as Json, json};
use wingbeat_proto::flyteidl2::core::{LiteralType, VariableMap};

use crate::launch_form::{Optionals, of_type};

/// The schema of a type.
pub fn json_schema(wire: &LiteralType) -> Json {
    Json::Object(of_type(wire, Optionals::Collapsed))
}

/// The schema of a task's inputs. `required` names, in the order of the signature, what has no default.
pub fn json_schema_of_inputs(variables: &VariableMap, required: &[String]) -> Json {
    let properties: Map<String, Json> = variables
        .variables
        .iter()
        .map(|variable| (variable.key.clone(), json_schema(&variable.value.r#type)))
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}
