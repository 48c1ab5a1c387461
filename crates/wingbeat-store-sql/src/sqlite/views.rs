//! Sums and windows of one run, run on SQLite.

use std::rc::Rc;

use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use wingbeat_model::tally::Marks;
use wingbeat_model::{ActionName, RunId, Tallied};
use wingbeat_store::{ActionCounts, Position, ReadError, RunViews, Window, WindowQuery};

use super::lists::rows;
use super::row::list;
use super::{SqliteStore, queries};
use crate::rows::tally::{self, TallyKind};
use crate::rows::{action, tally::read_count};
use crate::statement::Dialect;
use crate::windows::{self, Way};

impl SqliteStore {
    async fn tallies(&self, run: RunId, kind: TallyKind) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.read(move |db| list(db, &queries::TALLY_LIST, (run.0, kind as i64), tally::read)).await
    }
}

#[async_trait]
impl RunViews for SqliteStore {
    async fn counts_below(&self, run: RunId, parents: &[ActionName]) -> Result<Vec<ActionCounts>, ReadError> {
        let parents: Vec<String> = parents.iter().map(|parent| parent.as_str().to_owned()).collect();
        let read = move |db: &Connection| {
            let parents: Rc<Vec<SqlValue>> = Rc::new(parents.into_iter().map(SqlValue::Text).collect());
            list(db, &queries::COUNTER_LIST_BELOW, (run.0, parents), read_count)
        };
        self.read(read).await
    }

    async fn standings(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.tallies(run, TallyKind::Standing).await
    }

    async fn moments(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.tallies(run, TallyKind::Moment).await
    }

    async fn marks(&self, run: RunId, limit: usize) -> Result<Vec<Marks>, ReadError> {
        let limit = crate::lists::limit(limit);
        self.read(move |db| list(db, &queries::ACTION_MARKS, (run.0, limit), tally::read_marks)).await
    }

    async fn window(&self, query: &WindowQuery) -> Result<Window, ReadError> {
        let query = query.clone();
        self.readers.read(move |db| window(db, &query)).await
    }

    async fn rows_before(&self, query: &WindowQuery, position: &Position) -> Result<usize, ReadError> {
        let statement = Way::of(Dialect::Sqlite, query).before(position);
        let count = self.readers.read(move |db| Ok(rows(db, statement, windows::read_count)?.pop())).await?;
        Ok(count.map_or(0, |(count, _)| count))
    }
}

fn window(db: &Connection, query: &WindowQuery) -> Result<Window, ReadError> {
    let way = Way::of(Dialect::Sqlite, query);
    let edge = if way.has_edge() { rows(db, way.edge()?, |_| Ok(()))?.pop() } else { None };
    let edge = edge.map(|((), key)| key);
    let found = rows(db, way.rows(edge.as_ref())?, action::read)?;
    Ok(way.window(found, edge))
}
