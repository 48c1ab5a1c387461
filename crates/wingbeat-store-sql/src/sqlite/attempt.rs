//! Attempts.

use rusqlite::Connection;
use wingbeat_model::{Attempt, AttemptKey};

use super::queries;
use super::row::{find, write_bound};
use crate::fault::Fault;
pub(crate) use crate::rows::attempt::read;

/// Writes an attempt.
pub(crate) fn put(db: &Connection, attempt: &Attempt) -> Result<(), Fault> {
    write_bound(db, &queries::ATTEMPT_PUT, |row| crate::rows::attempt::bind(row, attempt)).map(drop)
}

/// Loads an attempt.
pub(crate) fn load(db: &Connection, key: &AttemptKey) -> Result<Option<Attempt>, Fault> {
    let params = (key.action.run.0, key.action.name.as_str(), key.attempt);
    find(db, &queries::ATTEMPT_FIND, params, read)
}
