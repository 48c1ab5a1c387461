//! One unit of work against the rows in memory: what it needs, and what it writes.

use wingbeat_model::{
    Action, ActionKey, ActionName, Attempt, CacheKey, Changes, Loaded, Needs, RunId, Seq, State, UnitOfWork,
};

use super::Rows;
use crate::take_new;

impl Rows {
    /// Loads what the unit needs and lets it decide.
    pub(super) fn decide(&self, unit: &mut dyn UnitOfWork, seq: Seq) -> Changes {
        let mut loaded = Loaded::default();
        loop {
            let new = take_new(unit.needs(&loaded), &mut loaded.asked);
            if new.is_empty() {
                return unit.decide(loaded, seq);
            }
            self.load(&new, &mut loaded);
        }
    }

    fn load(&self, needs: &Needs, loaded: &mut Loaded) {
        let by_key = needs.runs_by_key.iter().filter_map(|key| self.run_ids.get(key));
        for run in needs.runs.iter().chain(by_key).filter_map(|id| self.runs.get(id)) {
            loaded.run_ids.insert(run.key.clone(), run.id);
            loaded.runs.insert(run.id, run.clone());
        }
        let actions = needs.actions.iter().filter_map(|key| self.actions.get(key));
        loaded.actions.extend(actions.map(keyed_action));
        let attempts = needs.attempts.iter().filter_map(|key| self.attempts.get(key));
        loaded.attempts.extend(attempts.map(keyed_attempt));
        let entries = needs.cache.iter().filter_map(|key| self.cache.get_key_value(key));
        loaded.cache.extend(entries.map(|(key, entry)| (key.clone(), entry.clone())));
        let claims = needs.reservations.iter().filter_map(|key| self.reservations.get_key_value(key));
        loaded.reservations.extend(claims.map(|(key, claim)| (key.clone(), claim.clone())));
        let replays = needs.replays.iter().filter_map(|key| self.replays.get_key_value(key));
        loaded.replays.extend(replays.map(|(key, answer)| (key.clone(), *answer)));
        let sessions = self.sessions.values().filter(|session| {
            let open = session.ended_at.is_none();
            needs.sessions.contains(&session.id) || (open && needs.sessions_of.contains(&session.executor))
        });
        loaded.sessions.extend(sessions.map(|session| (session.id.clone(), session.clone())));
        let queues = needs.queues.iter().filter_map(|name| self.queues.get_key_value(name));
        loaded.queues.extend(queues.map(|(name, queue)| (name.clone(), queue.clone())));
        self.load_sets(needs, loaded);
    }

    fn load_sets(&self, needs: &Needs, loaded: &mut Loaded) {
        for parent in &needs.live_children {
            let is_child = |action: &&Action| action.parent.as_ref() == Some(&parent.name);
            let live = self.actions_of(parent.run).filter(is_child).filter(|a| a.ended_at().is_none());
            let found = live.take(Needs::CHUNK).map(keyed_action).collect::<Vec<_>>();
            loaded.live_children.insert(parent.clone(), keys(&found));
            loaded.actions.extend(found);
        }
        for key in &needs.cache_waiters {
            let found = self.waiters(key);
            loaded.cache_waiters.insert(key.clone(), keys(&found));
            loaded.actions.extend(found);
        }
        for id in &needs.held {
            let held = self.attempts.values().filter(|attempt| attempt.held && attempt.session == *id);
            let found = held.take(Needs::CHUNK).map(keyed_attempt).collect::<Vec<_>>();
            loaded.held.insert(id.clone(), keys(&found));
            loaded.attempts.extend(found);
        }
    }

    /// Actions that wait for a key, oldest first.
    fn waiters(&self, wanted: &CacheKey) -> Vec<(ActionKey, Action)> {
        let since = |action: &Action| match &action.state {
            State::AwaitingCache { since, key } if key == wanted => Some(*since),
            State::AwaitingCache { .. }
            | State::Queued { .. }
            | State::Claimed { .. }
            | State::Running { .. }
            | State::Paused { .. }
            | State::Done { .. } => None,
        };
        let waiting = self.actions.values().filter_map(|action| Some((since(action)?, action)));
        let mut waiting = waiting.collect::<Vec<_>>();
        // Stable: equally old ones stay in the order of their keys.
        waiting.sort_by_key(|(since, _)| *since);
        waiting.into_iter().take(Needs::CHUNK).map(|(_, action)| keyed_action(action)).collect()
    }

    /// Actions of a run, by name.
    pub(super) fn actions_of(&self, run: RunId) -> impl Iterator<Item = &Action> {
        let first = ActionKey { run, name: ActionName::stored("") };
        self.actions.range(first..).map(|(_, action)| action).take_while(move |action| action.key.run == run)
    }

    /// Writes what was decided.
    pub(super) fn apply(&mut self, changes: Changes) {
        for run in changes.runs {
            self.run_ids.insert(run.key.clone(), run.id);
            self.runs.insert(run.id, run);
        }
        for (digest, bytes) in changes.specs {
            self.specs.entry(digest).or_insert(bytes);
        }
        self.actions.extend(changes.actions.into_iter().map(|action| (action.key.clone(), action)));
        self.attempts.extend(changes.attempts.into_iter().map(|attempt| (attempt.key.clone(), attempt)));
        changes.cache_deletes.iter().for_each(|key| drop(self.cache.remove(key)));
        self.cache.extend(changes.cache_puts.into_iter().map(|entry| (entry.key.clone(), entry)));
        changes.reservation_deletes.iter().for_each(|key| drop(self.reservations.remove(key)));
        self.reservations.extend(changes.reservations.into_iter().map(|claim| (claim.key.clone(), claim)));
        self.sessions.extend(changes.sessions.into_iter().map(|session| (session.id.clone(), session)));
        self.queues.extend(changes.queues.into_iter().map(|queue| (queue.name.clone(), queue)));
        self.shares.extend(changes.shares.into_iter().map(|share| (share.project.clone(), share)));
        for (key, difference) in changes.counters {
            *self.counters.entry(key).or_default() += difference;
        }
        for (key, difference) in changes.tallies {
            *self.tallies.entry(key).or_default() += difference;
        }
        changes.follow_ups_done.iter().for_each(|id| drop(self.follow_ups.remove(id)));
        self.follow_ups.extend(changes.follow_ups.into_iter().map(|left| (left.id, left)));
        self.replays.extend(changes.replays.into_iter().map(|(key, digest, run)| (key, (digest, run))));
    }
}

fn keyed_action(action: &Action) -> (ActionKey, Action) {
    (action.key.clone(), action.clone())
}

fn keyed_attempt(attempt: &Attempt) -> (wingbeat_model::AttemptKey, Attempt) {
    (attempt.key.clone(), attempt.clone())
}

fn keys<K: Clone, V>(rows: &[(K, V)]) -> Vec<K> {
    rows.iter().map(|(key, _)| key.clone()).collect()
}
