//! Lists in memory: the plainest reading of `listing`, which other stores are compared with.

use wingbeat_model::{Action, Phase, RunId, TaskVersion};

use super::Rows;
use crate::listing::{
    CursorKey, ListId, action_order, action_ties, action_value, compare_keys, passes, task_order, task_ties,
    task_value,
};
use crate::{ActionQuery, Cursor, Direction, Page, ReadError, RunScope, TaskQuery};

impl Rows {
    /// A page of actions.
    pub(super) fn list_actions(&self, query: &ActionQuery) -> Result<Page<Action>, ReadError> {
        let order = action_order(query);
        let rows = self.in_scope(&query.scope).into_iter().filter_map(|action| {
            let run = self.runs.get(&action.key.run)?;
            let value = |field| action_value(field, run, action);
            let fits = query.filters.iter().all(|filter| {
                passes(&filter.field, filter.op, value(&filter.field).as_ref(), &filter.values)
            });
            let paused = !query.paused_only || self.has_paused(run.id);
            let key = order.terms.iter().map(|(field, _)| value(field));
            let ties = match query.scope {
                RunScope::Run(_) => action_ties(action).split_off(1),
                RunScope::Project(_) | RunScope::Task { .. } => action_ties(action)[..1].to_vec(),
            };
            (fits && paused).then(|| (CursorKey(key.chain(ties.into_iter().map(Some)).collect()), action))
        });
        let directions = directions(order.terms.iter().map(|term| term.1), order.ties, 1);
        page(rows.collect(), &directions, (query.after.as_ref(), ListId::of_actions(query), query.limit))
    }

    fn has_paused(&self, run: RunId) -> bool {
        self.actions_of(run).any(|action| action.phase() == Phase::Paused)
    }

    /// A page of task versions.
    pub(super) fn list_tasks(&self, query: &TaskQuery) -> Result<Page<TaskVersion>, ReadError> {
        let order = task_order(query);
        let rows = self.tasks.values().filter_map(|task| {
            let scope = &task.key.scope;
            let domain = query.scope.domain.is_empty() || scope.domain == query.scope.domain;
            let place = scope.org == query.scope.org && scope.project == query.scope.project && domain;
            let version = match &query.versions_of {
                Some(name) => task.key.name == *name,
                None => self.is_newest(task),
            };
            let fits = query.filters.iter().all(|filter| {
                let value = task_value(filter.field, task);
                passes(&filter.field, filter.op, Some(&value), &filter.values)
            });
            let key = order.terms.iter().map(|(field, _)| Some(task_value(*field, task)));
            let key = key.chain(task_ties(task).into_iter().map(Some));
            (place && version && fits).then(|| (CursorKey(key.collect()), task))
        });
        let directions = directions(order.terms.iter().map(|term| term.1), order.ties, 3);
        page(rows.collect(), &directions, (query.after.as_ref(), ListId::of_tasks(query), query.limit))
    }

    fn is_newest(&self, task: &TaskVersion) -> bool {
        let age = |task: &TaskVersion| (task.deployed_at, task.key.version.clone());
        let same =
            |other: &&TaskVersion| other.key.scope == task.key.scope && other.key.name == task.key.name;
        !self.tasks.values().filter(same).any(|other| age(other) > age(task))
    }
}

fn directions(terms: impl Iterator<Item = Direction>, ties: Direction, count: usize) -> Vec<Direction> {
    terms.chain(std::iter::repeat_n(ties, count)).collect()
}

fn page<T: Clone>(
    mut rows: Vec<(CursorKey, &T)>,
    directions: &[Direction],
    (after, list, limit): (Option<&Cursor>, ListId, usize),
) -> Result<Page<T>, ReadError> {
    rows.sort_by(|a, b| compare_keys(&a.0, &b.0, directions));
    if let Some(cursor) = after {
        let from = CursorKey::decode(cursor, list, directions.len())?;
        rows.retain(|(key, _)| compare_keys(key, &from, directions).is_gt());
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(key, _)| key.encode(list));
    Ok(Page { rows: rows.into_iter().map(|(_, row)| row.clone()).collect(), next })
}
