//! What can go wrong with a database, and what it means to callers. Which error is which, each database's own
//! `fault` module decides.

use std::sync::Arc;

use wingbeat_store::{CommitError, ReadError};

/// What went wrong. Can be told to every unit of a group.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// No space is left; nothing was written.
    DiskFull,
    /// The database refused, for now or for good.
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// The connection broke: what it was asked last may have been done or not. Trying again on another may help.
    Lost(Arc<dyn std::error::Error + Send + Sync>),
    /// A row that cannot be understood.
    Corrupt(String),
}

/// The cause of a fault, shared by all who are told of it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(Arc<dyn std::error::Error + Send + Sync>);

/// The store was closed.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
struct Closed;

/// A unit of work panicked; what it had written was undone.
#[derive(Debug, thiserror::Error)]
#[error("a unit of work panicked")]
struct Panicked;

impl Fault {
    /// A decision panicked.
    pub(crate) fn panicked() -> Self {
        Self::Unavailable(Arc::new(Panicked))
    }

    /// The store was closed.
    pub(crate) fn closed() -> Self {
        Self::Unavailable(Arc::new(Closed))
    }

    /// Says which statement found a row that cannot be understood.
    pub(crate) fn found_by(self, file: &str) -> Self {
        match self {
            Self::Corrupt(what) => Self::Corrupt(format!("{file}: {what}")),
            Self::DiskFull | Self::Unavailable(_) | Self::Lost(_) => self,
        }
    }

    /// A row of ours that makes no sense.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::DiskFull => Self::DiskFull,
            Fault::Unavailable(cause) | Fault::Lost(cause) => Self::Unavailable(Box::new(Cause(cause))),
            Fault::Corrupt(what) => Self::Corrupt { what },
        }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            // A read can need space too: SQLite's index of the log grows, PostgreSQL sorts in files.
            Fault::DiskFull => Self::Unavailable("the disk is full".into()),
            Fault::Unavailable(cause) | Fault::Lost(cause) => Self::Unavailable(Box::new(Cause(cause))),
            Fault::Corrupt(what) => Self::Corrupt { what },
        }
    }
}
