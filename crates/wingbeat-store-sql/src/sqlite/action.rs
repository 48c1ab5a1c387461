//! Actions.

use rusqlite::Connection;
use wingbeat_model::{Action, ActionKey};

use super::queries;
use super::row::{find, write_bound};
use crate::fault::Fault;
pub(crate) use crate::rows::action::read;

/// Writes an action.
pub(crate) fn put(db: &Connection, action: &Action) -> Result<(), Fault> {
    write_bound(db, &queries::ACTION_PUT, |row| crate::rows::action::bind(row, action)).map(drop)
}

/// Loads an action.
pub(crate) fn load(db: &Connection, key: &ActionKey) -> Result<Option<Action>, Fault> {
    find(db, &queries::ACTION_FIND, (key.run.0, key.name.as_str()), read)
}
