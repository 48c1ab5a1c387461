//! Why something about a remote run did not come about.

use connectrpc::{ConnectError, ErrorCode};
use wingbeat_client::LOGIN_ADVICE;
use wingbeat_types::InputError;

use crate::controller::remote::{advised, told};
use crate::error::TaskError;
use crate::failure::Error;

/// See the variants. The texts hold nothing of a signed URL.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The inputs do not fit the task; nothing was sent.
    #[error(transparent)]
    Inputs(#[from] InputError),
    /// The platform refused a call, or could not be asked.
    // Not as a source: its text is in this one, and would be told once more behind the advice.
    #[error("could not {what}: {}", advised(answer, LOGIN_ADVICE))]
    Call {
        /// What was wanted.
        what: &'static str,
        /// What it answered.
        answer: ConnectError,
    },
    /// The platform answered, but named no run.
    #[error("the platform created a run, but did not say which; look for it in the console")]
    NoRun,
    /// Nothing of this name or version is deployed.
    #[error(
        "no task `{name}` {} is deployed in this project and domain",
        version.as_ref().map_or_else(|| "of any version".to_owned(), |version| format!("of version `{version}`"))
    )]
    NoTask {
        /// Its name.
        name: String,
        /// Its version, if one was wanted.
        version: Option<String>,
    },
    /// The object store did not take a file.
    #[error("the object store did not take `{file}`: {reason}")]
    Upload {
        /// The file's name.
        file: String,
        /// What it answered, or what the connection said.
        reason: String,
    },
    /// The run ended, but not well.
    #[error("run {run} did not succeed: {error}")]
    Failed {
        /// Its name.
        run: String,
        /// What it failed with.
        error: TaskError,
    },
}

impl RemoteError {
    /// The code of the platform's answer, if it is one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Call { answer, .. } => Some(answer.code),
            Self::Inputs(_)
            | Self::NoRun
            | Self::NoTask { .. }
            | Self::Upload { .. }
            | Self::Failed { .. } => None,
        }
    }

    /// As a task fails with it, which can follow other advice than a person at a terminal.
    pub(crate) fn of_a_task(self) -> Error {
        match self {
            Self::Call { what, answer } => {
                Error::user("RemoteError", format!("could not {what}: {}", told(&answer)))
            }
            other @ (Self::Inputs(_)
            | Self::NoRun
            | Self::NoTask { .. }
            | Self::Upload { .. }
            | Self::Failed { .. }) => other.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use connectrpc::ConnectError;

    use super::RemoteError;
    use crate::failure::Error;

    #[test]
    fn what_the_platform_answered_is_told_once() {
        let refused =
            || RemoteError::Call { what: "look", answer: ConnectError::unauthenticated("who are you?") };
        let of_a_person = Error::from(refused());
        let of_a_task = refused().of_a_task();
        for (error, advice) in [(&of_a_person, "FLYTE_API_KEY"), (&of_a_task, "FLYTECTL_CONFIG")] {
            assert_eq!(error.message().matches("who are you?").count(), 1, "{error}");
            assert!(error.code() == "RemoteError" && error.message().contains(advice), "{error}");
        }
    }
}
