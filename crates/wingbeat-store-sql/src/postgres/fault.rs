//! What errors of PostgreSQL mean. The one place that reads its error codes.

use std::sync::Arc;

use sqlx::Error;

use crate::fault::Fault;

/// An error of PostgreSQL or of the way to it.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("postgresql: {0}")]
    Error(Error),
    #[error("postgresql did not answer in time")]
    Silent,
    #[error("another connection has this place in the database")]
    InUse,
}

/// Classes of errors after which another connection may do better: broken connections, a server that stops
/// or starts, too many connections, and a standby that has taken over but does not write yet.
const PASSING: [&str; 9] = ["08", "57P01", "57P02", "57P03", "57P05", "25P03", "25006", "53300", "55006"];

/// Classes of errors that lie in what was to be written: it is undone for certain, and trying again cannot help. A text
/// that is too long for an index is one of them.
const CONTENT: [&str; 4] = ["21", "22", "23", "54"];

/// Nobody answered in time.
pub(crate) fn silent() -> Fault {
    Fault::Lost(Arc::new(Refused::Silent))
}

/// Another server has taken the place while this one was not connected. It may be a former connection of ours
/// that the database has not given up yet.
pub(crate) fn in_use() -> Fault {
    Fault::Lost(Arc::new(Refused::InUse))
}

/// The one mapping of PostgreSQL's errors.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .unwrap_or_default()
            .into_owned();
        #[expect(clippy::wildcard_enum_match_arm, reason = "the library may add errors")]
        match &error {
            Error::Database(_) if PASSING.iter().any(|passing| code.starts_with(passing)) => {
                Self::Lost(Arc::new(Refused::Error(error)))
            }
            Error::Database(_) if code == "53100" => Self::DiskFull,
            Error::Database(_) if code == "XX001" || code == "XX002" => Self::Corrupt(error.to_string()),
            Error::Database(_) if CONTENT.iter().any(|class| code.starts_with(class)) => {
                Self::Corrupt(error.to_string())
            }
            // A broken answer leaves a connection that nobody understands any more.
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::WorkerCrashed
            | Error::BeginFailed => Self::Lost(Arc::new(Refused::Error(error))),
            Error::PoolClosed => Self::closed(),
            Error::ColumnDecode { .. }
            | Error::Decode(_)
            | Error::ColumnIndexOutOfBounds { .. }
            | Error::ColumnNotFound(_)
            | Error::TypeNotFound { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(Arc::new(Refused::Error(error))),
        }
    }
}
