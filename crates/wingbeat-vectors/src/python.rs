//! A small part of Python, read as data: type expressions, literals, calls of classes, and the declarations of classes.
//! Nothing is executed. What is not understood is said to need Python, never guessed.

mod arrow;
mod classes;
mod declarations;
mod lexer;
mod messages;
mod parser;
mod scope;
mod types;
mod values;

pub(crate) use declarations::{Function, Statement, statements};
pub(crate) use parser::{Expr, expression};
pub(crate) use scope::Scope;
pub(crate) use types::Place;

use wingbeat_types::ConvertError;

/// Why an expression has no value here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Need {
    /// Only Python can tell.
    Python(String),
    /// It is an error there, too.
    Raised(ConvertError),
}

impl Need {
    pub(crate) fn python(what: impl std::fmt::Display) -> Self {
        Self::Python(what.to_string())
    }
}

impl From<ConvertError> for Need {
    fn from(error: ConvertError) -> Self {
        Self::Raised(error)
    }
}
