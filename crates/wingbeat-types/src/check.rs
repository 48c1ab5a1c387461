//! Do these inputs fit this interface? Says which does not, what is expected and what was given.

use wingbeat_proto::flyteidl2::core::{
    literal, literal_type, primitive, scalar, Literal, LiteralType, SimpleType, TypedInterface,
};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, NamedParameter};
use wingbeat_proto::flyteidl2::core::parameter;

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
            check(&variable.key, &input.value, expected)?;
            continue;
        }
        // What the trigger's time is put into has no literal: the runtime fills it in.
        let kickoff = given.context.iter().any(|pair| pair.key.contains("kickoff") && pair.value == variable.key);
        let default = defaults.iter().find(|default| default.name == variable.key).and_then(default_of);
        match default {
            Some(value) => {
                let name = variable.key.clone();
                given.literals.push(NamedLiteral { name, value: value.into(), ..Default::default() });
            }
            None if kickoff => (),
            None => return Err(InputError::Missing { name: variable.key.clone(), expected: name_of(expected) }),
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

/// Is `value` of type `expected`? Lenient where the client's own reader is: an integer is a float, an empty
/// literal is None, msgpack stands for anything structured.
fn check(path: &str, value: &Literal, expected: &LiteralType) -> Result<(), InputError> {
    use literal_type::Type;
    let wrong = || {
        Err(InputError::WrongType { path: path.to_owned(), expected: name_of(expected), got: kind_of(value) })
    };
    let Some(inner) = &value.value else { return Ok(()) };
    if matches!(inner, literal::Value::OffloadedMetadata(_)) {
        return Ok(());
    }
    match &expected.r#type {
        Some(Type::CollectionType(item)) => match inner {
            literal::Value::Collection(list) => {
                let items = list.literals.iter().enumerate();
                items.map(|(ix, one)| check(&format!("{path}[{ix}]"), one, item)).collect()
            }
            literal::Value::Scalar(scalar) if is_opaque(scalar) => Ok(()),
            _ => wrong(),
        },
        Some(Type::MapValueType(item)) => match inner {
            literal::Value::Map(map) => {
                map.literals.iter().map(|(key, one)| check(&format!("{path}[{key:?}]"), one, item)).collect()
            }
            literal::Value::Scalar(scalar) if is_opaque(scalar) => Ok(()),
            _ => wrong(),
        },
        Some(Type::UnionType(union)) => {
            let bare = match inner {
                literal::Value::Scalar(scalar) => match &scalar.value {
                    Some(scalar::Value::Union(tagged)) => &*tagged.value,
                    _ => value,
                },
                _ => value,
            };
            if union.variants.iter().any(|variant| check(path, bare, variant).is_ok()) { Ok(()) } else { wrong() }
        }
        Some(_) => match inner {
            literal::Value::Scalar(scalar) if scalar_fits(scalar, expected) => Ok(()),
            _ => wrong(),
        },
        None => Ok(()),
    }
}

fn is_opaque(scalar: &wingbeat_proto::flyteidl2::core::Scalar) -> bool {
    matches!(scalar.value, Some(scalar::Value::Binary(_) | scalar::Value::Generic(_)))
}

fn scalar_fits(scalar: &wingbeat_proto::flyteidl2::core::Scalar, expected: &LiteralType) -> bool {
    use literal_type::Type;
    let Some(value) = &scalar.value else { return true };
    match (&expected.r#type, value) {
        (_, scalar::Value::Binary(_)) | (_, scalar::Value::Error(_)) => true,
        (Some(Type::Simple(simple)), value) => simple_fits(simple.as_known(), value),
        (Some(Type::EnumType(values)), scalar::Value::Primitive(primitive)) => match &primitive.value {
            Some(primitive::Value::StringValue(text)) => values.values.contains(text),
            _ => false,
        },
        (Some(Type::Blob(_)), scalar::Value::Blob(_))
        | (Some(Type::StructuredDatasetType(_)), scalar::Value::StructuredDataset(_))
        | (Some(Type::Schema(_)), scalar::Value::Schema(_) | scalar::Value::StructuredDataset(_)) => true,
        _ => false,
    }
}

fn simple_fits(expected: Option<SimpleType>, value: &scalar::Value) -> bool {
    use primitive::Value as P;
    let scalar::Value::Primitive(primitive) = value else {
        return match expected {
            Some(SimpleType::NONE) => matches!(value, scalar::Value::NoneType(_)),
            Some(SimpleType::STRUCT) => matches!(value, scalar::Value::Generic(_)),
            _ => false,
        };
    };
    match (expected, &primitive.value) {
        (_, None) | (None, _) => true,
        // Launch forms send floats for ints and ints for floats; the client's reader takes both.
        (Some(SimpleType::INTEGER | SimpleType::FLOAT), Some(P::Integer(_) | P::FloatValue(_))) => true,
        (Some(SimpleType::STRING), Some(P::StringValue(_))) => true,
        (Some(SimpleType::BOOLEAN), Some(P::Boolean(_))) => true,
        (Some(SimpleType::DATETIME), Some(P::Datetime(_))) => true,
        (Some(SimpleType::DURATION), Some(P::Duration(_))) => true,
        _ => false,
    }
}

/// A type in words.
fn name_of(wire: &LiteralType) -> String {
    use literal_type::Type;
    match &wire.r#type {
        Some(Type::Simple(simple)) => simple.as_known().map_or("an unknown type", simple_name).to_owned(),
        Some(Type::CollectionType(item)) => format!("list[{}]", name_of(item)),
        Some(Type::MapValueType(item)) => format!("dict[str, {}]", name_of(item)),
        Some(Type::Blob(_)) => "file or directory".to_owned(),
        Some(Type::EnumType(values)) => format!("one of {}", values.values.join(", ")),
        Some(Type::StructuredDatasetType(_) | Type::Schema(_)) => "dataframe".to_owned(),
        Some(Type::UnionType(union)) => {
            union.variants.iter().map(name_of).collect::<Vec<_>>().join(" | ")
        }
        None => "anything".to_owned(),
    }
}

fn simple_name(simple: SimpleType) -> &'static str {
    match simple {
        SimpleType::NONE => "None",
        SimpleType::INTEGER => "int",
        SimpleType::FLOAT => "float",
        SimpleType::STRING => "str",
        SimpleType::BOOLEAN => "bool",
        SimpleType::DATETIME => "datetime",
        SimpleType::DURATION => "timedelta",
        SimpleType::BINARY => "bytes",
        SimpleType::ERROR => "error",
        SimpleType::STRUCT => "struct",
    }
}

/// A value's kind in words.
fn kind_of(value: &Literal) -> String {
    let word = match &value.value {
        Some(literal::Value::Collection(_)) => "list",
        Some(literal::Value::Map(_)) => "dict",
        Some(literal::Value::OffloadedMetadata(_)) => "offloaded value",
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            Some(scalar::Value::Primitive(primitive)) => match &primitive.value {
                Some(primitive::Value::Integer(_)) => "int",
                Some(primitive::Value::FloatValue(_)) => "float",
                Some(primitive::Value::StringValue(_)) => "str",
                Some(primitive::Value::Boolean(_)) => "bool",
                Some(primitive::Value::Datetime(_)) => "datetime",
                Some(primitive::Value::Duration(_)) => "timedelta",
                None => "nothing",
            },
            Some(scalar::Value::Blob(_)) => "file or directory",
            Some(scalar::Value::Binary(_) | scalar::Value::Generic(_)) => "struct",
            Some(scalar::Value::NoneType(_)) => "None",
            Some(scalar::Value::StructuredDataset(_) | scalar::Value::Schema(_)) => "dataframe",
            Some(scalar::Value::Union(_)) => "union",
            Some(scalar::Value::Error(_)) => "error",
            None => "nothing",
        },
        None => "nothing",
    };
    word.to_owned()
}
