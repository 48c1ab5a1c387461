//! What a task fails with, and how that stands in `error.pb` and in the platform's answers.

use std::fmt;

use wingbeat_proto::flyteidl2::core::{
    ContainerError, ErrorDocument, ExecutionError, container_error, execution_error,
};

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The task's code, or what it was given.
    User,
    /// The platform or the machine.
    System,
    /// Nobody could tell.
    Unknown,
}

/// The failure of a task, of one of its children, or of the platform around them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct TaskError {
    /// A name that programs compare: `ValueError`, `MAX_RUNTIME_EXCEEDED`.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// Whose failure it is.
    pub origin: Origin,
    /// Whether another attempt may help. Retries are spent only on these.
    pub recoverable: bool,
}

/// Code of a child that somebody aborted.
pub const ABORTED: &str = "ActionAbortedError";
/// Code of a child that ran out of time, where the platform does not say which limit it was.
pub const TIMED_OUT: &str = "TaskTimeoutError";

impl TaskError {
    /// A failure of the task's own code; another attempt may help.
    pub fn user(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), origin: Origin::User, recoverable: true }
    }

    /// A failure of the platform or the machine; another attempt may help.
    pub fn system(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), origin: Origin::System, recoverable: true }
    }

    /// The same failure, for which no attempt is spent any more.
    #[must_use]
    pub fn not_recoverable(mut self) -> Self {
        self.recoverable = false;
        self
    }

    /// Whether somebody aborted what failed.
    pub fn is_aborted(&self) -> bool {
        self.code == ABORTED
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::System => "system",
            Self::Unknown => "unknown",
        })
    }
}

impl From<Origin> for execution_error::ErrorKind {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::User => Self::USER,
            Origin::System => Self::SYSTEM,
            Origin::Unknown => Self::UNKNOWN,
        }
    }
}

fn origin_of(kind: Option<execution_error::ErrorKind>) -> Origin {
    match kind {
        Some(execution_error::ErrorKind::USER) => Origin::User,
        Some(execution_error::ErrorKind::SYSTEM) => Origin::System,
        Some(execution_error::ErrorKind::UNKNOWN) | None => Origin::Unknown,
    }
}

/// The stock SDK writes `server|user`; the user's part is the one that programs know.
fn user_part(code: &str) -> String {
    code.rsplit('|').next().unwrap_or_default().to_owned()
}

impl From<&ErrorDocument> for TaskError {
    fn from(document: &ErrorDocument) -> Self {
        let error = &document.error;
        Self {
            code: user_part(&error.code),
            message: error.message.clone(),
            origin: origin_of(error.origin.as_known()),
            recoverable: error.kind == container_error::Kind::RECOVERABLE,
        }
    }
}

impl From<&TaskError> for ErrorDocument {
    fn from(error: &TaskError) -> Self {
        let container = ContainerError {
            code: error.code.clone(),
            message: error.message.clone(),
            kind: kind(error).into(),
            origin: execution_error::ErrorKind::from(error.origin).into(),
            ..Default::default()
        };
        Self { error: container.into(), ..Default::default() }
    }
}

impl From<&ExecutionError> for TaskError {
    fn from(error: &ExecutionError) -> Self {
        Self {
            code: user_part(&error.code),
            message: error.message.clone(),
            origin: origin_of(error.kind.as_known()),
            recoverable: error.recoverability == container_error::Kind::RECOVERABLE,
        }
    }
}

impl From<&TaskError> for ExecutionError {
    fn from(error: &TaskError) -> Self {
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            kind: execution_error::ErrorKind::from(error.origin).into(),
            recoverability: kind(error).into(),
            ..Default::default()
        }
    }
}

fn kind(error: &TaskError) -> container_error::Kind {
    if error.recoverable {
        container_error::Kind::RECOVERABLE
    } else {
        container_error::Kind::NON_RECOVERABLE
    }
}

#[cfg(test)]
mod tests {
    use wingbeat_proto::flyteidl2::core::{ErrorDocument, ExecutionError};

    use super::{Origin, TaskError};

    #[test]
    fn an_error_is_the_same_after_the_wire() {
        for origin in [Origin::User, Origin::System, Origin::Unknown] {
            for recoverable in [true, false] {
                let error =
                    TaskError { code: "ValueError".into(), message: "no".into(), origin, recoverable };
                assert_eq!(TaskError::from(&ErrorDocument::from(&error)), error);
                assert_eq!(TaskError::from(&ExecutionError::from(&error)), error);
            }
        }
    }

    #[test]
    fn of_a_double_code_the_users_part_is_kept() {
        let error = ExecutionError { code: "Wrapped|KeyError".to_owned(), ..Default::default() };
        assert_eq!(TaskError::from(&error).code, "KeyError");
    }
}
