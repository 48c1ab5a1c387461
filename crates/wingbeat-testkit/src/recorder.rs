//! A copy of all rows beside a store, made from what each transaction wrote. Invariants are checked on the
//! copy, which is cheap, and in the end the store has to agree with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wingbeat_engine::invariants::Rows;
use wingbeat_engine::{Batch, Decided};
use wingbeat_model::{
    Action, ActionKey, Attempt, CacheEntry, CacheKey, Changes, CounterKey, Reservation, RunId, Seq, Session,
    TallyKey,
};
use wingbeat_store::Metadata;

use crate::at_once::at_once;

/// See the module.
pub struct Recorder {
    /// The rows that invariants speak of.
    pub rows: Rows,
    /// Cache entries.
    pub cache: BTreeMap<CacheKey, CacheEntry>,
    seq: Seq,
    store: Arc<dyn Metadata>,
}

impl Recorder {
    /// Records what is committed to `store`, which has to be empty.
    pub fn over(store: Arc<dyn Metadata>) -> Self {
        Self { rows: Rows::default(), cache: BTreeMap::new(), seq: Seq::default(), store }
    }

    /// The same record beside another store, which has to hold the same: one that was opened again.
    #[must_use]
    pub fn beside(self, store: Arc<dyn Metadata>) -> Self {
        Self { store, ..self }
    }

    /// The newest position in the feed.
    pub fn head(&self) -> Seq {
        self.seq
    }

    /// Commits a batch and says what it came to.
    ///
    /// # Panics
    /// When the store fails or does not give the batch back: tests have no other answer to that.
    pub fn commit(&mut self, batch: Batch) -> Decided {
        let (unit, seq) = at_once(self.store.commit(Box::new(batch))).expect("the store commits");
        let batch = unit.into_any().downcast::<Batch>().expect("it is the batch that was given");
        let decided = batch.into_decided().expect("a committed batch is decided");
        let grew = seq > self.seq || (seq == self.seq && decided.changes.is_empty());
        assert!(grew, "positions grow with every change: {seq:?} after {:?}", self.seq);
        self.seq = seq;
        self.write(decided.changes.clone());
        decided
    }

    /// Takes down what somebody else committed. Positions have to grow.
    pub(crate) fn note(&mut self, seq: Seq, changes: Changes) -> Result<(), String> {
        if !changes.is_empty() && seq <= self.seq {
            return Err(format!("position {seq:?} came after {:?}", self.seq));
        }
        self.seq = seq.max(self.seq);
        self.write(changes);
        Ok(())
    }

    fn write(&mut self, changes: Changes) {
        let rows = &mut self.rows;
        rows.runs.extend(changes.runs.into_iter().map(|run| (run.id, run)));
        rows.actions.extend(changes.actions.into_iter().map(|action| (action.key.clone(), action)));
        rows.attempts.extend(changes.attempts.into_iter().map(|attempt| (attempt.key.clone(), attempt)));
        rows.queues.extend(changes.queues.into_iter().map(|queue| (queue.name.clone(), queue)));
        rows.sessions.extend(changes.sessions.into_iter().map(|session| (session.id.clone(), session)));
        for (key, by) in changes.counters {
            *rows.counters.entry(key).or_default() += by;
        }
        for (key, by) in changes.tallies {
            *rows.tallies.entry(key).or_default() += by;
        }
        let replaced: BTreeSet<CacheKey> = changes
            .reservations
            .iter()
            .map(|reservation| reservation.key.clone())
            .chain(changes.reservation_deletes)
            .collect();
        rows.reservations.retain(|reservation: &Reservation| !replaced.contains(&reservation.key));
        rows.reservations.extend(changes.reservations);
        rows.follow_ups.retain(|work| !changes.follow_ups_done.contains(&work.id));
        rows.follow_ups.extend(changes.follow_ups);
        self.cache.retain(|key, _| !changes.cache_deletes.contains(key));
        self.cache.extend(changes.cache_puts.into_iter().map(|entry| (entry.key.clone(), entry)));
    }
}

/// Reads.
impl Recorder {
    /// Actions that have not ended.
    pub fn live_actions(&self) -> impl Iterator<Item = &Action> {
        self.rows.actions.values().filter(|action| !action.phase().is_terminal())
    }

    /// Attempts that a session holds.
    pub fn held_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.rows.attempts.values().filter(|attempt| attempt.held)
    }

    /// Sessions that have not ended.
    pub fn open_sessions(&self) -> impl Iterator<Item = &Session> {
        self.rows.sessions.values().filter(|session| session.ended_at.is_none())
    }

    /// A page of the feed: what changed in a run after a position, and up to which one this is everything.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub fn changed(&self, run: RunId, after: Seq, limit: usize) -> (Vec<Action>, Seq) {
        at_once(self.store.changed_actions(run, None, after, limit)).expect("the store is read")
    }

    /// Where the store under the recorder disagrees with what was written to it.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub fn disagreements(&self) -> Vec<String> {
        let store = &self.store;
        let mut wrong = Vec::new();
        for (key, action) in &self.rows.actions {
            let stored = at_once(store.find_action(key)).expect("the store is read");
            if stored.as_ref() != Some(action) {
                wrong.push(format!("action {} is stored as {stored:?}, not {action:?}", key.name));
            }
            let attempts = at_once(store.list_attempts(key)).expect("the store is read");
            let written = self.rows.attempts.values().filter(|attempt| attempt.key.action == *key);
            if !attempts.iter().eq(written) {
                wrong.push(format!("attempts of {} are stored as {attempts:?}", key.name));
            }
        }
        self.disagreeing_runs(&mut wrong);
        self.disagreeing_caches(&mut wrong);
        self.disagreeing_boot(&mut wrong);
        wrong
    }

    fn disagreeing_runs(&self, wrong: &mut Vec<String>) {
        let store = &self.store;
        for (id, run) in &self.rows.runs {
            let stored = at_once(store.get_runs(&[*id])).expect("the store is read");
            if stored.first() != Some(run) {
                wrong.push(format!("run {} is stored as {stored:?}, not {run:?}", run.key.name()));
            }
            let counts = at_once(store.counts(*id)).expect("the store is read");
            let stored: BTreeMap<CounterKey, i64> = counts
                .into_iter()
                .filter(|count| count.count != 0)
                .map(|c| (CounterKey { run: *id, parent: c.parent, group: c.group, phase: c.phase }, c.count))
                .collect();
            let written = self.rows.counters.iter().filter(|(key, count)| key.run == *id && **count != 0);
            if !stored.iter().eq(written) {
                wrong.push(format!("counts of run {} are stored as {stored:?}", run.key.name()));
            }
            let standings = at_once(store.standings(*id)).expect("the store is read");
            let moments = at_once(store.moments(*id)).expect("the store is read");
            let stored: BTreeMap<TallyKey, i64> = standings
                .into_iter()
                .chain(moments)
                .map(|(what, n)| (TallyKey { run: *id, what }, n))
                .collect();
            let written = self.rows.tallies.iter().filter(|(key, count)| key.run == *id && **count != 0);
            if !stored.iter().eq(written) {
                wrong.push(format!("sums of run {} are stored as {stored:?}", run.key.name()));
            }
        }
    }

    fn disagreeing_caches(&self, wrong: &mut Vec<String>) {
        let store = &self.store;
        for (key, entry) in &self.cache {
            let stored = at_once(store.find_cache(key)).expect("the store is read");
            if stored.as_ref() != Some(entry) {
                wrong.push(format!("cache key {} is stored as {stored:?}", key.key));
            }
        }
        for reservation in &self.rows.reservations {
            let stored = at_once(store.find_reservation(&reservation.key)).expect("the store is read");
            if stored.as_ref() != Some(reservation) {
                wrong.push(format!("the claim on {} is stored as {stored:?}", reservation.key.key));
            }
        }
    }

    /// What a starting server reads.
    fn disagreeing_boot(&self, wrong: &mut Vec<String>) {
        let store = &self.store;
        let live = at_once(store.live_actions(None, usize::MAX >> 1)).expect("the store is read");
        let live: BTreeSet<ActionKey> = live.into_iter().map(|action| action.key).collect();
        if !self.live_actions().map(|action| &action.key).eq(live.iter()) {
            wrong.push(format!("live actions are stored as {live:?}"));
        }
        let held = at_once(store.held_attempts()).expect("the store is read");
        if held.len() != self.held_attempts().count() {
            wrong.push(format!("held attempts are stored as {held:?}"));
        }
        let open = at_once(store.open_sessions()).expect("the store is read");
        if open.len() != self.open_sessions().count() {
            wrong.push(format!("open sessions are stored as {open:?}"));
        }
        let left = at_once(store.follow_ups()).expect("the store is read");
        if left != self.rows.follow_ups {
            wrong.push(format!("work left is stored as {left:?}, not {:?}", self.rows.follow_ups));
        }
        let newest = at_once(store.head()).expect("the store is read");
        if newest < self.seq {
            wrong.push(format!("the head is {newest:?}, behind {:?}", self.seq));
        }
    }
}
