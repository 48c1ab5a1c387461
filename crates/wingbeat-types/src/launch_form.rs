//! Forms: a task's inputs as a JSON schema, and plain JSON values as typed literals and back. A form is the schema
//! with the values as defaults, which is what consoles show and send back. A value that does not fit is refused
//! with its path; none is ever replaced by something near it.

mod schema;
mod time;
mod values;

use serde_json::{Map, Value, json};
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, VariableMap, parameter};
use wingbeat_proto::flyteidl2::task::{NamedLiteral, TaskSpec};

pub(crate) use schema::{Optionals, of_type};
pub use values::{from_struct, to_struct};

/// Why a form or a value cannot be translated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A value of another type.
    #[error("`{path}`: expected {expected}, got {got}")]
    WrongValue {
        /// Which value: `grid[2].lr`.
        path: String,
        /// Its type in words.
        expected: String,
        /// What was given, in words.
        got: String,
    },
    /// A value without default is not there.
    #[error("`{path}` is missing: expected {expected}")]
    Missing {
        /// Which value.
        path: String,
        /// Its type in words.
        expected: String,
    },
    /// The form is no schema that this server could have made.
    #[error("the form of `{path}` cannot be read: {what}")]
    BadForm {
        /// Which part.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// There is no JSON for it.
    #[error("`{path}` is {what}, which has no JSON form")]
    NoJson {
        /// Which value.
        path: String,
        /// What it is.
        what: &'static str,
    },
}

/// The form of a task, its defaults filled in.
///
/// # Errors
/// [`FormError`] for a default that has no JSON form.
pub fn form_of(spec: &TaskSpec) -> Result<Value, FormError> {
    let defaults: Vec<NamedLiteral> = spec
        .default_inputs
        .iter()
        .filter_map(|input| match &input.parameter.behavior {
            Some(parameter::Behavior::Default(value)) => Some(NamedLiteral {
                name: input.name.clone(),
                value: value.as_ref().clone().into(),
                ..Default::default()
            }),
            _ => None,
        })
        .collect();
    let variables = &spec.task_template.interface.inputs;
    let has_default = |name: &str| defaults.iter().any(|one| one.name == name);
    form(variables, &defaults, |name| !has_default(name), |_| true)
}

/// The form of these variables for which there are values. Values that no variable takes are left out: they come
/// from another version of the task.
///
/// # Errors
/// [`FormError`] for a value that has no JSON form.
pub fn form_with_values(variables: &VariableMap, literals: &[NamedLiteral]) -> Result<Value, FormError> {
    form(variables, literals, |_| true, |name| literals.iter().any(|one| one.name == name))
}

fn form(
    variables: &VariableMap,
    literals: &[NamedLiteral],
    may_be_required: impl Fn(&str) -> bool,
    shown: impl Fn(&str) -> bool,
) -> Result<Value, FormError> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for variable in variables.variables.iter().filter(|variable| shown(&variable.key)) {
        let name = &variable.key;
        let wire = &variable.value.r#type;
        let mut field = schema::of_type(wire, Optionals::Kept);
        if let Some(given) = literals.iter().find(|one| one.name == *name) {
            let value = values::to_json(name, &given.value)?;
            schema::set_default(&mut field, value);
        }
        let description = &variable.value.description;
        if !description.is_empty() && description != name {
            field.insert("description".into(), json!(description));
        }
        if may_be_required(name) && schema::none_variant(wire).is_none() {
            required.push(name.clone());
        }
        properties.insert(name.clone(), Value::Object(field));
    }
    Ok(json!({"type": "object", "title": "Launch Form", "properties": properties, "required": required}))
}

/// The values of a form that was filled in: its defaults, typed by the form itself. An optional value that is
/// not there is None; any other is left out.
///
/// # Errors
/// [`FormError`] with the path of what cannot be read.
pub fn literals_of_form(form: &Value) -> Result<Vec<NamedLiteral>, FormError> {
    let Some(properties) = form.get("properties").and_then(Value::as_object) else {
        let what = "it has no `properties`".to_owned();
        return Err(FormError::BadForm { path: "form".into(), what });
    };
    let mut literals = Vec::new();
    for (name, field) in properties {
        let wire = schema::to_type(name, field)?;
        let value = match schema::default_of(field) {
            Some(value) => Some(values::to_literal(name, &value, &wire)?),
            None => schema::none_variant(&wire).map(values::none_of),
        };
        literals.extend(value.map(|value| named(name, value)));
    }
    Ok(literals)
}

/// Plain values, typed by an interface. An optional value that is not there is None; values that no variable
/// takes are left out.
///
/// # Errors
/// [`FormError`] with the path of what is missing or does not fit.
pub fn literals_of_values(variables: &VariableMap, values: &Value) -> Result<Vec<NamedLiteral>, FormError> {
    let mut literals = Vec::new();
    for variable in &variables.variables {
        let (name, wire): (&String, &LiteralType) = (&variable.key, &variable.value.r#type);
        let value = match (values.get(name), schema::none_variant(wire)) {
            (Some(value), _) => values::to_literal(name, value, wire)?,
            (None, Some(none)) => values::none_of(none),
            (None, None) => {
                let expected = crate::words::name_of(wire);
                return Err(FormError::Missing { path: name.clone(), expected });
            }
        };
        literals.push(named(name, value));
    }
    Ok(literals)
}

fn named(name: &str, value: Literal) -> NamedLiteral {
    NamedLiteral { name: name.to_owned(), value: value.into(), ..Default::default() }
}

#[cfg(test)]
mod tests;
