//! The feed: what changed after a position. A page never splits a position, because a position is all that a
//! reader remembers: the last one comes whole. Each page is one statement, so it is of one moment.

use sqlx::Row;
use sqlx::postgres::PgRow;
use wingbeat_model::{Action, ActionKey, ActionName, RunId, Seq};
use wingbeat_store::RunScope;

use super::params::Params;
use super::queries::{self, Query};
use super::readers::Readers;
use super::row::{read_row, read_rows};
use crate::fault::Fault;
use crate::lists::limit;
use crate::rows::action;

/// One row more than asked, to know whether there is more and whether the last position is whole.
fn asked(most: usize) -> i64 {
    limit(most.max(1).saturating_add(1))
}

/// Changes of a run, or of one action's children.
pub(crate) async fn changed_actions(
    readers: &Readers,
    run: RunId,
    parent: Option<&ActionName>,
    after: Seq,
    most: usize,
) -> Result<(Vec<Action>, Seq), Fault> {
    let params = Params::new().with(run.0)?.with(after.0)?.with(asked(most))?;
    let rows = match parent {
        None => readers.fetch(&queries::ACTION_CHANGED, params).await?,
        Some(parent) => {
            readers.fetch(&queries::ACTION_CHANGED_CHILDREN, params.with(parent.as_str())?).await?
        }
    };
    page(&rows, most)
}

/// Changes of roots.
pub(crate) async fn changed_roots(
    readers: &Readers,
    scope: &RunScope,
    after: Seq,
    most: usize,
) -> Result<(Vec<Action>, Seq), Fault> {
    let (query, params): (&'static Query, _) = match scope {
        RunScope::Project(place) => {
            let params = Params::new().with(&*place.org)?.with(&*place.project)?.with(&*place.domain)?;
            (&queries::ROOT_CHANGED, params)
        }
        RunScope::Task { scope, name, version } => {
            let params = Params::new().with(&*scope.org)?.with(&*scope.project)?.with(&*scope.domain)?;
            (&queries::ROOT_CHANGED_TASK, params.with(&**name)?.with(version.as_deref())?)
        }
        RunScope::Run(run) => (&queries::ROOT_CHANGED_RUN, Params::new().with(run.0)?),
    };
    let rows = readers.fetch(query, params.with(after.0)?.with(asked(most))?).await?;
    page(&rows, most)
}

/// Rows end with the head; one without an action brings nothing else.
fn page(rows: &[PgRow], most: usize) -> Result<(Vec<Action>, Seq), Fault> {
    let first = rows.first().ok_or_else(|| Fault::corrupt("the head's row is missing"))?;
    let head = Seq(first.try_get(first.len() - 1)?);
    if first.try_get::<Option<i64>, _>(0)?.is_none() {
        return Ok((Vec::new(), head));
    }
    let mut found = read_rows(rows, action::read)?;
    let most = most.max(1);
    let Some(next) = found.get(most).map(|row| row.changed) else { return Ok((found, head)) };
    let last = found[most - 1].changed;
    found.retain(|row| row.changed <= last);
    debug_assert!(next >= last, "rows come in the order of their positions");
    Ok((found, last))
}

/// An action.
pub(crate) async fn find_action(readers: &Readers, key: &ActionKey) -> Result<Option<Action>, Fault> {
    let query = &queries::ACTION_FIND;
    let params = Params::rows(query, [key], |row, key| super::load::bind_action_key(row, key))?;
    let rows = readers.fetch(query, params).await?;
    rows.first().map(|row| read_row(row, action::read)).transpose()
}
