//! What a user's code fails with. Any error of the standard kind becomes one by `?`: a user error whose code is the
//! name of its type.

use std::any::Any;
use std::fmt;

use crate::error::{Origin, TaskError};
use crate::value::ValueError;

/// Code of inputs and outputs of another type than the interface says.
pub const DATA_VALIDATION: &str = "DataValidationError";
/// Code of an error that was made of words alone.
pub const USER_ERROR: &str = "UserError";

/// The failure of a task: a code for programs, a message for people, whose fault it is, and whether to try again.
///
/// Like `anyhow::Error` it does not implement `std::error::Error` itself, so that `?` can take every error that does.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<TaskError>);

/// The result of a task.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of the task's own code that another attempt may help.
    pub fn new(message: impl fmt::Display) -> Self {
        TaskError::user(USER_ERROR, message.to_string()).into()
    }

    /// A failure of the task's own code, with a code that programs compare.
    pub fn user(code: impl Into<String>, message: impl fmt::Display) -> Self {
        TaskError::user(code, message.to_string()).into()
    }

    /// A failure of the platform or the machine, with a code that programs compare.
    pub fn system(code: impl Into<String>, message: impl fmt::Display) -> Self {
        TaskError::system(code, message.to_string()).into()
    }

    /// A failure that no further attempt can help.
    pub fn non_recoverable(message: impl fmt::Display) -> Self {
        let error = TaskError::user("NonRecoverableError", message.to_string());
        error.not_recoverable().into()
    }

    /// The same failure with another code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = code.into();
        self
    }

    /// The same failure, for which no attempt is spent any more.
    #[must_use]
    pub fn not_recoverable(mut self) -> Self {
        self.0.recoverable = false;
        self
    }

    /// A name that programs compare: `ParseIntError`, `ValueError`, `MAX_RUNTIME_EXCEEDED`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What happened, for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whose failure it is.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// Whether another attempt may help.
    pub fn is_recoverable(&self) -> bool {
        self.0.recoverable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = if self.0.recoverable { "" } else { ", not recoverable" };
        write!(f, "{} ({}{again})", self.0, self.0.origin)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let mut slot = Some(error);
        // What a child failed with passes through unchanged.
        if let Some(own) = (&mut slot as &mut dyn Any).downcast_mut::<Option<TaskError>>()
            && let Some(own) = own.take()
        {
            return Self(Box::new(own));
        }
        let error = slot.expect("only a TaskError was taken out");
        let is_value = (&error as &dyn Any).is::<ValueError>();
        let code = if is_value { DATA_VALIDATION.to_owned() } else { type_name::<E>() };
        TaskError::user(code, chain(&error)).into()
    }
}

impl From<Error> for TaskError {
    fn from(error: Error) -> Self {
        *error.0
    }
}

/// The name of a type without its path and parameters. `Error` alone would say nothing: it keeps its crate, or what
/// stands behind `std`.
fn type_name<E>() -> String {
    let full = std::any::type_name::<E>();
    let plain = full.split('<').next().unwrap_or(full);
    let mut parts = plain.split("::").skip_while(|part| matches!(*part, "std" | "core" | "alloc"));
    let first = parts.next().unwrap_or(plain);
    match parts.last() {
        Some("Error") => format!("{first}::Error"),
        Some(last) => last.to_owned(),
        None => first.to_owned(),
    }
}

/// The message with those of its causes, each only once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Error, Origin, TaskError};

    #[test]
    fn any_error_becomes_a_user_error_named_by_its_type() {
        let error = Error::from("x".parse::<i64>().unwrap_err());
        assert_eq!((error.code(), error.message()), ("ParseIntError", "invalid digit found in string"));
        assert_eq!((error.origin(), error.is_recoverable()), (Origin::User, true));
        let error = Error::from(std::io::Error::other("disk"));
        assert_eq!((error.code(), error.message()), ("io::Error", "disk"));
    }

    #[test]
    fn a_childs_error_stays_what_it_was() {
        let child = TaskError::system("Lost", "gone").not_recoverable();
        let error = Error::from(child.clone());
        assert_eq!(TaskError::from(error), child);
    }
}
