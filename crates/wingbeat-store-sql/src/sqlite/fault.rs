//! What SQLite's errors mean. The one place that reads its error codes.

use std::sync::Arc;

use rusqlite::{Error, ErrorCode};

use crate::fault::Fault;

/// An error of SQLite.
#[derive(Debug, thiserror::Error)]
#[error("sqlite: {0}")]
struct Refused(Error);

/// The one mapping of SQLite's errors.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = error.sqlite_error_code();
        match (code, &error) {
            // SQLite turns ENOSPC of any write into SQLITE_FULL.
            (Some(ErrorCode::DiskFull), _) => Self::DiskFull,
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
            | (
                None,
                Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::Utf8Error(..),
            ) => Self::Corrupt(error.to_string()),
            (Some(_) | None, _) => Self::Unavailable(Arc::new(Refused(error))),
        }
    }
}
