//! Reads of run state in memory.

use async_trait::async_trait;
use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, CacheEntry, CacheKey, Digest, FollowUp, Queue, Reservation, Run,
    RunId, RunKey, Seq, Session, Share,
};

use super::{MemoryStore, Rows};
use crate::{ActionCounts, ActionQuery, Page, ReadError, RunReads, RunScope};

impl Rows {
    /// Actions that belong to a scope, by key.
    pub(super) fn in_scope(&self, scope: &RunScope) -> Vec<&Action> {
        let root = |id: &RunId| self.actions.get(&ActionKey::root(*id));
        let roots = |fits: &dyn Fn(&Run, &Action) -> bool| {
            let pairs = self.runs.values().filter_map(|run| Some((run, root(&run.id)?)));
            pairs.filter(|(run, action)| fits(run, action)).map(|(_, action)| action).collect()
        };
        match scope {
            RunScope::Run(run) => self.actions_of(*run).collect(),
            RunScope::Project(place) => roots(&|run, _| {
                let at = &run.key.scope;
                let domain = place.domain.is_empty() || at.domain == place.domain;
                at.org == place.org && at.project == place.project && domain
            }),
            RunScope::Task { scope, name, version } => roots(&|run, action| {
                let task = &action.task;
                let place = task.project == *scope.project && task.domain == *scope.domain;
                let version = version.as_deref().is_none_or(|version| version == task.version);
                run.key.scope.org == scope.org && place && task.name == **name && version
            }),
        }
    }

    /// A page of the feed. It never splits a position, because a position is all that a reader remembers.
    fn changes<'a>(
        &self,
        rows: impl Iterator<Item = &'a Action>,
        after: Seq,
        limit: usize,
    ) -> (Vec<Action>, Seq) {
        let mut rows = rows.filter(|action| action.changed > after).collect::<Vec<_>>();
        rows.sort_by_key(|action| action.changed);
        let mut upto = Seq(self.head);
        if let Some(last) = rows.get(limit.max(1) - 1).map(|action| action.changed)
            && rows.len() > limit.max(1)
        {
            upto = last;
            rows.retain(|action| action.changed <= last);
        }
        (rows.into_iter().cloned().collect(), upto)
    }
}

#[async_trait]
impl RunReads for MemoryStore {
    async fn head(&self) -> Result<Seq, ReadError> {
        Ok(Seq(self.rows().head))
    }

    async fn find_run(&self, key: &RunKey) -> Result<Option<Run>, ReadError> {
        let rows = self.rows();
        Ok(rows.run_ids.get(key).and_then(|id| rows.runs.get(id)).cloned())
    }

    async fn get_runs(&self, ids: &[RunId]) -> Result<Vec<Run>, ReadError> {
        let rows = self.rows();
        Ok(ids.iter().filter_map(|id| rows.runs.get(id)).cloned().collect())
    }

    async fn find_action(&self, key: &ActionKey) -> Result<Option<Action>, ReadError> {
        Ok(self.rows().actions.get(key).cloned())
    }

    async fn list_attempts(&self, key: &ActionKey) -> Result<Vec<Attempt>, ReadError> {
        let rows = self.rows();
        Ok(rows.attempts.values().filter(|attempt| attempt.key.action == *key).cloned().collect())
    }

    async fn find_spec(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.rows().specs.get(digest).cloned())
    }

    async fn list_actions(&self, query: &ActionQuery) -> Result<Page<Action>, ReadError> {
        self.rows().list_actions(query)
    }

    async fn changed_actions(
        &self,
        run: RunId,
        parent: Option<&ActionName>,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        let rows = self.rows();
        let ended = |action: &Action| action.phase().is_terminal() && action.parent.as_ref() == parent;
        let wanted = |action: &&Action| parent.is_none() || ended(action);
        Ok(rows.changes(rows.actions_of(run).filter(wanted), after, limit))
    }

    async fn changed_roots(
        &self,
        scope: &RunScope,
        after: Seq,
        limit: usize,
    ) -> Result<(Vec<Action>, Seq), ReadError> {
        let rows = self.rows();
        let roots = rows.in_scope(scope).into_iter().filter(|action| action.parent.is_none());
        Ok(rows.changes(roots, after, limit))
    }

    async fn counts(&self, run: RunId) -> Result<Vec<ActionCounts>, ReadError> {
        let rows = self.rows();
        let counters = rows.counters.iter().filter(|(key, count)| key.run == run && **count != 0);
        let counts = counters.map(|(key, count)| ActionCounts {
            parent: key.parent.clone(),
            group: key.group.clone(),
            phase: key.phase,
            count: *count,
            newest: None,
        });
        Ok(counts.collect())
    }

    async fn live_actions(&self, after: Option<&ActionKey>, limit: usize) -> Result<Vec<Action>, ReadError> {
        let rows = self.rows();
        let live = rows.actions.values().filter(|action| action.ended_at().is_none());
        let later = live.filter(|action| after.is_none_or(|after| action.key > *after));
        Ok(later.take(limit).cloned().collect())
    }

    async fn held_attempts(&self) -> Result<Vec<Attempt>, ReadError> {
        Ok(self.rows().attempts.values().filter(|attempt| attempt.held).cloned().collect())
    }

    async fn open_sessions(&self) -> Result<Vec<Session>, ReadError> {
        Ok(self.rows().sessions.values().filter(|session| session.ended_at.is_none()).cloned().collect())
    }

    async fn follow_ups(&self) -> Result<Vec<FollowUp>, ReadError> {
        Ok(self.rows().follow_ups.values().cloned().collect())
    }

    async fn queues(&self) -> Result<Vec<Queue>, ReadError> {
        Ok(self.rows().queues.values().cloned().collect())
    }

    async fn shares(&self) -> Result<Vec<Share>, ReadError> {
        Ok(self.rows().shares.values().cloned().collect())
    }

    async fn find_cache(&self, key: &CacheKey) -> Result<Option<CacheEntry>, ReadError> {
        Ok(self.rows().cache.get(key).cloned())
    }

    async fn find_reservation(&self, key: &CacheKey) -> Result<Option<Reservation>, ReadError> {
        Ok(self.rows().reservations.get(key).cloned())
    }
}
