//! Sums and windows of one run, run on PostgreSQL.

use async_trait::async_trait;
use wingbeat_model::tally::Marks;
use wingbeat_model::{ActionName, RunId, Tallied};
use wingbeat_store::listing::CursorKey;
use wingbeat_store::{ActionCounts, Position, ReadError, RunViews, Window, WindowQuery};

use super::params::Params;
use super::row::read_rows;
use super::{PostgresStore, queries};
use crate::fault::Fault;
use crate::lists::{ListStatement, limit, read_row};
use crate::rows::action;
use crate::rows::cell::Columns;
use crate::rows::tally::{self, TallyKind, read_count};
use crate::statement::Dialect;
use crate::windows::{self, Way};

impl PostgresStore {
    async fn tallies(&self, run: RunId, kind: TallyKind) -> Result<Vec<(Tallied, i64)>, ReadError> {
        let params = Params::new().with(run.0)?.with(kind as i64)?;
        self.list(&queries::TALLY_LIST, params, tally::read).await
    }

    async fn positions<T>(
        &self,
        statement: ListStatement,
        read: impl Fn(&mut Columns<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<(T, CursorKey)>, ReadError> {
        let ListStatement { text, bound, terms } = statement;
        let rows = self.readers.fetch_list(text, Params::of_list(bound)?).await?;
        Ok(read_rows(&rows, |row| read_row(row, terms, &read))?)
    }
}

#[async_trait]
impl RunViews for PostgresStore {
    async fn counts_below(&self, run: RunId, parents: &[ActionName]) -> Result<Vec<ActionCounts>, ReadError> {
        let params = Params::new().with(run.0)?.with_texts(parents.iter().map(ActionName::as_str))?;
        self.list(&queries::COUNTER_LIST_BELOW, params, read_count).await
    }

    async fn standings(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.tallies(run, TallyKind::Standing).await
    }

    async fn moments(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        self.tallies(run, TallyKind::Moment).await
    }

    async fn marks(&self, run: RunId, most: usize) -> Result<Vec<Marks>, ReadError> {
        let params = Params::new().with(run.0)?.with(limit(most))?;
        self.list(&queries::ACTION_MARKS, params, tally::read_marks).await
    }

    async fn window(&self, query: &WindowQuery) -> Result<Window, ReadError> {
        let way = Way::of(Dialect::Postgres, query);
        // Two statements, so two moments: what comes in between is before the edge and found, or behind it.
        let edge = if way.has_edge() { self.positions(way.edge()?, |_| Ok(())).await?.pop() } else { None };
        let edge = edge.map(|((), key)| key);
        let found = self.positions(way.rows(edge.as_ref())?, action::read).await?;
        Ok(way.window(found, edge))
    }

    async fn rows_before(&self, query: &WindowQuery, position: &Position) -> Result<usize, ReadError> {
        let statement = Way::of(Dialect::Postgres, query).before(position);
        let count = self.positions(statement, windows::read_count).await?.pop();
        Ok(count.map_or(0, |(count, _)| count))
    }
}
