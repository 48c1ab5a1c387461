//! Runs with their labels.

use rusqlite::Connection;
use wingbeat_model::{Run, RunId, RunKey};

use super::queries;
use super::row::{find, list, write, write_bound};
use crate::fault::Fault;
use crate::rows::run::{bind, read};

/// Writes a run and its labels.
pub(crate) fn put(db: &Connection, run: &Run) -> Result<(), Fault> {
    write_bound(db, &queries::RUN_PUT, |row| bind(row, run))?;
    let stored = labels(db, run.id)?;
    if stored == run.labels {
        return Ok(());
    }
    write(db, &queries::RUN_LABEL_DELETE, [run.id.0])?;
    for (key, value) in &run.labels {
        write(db, &queries::RUN_LABEL_PUT, (run.id.0, key, value))?;
    }
    Ok(())
}

/// Loads a run by number.
pub(crate) fn load(db: &Connection, id: RunId) -> Result<Option<Run>, Fault> {
    with_labels(db, find(db, &queries::RUN_GET, [id.0], read)?)
}

/// Loads a run by name.
pub(crate) fn load_by_key(db: &Connection, key: &RunKey) -> Result<Option<Run>, Fault> {
    let scope = &key.scope;
    let params = (&*scope.org, &*scope.project, &*scope.domain, key.name());
    with_labels(db, find(db, &queries::RUN_FIND, params, read)?)
}

fn with_labels(db: &Connection, found: Option<(Run, i64)>) -> Result<Option<Run>, Fault> {
    let Some((mut run, label_count)) = found else { return Ok(None) };
    if label_count > 0 {
        run.labels = labels(db, run.id)?;
    }
    Ok(Some(run))
}

fn labels(db: &Connection, run: RunId) -> Result<Vec<(String, String)>, Fault> {
    list(db, &queries::RUN_LABEL_LIST, [run.0], |row| Ok((row.take()?, row.take()?)))
}
