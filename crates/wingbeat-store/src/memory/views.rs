//! Pictures of one run in memory: the plainest reading of `views`, which other stores are compared with.

use async_trait::async_trait;
use wingbeat_model::tally::Marks;
use wingbeat_model::{Action, ActionName, RunId, Tallied};

use super::{MemoryStore, Rows};
use crate::listing::{CursorKey, ListId, Value, compare_keys};
use crate::{ActionCounts, Position, ReadError, RunReads, RunViews, Window, WindowQuery, WindowStart};

fn key(position: &Position) -> CursorKey {
    let name = Value::Text(position.name.as_str().to_owned());
    CursorKey(vec![Some(Value::Int(position.at.as_micros())), Some(name)])
}

impl Rows {
    fn window(&self, query: &WindowQuery) -> Result<Window, ReadError> {
        let list = ListId::of_window(query);
        let directions = [query.direction; 2];
        let of_run = self.actions_of(query.run);
        let mut rows: Vec<(CursorKey, &Action)> =
            of_run.filter_map(|action| Some((key(&query.position(action)?), action))).collect();
        rows.sort_by(|a, b| compare_keys(&a.0, &b.0, &directions));
        match &query.start {
            WindowStart::Skip(count) => drop(rows.drain(..rows.len().min(*count))),
            WindowStart::After(cursor) => {
                let from = CursorKey::decode(cursor, list, directions.len())?;
                rows.retain(|(key, _)| compare_keys(key, &from, &directions).is_gt());
            }
        }
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let next = rows.last().filter(|_| more).map(|(key, _)| key.encode(list));
        Ok(Window { rows: rows.into_iter().map(|(_, action)| action.clone()).collect(), next })
    }

    fn rows_before(&self, query: &WindowQuery, position: &Position) -> usize {
        let (here, directions) = (key(position), [query.direction; 2]);
        let places = self.actions_of(query.run).filter_map(|action| query.position(action));
        places.filter(|place| compare_keys(&key(place), &here, &directions).is_lt()).count()
    }

    fn tallies_of(&self, run: RunId, wanted: impl Fn(&Tallied) -> bool) -> Vec<(Tallied, i64)> {
        let of_run = self.tallies.iter().filter(|(key, count)| key.run == run && **count != 0);
        of_run.filter(|(key, _)| wanted(&key.what)).map(|(key, count)| (key.what.clone(), *count)).collect()
    }
}

#[async_trait]
impl RunViews for MemoryStore {
    async fn counts_below(&self, run: RunId, parents: &[ActionName]) -> Result<Vec<ActionCounts>, ReadError> {
        let mut counts = self.counts(run).await?;
        counts.retain(|row| row.parent.as_ref().is_some_and(|parent| parents.contains(parent)));
        Ok(counts)
    }

    async fn standings(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        Ok(self.rows().tallies_of(run, |what| matches!(what, Tallied::Standing { .. })))
    }

    async fn moments(&self, run: RunId) -> Result<Vec<(Tallied, i64)>, ReadError> {
        Ok(self.rows().tallies_of(run, |what| matches!(what, Tallied::Moment { .. })))
    }

    async fn marks(&self, run: RunId, limit: usize) -> Result<Vec<Marks>, ReadError> {
        let rows = self.rows();
        let children = rows.actions_of(run).filter(|action| action.parent.is_some());
        Ok(children.take(limit).map(Marks::of).collect())
    }

    async fn window(&self, query: &WindowQuery) -> Result<Window, ReadError> {
        self.rows().window(query)
    }

    async fn rows_before(&self, query: &WindowQuery, position: &Position) -> Result<usize, ReadError> {
        Ok(self.rows().rows_before(query, position))
    }
}
