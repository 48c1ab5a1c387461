//! Do these inputs fit this interface? Says which does not, what is expected and what was given.

use wingbeat_proto::flyteidl2::core::parameter;
use wingbeat_proto::flyteidl2::core::{Literal, TypedInterface};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, NamedParameter};

use crate::fits::fits;
use crate::words::name_of;

/// Why inputs do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// An input without default was not given.
    #[error("input `{name}` is missing: the task expects {expected} and has no default for it")]
    Missing {
        /// Which input.
        name: String,
        /// Its type in words.
        expected: String,
    },
    /// The task has no such input.
    #[error("input `{name}` is not known: the task takes {known}")]
    Unknown {
        /// What was given.
        name: String,
        /// What the task takes, in words.
        known: String,
    },
    /// An input was given twice.
    #[error("input `{name}` is given twice")]
    Twice {
        /// Which input.
        name: String,
    },
    /// A value of another type.
    #[error("input `{path}`: expected {expected}, got {got}")]
    WrongType {
        /// Which input, and where in it: `xs[3].lr`.
        path: String,
        /// Its type in words.
        expected: String,
        /// What was given, in words.
        got: String,
    },
}

/// Adds defaults for what is not given, in the interface's terms, and checks every value.
///
/// # Errors
/// [`InputError`] for the first input that does not fit.
pub fn complete_inputs(
    interface: &TypedInterface,
    defaults: &[NamedParameter],
    mut given: Inputs,
) -> Result<Inputs, InputError> {
    let variables = &interface.inputs.variables;
    for (ix, input) in given.literals.iter().enumerate() {
        if given.literals[..ix].iter().any(|earlier| earlier.name == input.name) {
            return Err(InputError::Twice { name: input.name.clone() });
        }
        if !variables.iter().any(|variable| variable.key == input.name) {
            let names: Vec<String> = variables.iter().map(|variable| format!("`{}`", variable.key)).collect();
            let known = if names.is_empty() { "no inputs".to_owned() } else { names.join(", ") };
            return Err(InputError::Unknown { name: input.name.clone(), known });
        }
    }
    for variable in variables {
        let expected = &variable.value.r#type;
        if let Some(input) = given.literals.iter().find(|input| input.name == variable.key) {
            fits(&variable.key, &input.value, expected)?;
            continue;
        }
        // What the trigger's time is put into has no literal: the runtime fills it in.
        let kickoff =
            given.context.iter().any(|pair| pair.key.contains("kickoff") && pair.value == variable.key);
        let default = defaults.iter().find(|default| default.name == variable.key).and_then(default_of);
        match default {
            Some(value) => {
                let name = variable.key.clone();
                given.literals.push(NamedLiteral { name, value: value.into(), ..Default::default() });
            }
            None if kickoff => (),
            None => {
                return Err(InputError::Missing { name: variable.key.clone(), expected: name_of(expected) });
            }
        }
    }
    Ok(given)
}

fn default_of(parameter: &NamedParameter) -> Option<Literal> {
    match &parameter.parameter.behavior {
        Some(parameter::Behavior::Default(value)) => Some(value.as_ref().clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
