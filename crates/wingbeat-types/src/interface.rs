//! What a task takes and returns, in the order of its signature, and values as its inputs and outputs.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use wingbeat_proto::flyteidl2::core::{
    Literal, Parameter as WireParameter, TypedInterface, Variable, VariableEntry, VariableMap, parameter,
};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, NamedParameter, Outputs};

use crate::error::{ConvertError, ConvertErrorKind};
use crate::from_literal::shown;
use crate::python::{class_str, repr, type_str};
use crate::ty::Type;
use crate::value::Value;
use crate::{from_literal, to_literal, to_literal_type};

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub ty: Type,
    /// What it is when it is not given; None is a default, too.
    pub default: Option<Value>,
}

/// What a task takes and returns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interface {
    /// Inputs in the order of the signature.
    pub inputs: Vec<Parameter>,
    /// Names and types of outputs in the order in which they are returned.
    pub outputs: Vec<(String, Type)>,
}

impl Interface {
    /// The interface of the wire: variables are sorted by name.
    ///
    /// # Errors
    /// [`ConvertError`] for a type that has no literal type.
    pub fn to_wire(&self) -> Result<TypedInterface, ConvertError> {
        let inputs = self.inputs.iter().map(|input| (input.name.as_str(), &input.ty));
        let outputs = self.outputs.iter().map(|(name, ty)| (name.as_str(), ty));
        Ok(TypedInterface {
            inputs: variables(inputs)?.into(),
            outputs: variables(outputs)?.into(),
            ..std::default::Default::default()
        })
    }

    /// Names of the inputs without a default, in the order of the signature.
    pub fn required(&self) -> Vec<String> {
        self.inputs.iter().filter(|input| input.default.is_none()).map(|input| input.name.clone()).collect()
    }

    /// Inputs with a default, in the order of the signature.
    ///
    /// # Errors
    /// [`ConvertError`] for a default that is not of its type, which names the input.
    pub fn default_inputs(&self) -> Result<Vec<NamedParameter>, ConvertError> {
        let given = self.inputs.iter().filter_map(|input| Some((input, input.default.as_ref()?)));
        given
            .map(|(input, default)| {
                let literal = to_literal(default, &input.ty).map_err(|error| {
                    let message = format!("Failed to convert default value for parameter '{}'", input.name);
                    ConvertError { message, ..error }
                })?;
                let parameter = WireParameter {
                    var: variable(&input.ty)?.into(),
                    behavior: Some(parameter::Behavior::Default(Box::new(literal))),
                    ..std::default::Default::default()
                };
                Ok(NamedParameter {
                    name: input.name.clone(),
                    parameter: parameter.into(),
                    ..std::default::Default::default()
                })
            })
            .collect()
    }

    /// Values by name as inputs, in the order of the signature; defaults stand for what is not given. As in the client,
    /// an input whose default is None although its type takes none is sent without a value, and names that nobody
    /// knows are dropped unless there are more than inputs.
    ///
    /// # Errors
    /// [`ConvertError`] for what is missing, too much, or of another type.
    pub fn bind(&self, given: &[(String, Value)]) -> Result<Inputs, ConvertError> {
        if given.len() > self.inputs.len() {
            let listed = |names: Vec<&String>| {
                let names: Vec<Value> = names.into_iter().cloned().map(Value::Str).collect();
                repr(&Value::List(names))
            };
            let message = format!(
                "Too many keyword arguments provided, expected inputs dict_keys({}), args dict_keys({})",
                listed(self.inputs.iter().map(|input| &input.name).collect()),
                listed(given.iter().map(|(name, _)| name).collect()),
            );
            return Err(ConvertError::new(ConvertErrorKind::Value, message));
        }
        let find = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let missing: Vec<String> = self.required().into_iter().filter(|name| find(name).is_none()).collect();
        if !missing.is_empty() {
            let message = format!("Missing required inputs: {}", missing.join(", "));
            return Err(ConvertError::new(ConvertErrorKind::Value, message));
        }
        let mut literals = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let value = find(&input.name).or(match &input.default {
                Some(Value::None) if !input.ty.is_optional() && input.ty != Type::None => None,
                default => default.as_ref(),
            });
            let literal = match value {
                None => Literal::default(),
                Some(value) => to_literal(value, &input.ty)
                    .map_err(|error| type_conversion_failed(error, &input.name, &input.ty, value))?,
            };
            literals.push(named(&input.name, literal));
        }
        Ok(Inputs { literals, ..std::default::Default::default() })
    }

    /// Values by their place in the signature as inputs.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn bind_positional(&self, given: &[Value]) -> Result<Inputs, ConvertError> {
        if given.len() > self.inputs.len() {
            let names = self.inputs.iter().map(|input| Value::Str(input.name.clone())).collect();
            let message = format!(
                "Too many positional arguments provided, expected inputs dict_keys({}), args {}",
                repr(&Value::List(names)),
                given.len()
            );
            return Err(ConvertError::new(ConvertErrorKind::Value, message));
        }
        let each = self.inputs.iter().zip(given);
        let by_name: Vec<(String, Value)> =
            each.map(|(input, value)| (input.name.clone(), value.clone())).collect();
        self.bind(&by_name)
    }

    /// Inputs of the wire as values, in the order of the wire. Those that the interface does not know are left out.
    ///
    /// # Errors
    /// [`ConvertError`] that names the input.
    pub fn read(&self, inputs: &Inputs) -> Result<Vec<(String, Value)>, ConvertError> {
        let known = inputs.literals.iter().filter_map(|one| {
            let input = self.inputs.iter().find(|input| input.name == one.name)?;
            Some((one, &input.ty))
        });
        known
            .map(|(one, ty)| {
                let value = from_literal(&one.value, ty).map_err(|error| unreadable(error, one, ty))?;
                Ok((one.name.clone(), value))
            })
            .collect()
    }

    /// What a task returned as its outputs. `task_name` is told when something does not fit.
    ///
    /// # Errors
    /// [`ConvertError`] for too few or too many values, and for one of another type.
    pub fn outputs(&self, values: &[Value], task_name: &str) -> Result<Outputs, ConvertError> {
        if values.len() != self.outputs.len() {
            let message = format!(
                "Received {} outputs but return annotation has {} outputs specified. ",
                values.len(),
                self.outputs.len()
            );
            return Err(ConvertError::new(ConvertErrorKind::Assertion, message));
        }
        let each = self.outputs.iter().zip(values);
        let literals = each.map(|((name, ty), value)| {
            let literal = to_literal(value, ty).map_err(|error| {
                let message = format!(
                    "In task {task_name} variable {name}, failed to serialize/deserialize because of {}",
                    error.message
                );
                ConvertError { message, ..error }
            })?;
            Ok(named(name, literal))
        });
        Ok(Outputs {
            literals: literals.collect::<Result<_, ConvertError>>()?,
            ..std::default::Default::default()
        })
    }
}

fn named(name: &str, value: Literal) -> NamedLiteral {
    NamedLiteral { name: name.to_owned(), value: value.into(), ..std::default::Default::default() }
}

/// Why an input cannot be read, as the client tells it.
fn unreadable(error: ConvertError, input: &NamedLiteral, ty: &Type) -> ConvertError {
    let message = format!(
        "Error converting input '{}':\nLiteral value: {}\nExpected Python type: {}\nException: {}",
        input.name,
        shown(&input.value),
        type_str(ty),
        error.message
    );
    let kind = match error.kind {
        ConvertErrorKind::NeedsPython => ConvertErrorKind::NeedsPython,
        _ => ConvertErrorKind::Mismatch,
    };
    ConvertError { kind, message, path: error.path }.inside(&input.name)
}

fn variable(ty: &Type) -> Result<Variable, ConvertError> {
    Ok(Variable { r#type: to_literal_type(ty)?.into(), ..std::default::Default::default() })
}

fn variables<'t>(types: impl Iterator<Item = (&'t str, &'t Type)>) -> Result<VariableMap, ConvertError> {
    let mut variables = types
        .map(|(key, ty)| {
            let value = variable(ty)?.into();
            Ok(VariableEntry { key: key.to_owned(), value, ..std::default::Default::default() })
        })
        .collect::<Result<Vec<_>, ConvertError>>()?;
    variables.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(VariableMap { variables, ..std::default::Default::default() })
}

/// A mismatch of types as the client tells it of an input; every other reason stays as it is.
pub(crate) fn type_conversion_failed(
    error: ConvertError,
    name: &str,
    ty: &Type,
    value: &Value,
) -> ConvertError {
    if !error.kind.is_type_error() {
        return error;
    }
    let message = format!(
        "Type conversion failed for variable '{name}'.\nExpected type: {}\nActual type: {}\nValue received: {}\n\
         Reason: {}",
        type_str(ty),
        class_str(value),
        repr(value),
        error.message
    );
    ConvertError { kind: ConvertErrorKind::Type, message, ..error }
}
