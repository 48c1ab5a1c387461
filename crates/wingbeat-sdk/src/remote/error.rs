//! Why something about a remote run did not come about.

use connectrpc::{ConnectError, ErrorCode};
use wingbeat_types::InputError;

use crate::error::TaskError;

/// See the variants. The texts hold nothing of a signed URL.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The inputs do not fit the task; nothing was sent.
    #[error(transparent)]
    Inputs(#[from] InputError),
    /// The platform refused a call, or could not be asked.
    #[error("could not {what}: {}", crate::controller::remote::told(source))]
    Call {
        /// What was wanted.
        what: &'static str,
        /// What it answered.
        source: ConnectError,
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
            Self::Call { source, .. } => Some(source.code),
            Self::Inputs(_)
            | Self::NoRun
            | Self::NoTask { .. }
            | Self::Upload { .. }
            | Self::Failed { .. } => None,
        }
    }
}
