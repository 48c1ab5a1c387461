//! Pictures of one run in memory: the plainest reading of `views`, which other stores are compared with.

use async_trait::async_trait;
use wingbeat_model::tally::Marks;
use wingbeat_model::{Action, ActionName, RunId, Tallied};

use super::{MemoryStore, Rows};
use crate::listing::{CursorKey, ListId, Value, compare_keys, contains_ignoring_case};
use crate::{ActionCounts, ReadError, RunReads, RunViews, Window, WindowQuery, WindowSort, WindowStart};

impl WindowQuery {
    fn position(&self, action: &Action) -> Option<CursorKey> {
        let at = match self.sort {
            WindowSort::Created => action.created_at,
            WindowSort::Started => action.started_at?,
        };
        let name = Value::Text(action.key.name.as_str().to_owned());
        Some(CursorKey(vec![Some(Value::Int(at.as_micros())), Some(name)]))
    }

    fn fits(&self, action: &Action) -> bool {
        let has = |text: &str| contains_ignoring_case(text, &self.text);
        let since = self.started_from.is_none_or(|from| action.started_at.is_some_and(|at| at >= from));
        let before = self.started_before.is_none_or(|to| action.started_at.is_some_and(|at| at < to));
        action.parent.is_some()
            && self.parent.as_ref().is_none_or(|parent| action.parent.as_ref() == Some(parent))
            && (self.phases.is_empty() || self.phases.contains(&action.phase()))
            && self.group.as_ref().is_none_or(|group| action.group == *group)
            && (has(action.key.name.as_str()) || has(&action.task.name) || has(&action.group))
            && since
            && before
    }
}

impl Rows {
    fn window(&self, query: &WindowQuery) -> Result<Window, ReadError> {
        let list = ListId::of_window(query);
        let directions = [query.direction; 2];
        let fitting = self.actions_of(query.run).filter(|action| query.fits(action));
        let mut rows: Vec<(CursorKey, &Action)> =
            fitting.filter_map(|action| Some((query.position(action)?, action))).collect();
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
}
