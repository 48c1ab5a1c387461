//! The feed: what changed after a position. A page never splits a position, because a position is all that a
//! reader remembers: the last one comes whole.

use rusqlite::{Connection, params};
use wingbeat_model::{Action, ActionName, RunId, Seq};
use wingbeat_store::RunScope;

use super::action;
use super::queries;
use super::row::{find, first, list};
use crate::fault::Fault;
use crate::lists::limit;

/// No limit, as SQLite takes it.
const ALL: i64 = -1;

/// The newest position.
pub(crate) fn head(db: &Connection) -> Result<Seq, Fault> {
    Ok(Seq(find(db, &queries::HEAD_READ, [], first)?.unwrap_or_default()))
}

/// A part of the feed: positions after the first, up to the second, and at most so many rows.
struct Part {
    after: i64,
    upto: i64,
    rows: i64,
}

/// Changes of a run, or of one action's children.
pub(crate) fn changed_actions(
    db: &Connection,
    run: RunId,
    parent: Option<&ActionName>,
    after: Seq,
    most: usize,
) -> Result<(Vec<Action>, Seq), Fault> {
    page(db, after, most, |part| match parent {
        None => {
            let params = (run.0, part.after, part.upto, part.rows);
            list(db, &queries::ACTION_CHANGED, params, action::read)
        }
        Some(parent) => {
            let params = (run.0, part.after, part.upto, part.rows, parent.as_str());
            list(db, &queries::ACTION_CHANGED_CHILDREN, params, action::read)
        }
    })
}

/// Changes of roots.
pub(crate) fn changed_roots(
    db: &Connection,
    scope: &RunScope,
    after: Seq,
    most: usize,
) -> Result<(Vec<Action>, Seq), Fault> {
    page(db, after, most, |part| match scope {
        RunScope::Project(place) => {
            let params =
                params![&*place.org, &*place.project, &*place.domain, part.after, part.upto, part.rows];
            list(db, &queries::ROOT_CHANGED, params, action::read)
        }
        RunScope::Task { scope, name, version } => {
            let params = params![
                &*scope.org,
                &*scope.project,
                &*scope.domain,
                &**name,
                version.as_deref(),
                part.after,
                part.upto,
                part.rows,
            ];
            list(db, &queries::ROOT_CHANGED_TASK, params, action::read)
        }
        RunScope::Run(run) => {
            let params = (run.0, part.after, part.upto, part.rows);
            list(db, &queries::ROOT_CHANGED_RUN, params, action::read)
        }
    })
}

fn page(
    db: &Connection,
    after: Seq,
    most: usize,
    read: impl Fn(Part) -> Result<Vec<Action>, Fault>,
) -> Result<(Vec<Action>, Seq), Fault> {
    let head = head(db)?;
    let most = most.max(1);
    // One row more than asked tells whether there is more, and whether the last position is whole.
    let mut rows = read(Part { after: after.0, upto: head.0, rows: limit(most.saturating_add(1)) })?;
    let Some(next) = rows.get(most).map(|row| row.changed) else { return Ok((rows, head)) };
    rows.truncate(most);
    let last = rows[most - 1].changed;
    if last == next {
        rows.retain(|row| row.changed < last);
        rows.extend(read(Part { after: last.0 - 1, upto: last.0, rows: ALL })?);
    }
    Ok((rows, last))
}
