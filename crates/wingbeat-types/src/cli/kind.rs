//! What an option takes, by its type: names and order of choices are the client's.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use super::CliError;
use crate::python::{repr, type_str};
use crate::ty::{EnumType, Type};
use crate::value::Value;

/// What an option takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Text.
    Text,
    /// Nothing: it is true when it is there.
    Bool,
    /// A moment.
    Datetime,
    /// A span of time.
    Duration,
    /// The name of a member.
    Choice(Arc<EnumType>),
    /// Whatever one of these takes; none stands for None.
    Either(Vec<Option<Kind>>),
    /// JSON, or the place of a file that holds it: what it is called, and its type.
    Json(String, Box<Type>),
    /// The place of a file.
    File,
    /// The place of a folder.
    Dir,
    /// The place of a table.
    Dataset,
    /// Something that only a Python process can make.
    Pickle,
}

impl Kind {
    /// What an option of this type takes.
    ///
    /// # Errors
    /// [`CliError::Unsupported`] for a type that no option can have.
    pub fn of(ty: &Type) -> Result<Self, CliError> {
        Ok(match ty {
            Type::Int => Self::Int,
            Type::Float => Self::Float,
            Type::Str => Self::Text,
            Type::Bool => Self::Bool,
            Type::Datetime | Type::Date => Self::Datetime,
            Type::Duration => Self::Duration,
            Type::Enum(ty) => Self::Choice(ty.clone()),
            Type::List(..) => Self::Json("json list".to_owned(), Box::new(ty.clone())),
            Type::Map(..) => Self::Json("json dictionary".to_owned(), Box::new(ty.clone())),
            Type::Struct(_) | Type::Dict(..) | Type::Message(_) => {
                Self::Json(format!("JSON object {}", short_name(ty)), Box::new(ty.clone()))
            }
            Type::Union(variants, _) => Self::either(variants)?,
            Type::File => Self::File,
            Type::Dir => Self::Dir,
            Type::Dataset(_) => Self::Dataset,
            Type::Constrained(inner, _) => match Self::of(inner)? {
                Self::Json(name, _) => {
                    let is_struct = matches!(inner.bare(), Type::Struct(_) | Type::Dict(..));
                    let name = if is_struct { "JSON object Annotated".to_owned() } else { name };
                    Self::Json(name, Box::new(ty.clone()))
                }
                other => other,
            },
            Type::None => {
                return Err(CliError::Unsupported("Type 0 is not supported in `flyte run`".to_owned()));
            }
            Type::Pickle(_)
            | Type::Any
            | Type::Bytes(_)
            | Type::Time
            | Type::Text(_)
            | Type::Set(..)
            | Type::Tuple(..)
            | Type::Sequence(..)
            | Type::Choice(_)
            | Type::Recursive(_) => Self::Pickle,
        })
    }

    /// Text goes last: it takes everything.
    fn either(variants: &[Type]) -> Result<Self, CliError> {
        let mut kinds = Vec::new();
        for variant in variants {
            kinds.push(if *variant == Type::None { None } else { Some(Self::of(variant)?) });
        }
        let (texts, mut others): (Vec<_>, Vec<_>) =
            kinds.into_iter().partition(|kind| *kind == Some(Self::Text));
        others.extend(texts);
        Ok(Self::Either(others))
    }

    /// Is None one of the choices?
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Either(kinds) if kinds.contains(&None))
    }

    /// What help calls it.
    pub fn name(&self) -> String {
        match self {
            Self::Int => "integer".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Bool => "boolean".to_owned(),
            Self::Datetime => "datetime".to_owned(),
            Self::Duration => "[1:24 | :22 | 1 minute | 10 days | ...]".to_owned(),
            Self::Choice(_) => "choice".to_owned(),
            Self::Json(name, _) => name.clone(),
            Self::File => "file path".to_owned(),
            Self::Dir => "directory path".to_owned(),
            Self::Dataset => "dataframe path (dir/file) (with parquet or csv)".to_owned(),
            Self::Pickle => "pickle".to_owned(),
            Self::Either(kinds) => {
                let names: Vec<String> = kinds.iter().flatten().map(Self::name).collect();
                let names = names.join("|");
                if self.is_optional() { format!("Optional[{names}]") } else { names }
            }
        }
    }

    /// How the client's own list of choices shows it.
    pub(super) fn shown(kind: Option<&Self>) -> String {
        match kind {
            None => "None".to_owned(),
            Some(Self::Int) => "INT".to_owned(),
            Some(Self::Float) => "FLOAT".to_owned(),
            Some(Self::Text) => "STRING".to_owned(),
            Some(Self::Bool) => "BOOL".to_owned(),
            Some(Self::Choice(ty)) => {
                let names = ty.members.iter().map(|(name, _)| Value::Str(name.clone())).collect();
                format!("Choice({})", repr(&Value::List(names)))
            }
            Some(Self::Datetime) => "DateTime".to_owned(),
            Some(other) => other.name(),
        }
    }
}

/// The class without its module.
fn short_name(ty: &Type) -> String {
    match ty {
        Type::Struct(inner) => inner.name.clone(),
        Type::Message(class) => class.rsplit('.').next().unwrap_or_default().to_owned(),
        Type::Dict(..) => {
            if type_str(ty).starts_with("typing") {
                "Dict".to_owned()
            } else {
                "dict".to_owned()
            }
        }
        other => type_str(other),
    }
}
