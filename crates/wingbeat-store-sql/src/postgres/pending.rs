//! What units of a group have decided and is not written yet, the later over the earlier; and what the group knows,
//! so that a later unit sees what an earlier one decided. Pure arithmetic on rows.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptKey, CacheEntry, CacheKey, Changes, CounterKey, Digest, FollowUp,
    FollowUpId, Loaded, Needs, Queue, QueueName, ReplayKey, Reservation, Run, RunId, Seq, Session, SessionId,
    Share, ShareKey, TallyKey,
};

/// Changes by key. `None` deletes.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) runs: BTreeMap<RunId, Run>,
    /// Of runs that are not among these: nothing else of their rows is another one than what is stored.
    pub(crate) run_counts: BTreeMap<RunId, RunCounts>,
    /// Runs whose stored labels may be others than those of the row.
    pub(crate) relabelled: BTreeSet<RunId>,
    pub(crate) actions: BTreeMap<ActionKey, Action>,
    /// How many children live, of actions that are not among these.
    pub(crate) action_counts: BTreeMap<ActionKey, u32>,
    pub(crate) attempts: BTreeMap<AttemptKey, Attempt>,
    pub(crate) specs: BTreeMap<Digest, Vec<u8>>,
    pub(crate) cache: BTreeMap<CacheKey, Option<CacheEntry>>,
    pub(crate) reservations: BTreeMap<CacheKey, Option<Reservation>>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) counters: BTreeMap<CounterKey, i64>,
    pub(crate) tallies: BTreeMap<TallyKey, i64>,
    pub(crate) follow_ups: BTreeMap<FollowUpId, Option<FollowUp>>,
    pub(crate) replays: BTreeMap<ReplayKey, (Digest, RunId)>,
    pub(crate) queues: BTreeMap<QueueName, Queue>,
    pub(crate) shares: BTreeMap<ShareKey, Share>,
}

/// What changes of a run with every action that gets a place or leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunCounts {
    pub(crate) running: u32,
    pub(crate) waiting_parents: u32,
    pub(crate) changed: Seq,
}

impl RunCounts {
    fn of(run: &Run) -> Self {
        Self { running: run.running, waiting_parents: run.waiting_parents, changed: run.changed }
    }

    fn put(self, run: &mut Run) {
        (run.running, run.waiting_parents, run.changed) = (self.running, self.waiting_parents, self.changed);
    }
}

impl Pending {
    /// Adds what a unit decided, and tells `known` of it.
    pub(crate) fn add(&mut self, changes: Changes, known: &mut Loaded) {
        for run in changes.runs {
            self.add_run(run, known);
        }
        for action in changes.actions {
            self.add_action(action, known);
        }
        for attempt in changes.attempts {
            known.asked.attempts.insert(attempt.key.clone());
            known.attempts.insert(attempt.key.clone(), attempt.clone());
            self.attempts.insert(attempt.key.clone(), attempt);
        }
        for session in changes.sessions {
            known.asked.sessions.insert(session.id.clone());
            known.sessions.insert(session.id.clone(), session.clone());
            self.sessions.insert(session.id.clone(), session);
        }
        for queue in changes.queues {
            known.asked.queues.insert(queue.name.clone());
            known.queues.insert(queue.name.clone(), queue.clone());
            self.queues.insert(queue.name.clone(), queue);
        }
        self.shares.extend(changes.shares.into_iter().map(|share| (share.project.clone(), share)));
        for (digest, bytes) in changes.specs {
            self.specs.entry(digest).or_insert(bytes);
        }
        for (key, difference) in changes.counters {
            *self.counters.entry(key).or_default() += difference;
        }
        for (key, difference) in changes.tallies {
            *self.tallies.entry(key).or_default() += difference;
        }
        self.follow_ups.extend(changes.follow_ups_done.into_iter().map(|id| (id, None)));
        self.follow_ups.extend(changes.follow_ups.into_iter().map(|left| (left.id, Some(left))));
        for (key, digest, run) in changes.replays {
            known.asked.replays.insert(key.clone());
            known.replays.insert(key.clone(), (digest, run));
            self.replays.insert(key, (digest, run));
        }
        self.add_cache(changes.cache_deletes, changes.cache_puts, known);
        self.add_reservations(changes.reservation_deletes, changes.reservations, known);
    }

    fn add_run(&mut self, run: Run, known: &mut Loaded) {
        known.asked.runs.insert(run.id);
        known.asked.runs_by_key.insert(run.key.clone());
        known.run_ids.insert(run.key.clone(), run.id);
        let before = known.runs.insert(run.id, run.clone());
        if before.as_ref().is_none_or(|before| before.labels != run.labels) {
            self.relabelled.insert(run.id);
        }
        let counts = RunCounts::of(&run);
        let only_counts = before.is_some_and(|mut before| {
            counts.put(&mut before);
            before == run
        });
        if only_counts {
            self.count_run(run.id, counts);
        } else {
            self.put_run(run);
        }
    }

    fn add_action(&mut self, action: Action, known: &mut Loaded) {
        known.asked.actions.insert(action.key.clone());
        let before = known.actions.insert(action.key.clone(), action.clone());
        let only_count = before.is_some_and(|mut before| {
            before.live_children = action.live_children;
            before == action
        });
        if only_count {
            self.count_children(action.key, action.live_children);
        } else {
            self.put_action(action);
        }
    }

    fn put_run(&mut self, run: Run) {
        self.run_counts.remove(&run.id);
        self.runs.insert(run.id, run);
    }

    fn count_run(&mut self, id: RunId, counts: RunCounts) {
        match self.runs.get_mut(&id) {
            Some(run) => counts.put(run),
            None => drop(self.run_counts.insert(id, counts)),
        }
    }

    fn put_action(&mut self, action: Action) {
        self.action_counts.remove(&action.key);
        self.actions.insert(action.key.clone(), action);
    }

    fn count_children(&mut self, key: ActionKey, live: u32) {
        match self.actions.get_mut(&key) {
            Some(action) => action.live_children = live,
            None => drop(self.action_counts.insert(key, live)),
        }
    }

    fn add_cache(&mut self, deletes: Vec<CacheKey>, puts: Vec<CacheEntry>, known: &mut Loaded) {
        for key in deletes {
            known.asked.cache.insert(key.clone());
            known.cache.remove(&key);
            self.cache.insert(key, None);
        }
        for entry in puts {
            known.asked.cache.insert(entry.key.clone());
            known.cache.insert(entry.key.clone(), entry.clone());
            self.cache.insert(entry.key.clone(), Some(entry));
        }
    }

    fn add_reservations(&mut self, deletes: Vec<CacheKey>, puts: Vec<Reservation>, known: &mut Loaded) {
        for key in deletes {
            known.asked.reservations.insert(key.clone());
            known.reservations.remove(&key);
            self.reservations.insert(key, None);
        }
        for claim in puts {
            known.asked.reservations.insert(claim.key.clone());
            known.reservations.insert(claim.key.clone(), claim.clone());
            self.reservations.insert(claim.key.clone(), Some(claim));
        }
    }

    /// Adds what was decided later.
    pub(crate) fn merge(&mut self, later: Self) {
        later.runs.into_values().for_each(|run| self.put_run(run));
        later.run_counts.into_iter().for_each(|(id, counts)| self.count_run(id, counts));
        self.relabelled.extend(later.relabelled);
        later.actions.into_values().for_each(|action| self.put_action(action));
        later.action_counts.into_iter().for_each(|(key, live)| self.count_children(key, live));
        self.attempts.extend(later.attempts);
        // A digest's bytes are always the same.
        self.specs.extend(later.specs);
        self.cache.extend(later.cache);
        self.reservations.extend(later.reservations);
        self.sessions.extend(later.sessions);
        self.queues.extend(later.queues);
        self.shares.extend(later.shares);
        for (key, difference) in later.counters {
            *self.counters.entry(key).or_default() += difference;
        }
        for (key, difference) in later.tallies {
            *self.tallies.entry(key).or_default() += difference;
        }
        self.follow_ups.extend(later.follow_ups);
        self.replays.extend(later.replays);
    }

    /// Moves everything to `written`.
    pub(crate) fn move_to(&mut self, written: &mut Self) {
        written.merge(mem::take(self));
    }
}

/// Does a unit want rows that are found by something else than their key?
pub(crate) fn wants_sets(needs: &Needs) -> bool {
    !(needs.live_children.is_empty()
        && needs.cache_waiters.is_empty()
        && needs.held.is_empty()
        && needs.sessions_of.is_empty())
}

/// The rows by key of `wanted` that were not asked for.
pub(crate) fn not_asked(wanted: &Needs, asked: &Needs) -> Needs {
    fn rest<K: Ord + Clone>(wanted: &BTreeSet<K>, asked: &BTreeSet<K>) -> BTreeSet<K> {
        wanted.iter().filter(|key| !asked.contains(key)).cloned().collect()
    }
    Needs {
        runs: rest(&wanted.runs, &asked.runs),
        runs_by_key: rest(&wanted.runs_by_key, &asked.runs_by_key),
        actions: rest(&wanted.actions, &asked.actions),
        attempts: rest(&wanted.attempts, &asked.attempts),
        cache: rest(&wanted.cache, &asked.cache),
        reservations: rest(&wanted.reservations, &asked.reservations),
        sessions: rest(&wanted.sessions, &asked.sessions),
        replays: rest(&wanted.replays, &asked.replays),
        queues: rest(&wanted.queues, &asked.queues),
        ..Needs::default()
    }
}

/// Adds rows by key to what was asked for.
pub(crate) fn mark_asked(new: Needs, asked: &mut Needs) {
    asked.runs.extend(new.runs);
    asked.runs_by_key.extend(new.runs_by_key);
    asked.actions.extend(new.actions);
    asked.attempts.extend(new.attempts);
    asked.cache.extend(new.cache);
    asked.reservations.extend(new.reservations);
    asked.sessions.extend(new.sessions);
    asked.replays.extend(new.replays);
    asked.queues.extend(new.queues);
}

/// Copies what the group knows of rows by key.
pub(crate) fn copy_known(wanted: &Needs, known: &Loaded, loaded: &mut Loaded) {
    let by_key = wanted.runs_by_key.iter().filter_map(|key| known.run_ids.get(key));
    for run in wanted.runs.iter().chain(by_key).filter_map(|id| known.runs.get(id)) {
        loaded.run_ids.insert(run.key.clone(), run.id);
        loaded.runs.insert(run.id, run.clone());
    }
    copy(&wanted.actions, &known.actions, &mut loaded.actions);
    copy(&wanted.attempts, &known.attempts, &mut loaded.attempts);
    copy(&wanted.cache, &known.cache, &mut loaded.cache);
    copy(&wanted.reservations, &known.reservations, &mut loaded.reservations);
    copy(&wanted.sessions, &known.sessions, &mut loaded.sessions);
    copy(&wanted.replays, &known.replays, &mut loaded.replays);
    copy(&wanted.queues, &known.queues, &mut loaded.queues);
}

fn copy<K: Ord + Clone, V: Clone>(wanted: &BTreeSet<K>, from: &BTreeMap<K, V>, to: &mut BTreeMap<K, V>) {
    to.extend(wanted.iter().filter_map(|key| from.get_key_value(key)).map(|(k, v)| (k.clone(), v.clone())));
}

#[cfg(test)]
mod tests;
