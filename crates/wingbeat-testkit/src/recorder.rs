//! A copy of all rows, made from what each transaction wrote. By itself it is a store in memory; over
//! a real store it is what that store has to agree with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::executor::block_on;
use wingbeat_engine::invariants::Rows;
use wingbeat_engine::{Batch, Decided};
use wingbeat_model::{
    Action, ActionKey, Attempt, CacheEntry, CacheKey, Changes, Digest, Loaded, Needs, ReplayKey, Reservation,
    RunId, Seq, Session, State, UnitOfWork,
};
use wingbeat_store::Metadata;

/// See the module.
#[derive(Default)]
pub struct Recorder {
    /// The rows that invariants speak of.
    pub rows: Rows,
    /// Cache entries.
    pub cache: BTreeMap<CacheKey, CacheEntry>,
    replays: BTreeMap<ReplayKey, (Digest, RunId)>,
    seq: Seq,
    store: Option<Arc<dyn Metadata>>,
}

impl Recorder {
    /// Records what is committed to `store`, which has to be empty.
    pub fn over(store: Arc<dyn Metadata>) -> Self {
        Self { store: Some(store), ..Self::default() }
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
        let (batch, seq) = match &self.store {
            Some(store) => {
                let (unit, seq) = block_on(store.commit(Box::new(batch))).expect("the store commits");
                (*unit.into_any().downcast::<Batch>().expect("it is the batch that was given"), seq)
            }
            None => self.commit_here(batch),
        };
        assert!(seq > self.seq, "positions grow: {seq:?} after {:?}", self.seq);
        self.seq = seq;
        let decided = batch.into_decided().expect("a committed batch is decided");
        self.write(decided.changes.clone());
        decided
    }

    fn commit_here(&self, mut batch: Batch) -> (Batch, Seq) {
        let mut loaded = Loaded::default();
        loop {
            let needs = batch.needs(&loaded);
            if needs.is_empty() {
                break;
            }
            self.load(&mut loaded, needs);
        }
        let seq = Seq(self.seq.0 + 1);
        batch.decide(loaded, seq);
        (batch, seq)
    }

    fn load(&self, loaded: &mut Loaded, needs: Needs) {
        self.load_rows(loaded, &needs);
        self.load_sets(loaded, &needs);
        let asked = &mut loaded.asked;
        asked.runs.extend(needs.runs);
        asked.runs_by_key.extend(needs.runs_by_key);
        asked.actions.extend(needs.actions);
        asked.attempts.extend(needs.attempts);
        asked.cache.extend(needs.cache);
        asked.reservations.extend(needs.reservations);
        asked.live_children.extend(needs.live_children);
        asked.cache_waiters.extend(needs.cache_waiters);
        asked.held.extend(needs.held);
        asked.sessions.extend(needs.sessions);
        asked.sessions_of.extend(needs.sessions_of);
        asked.replays.extend(needs.replays);
    }

    fn load_rows(&self, loaded: &mut Loaded, needs: &Needs) {
        for run in self.rows.runs.values() {
            if needs.runs.contains(&run.id) || needs.runs_by_key.contains(&run.key) {
                loaded.run_ids.insert(run.key.clone(), run.id);
                loaded.runs.insert(run.id, run.clone());
            }
        }
        copy(&needs.actions, &self.rows.actions, &mut loaded.actions);
        copy(&needs.attempts, &self.rows.attempts, &mut loaded.attempts);
        copy(&needs.cache, &self.cache, &mut loaded.cache);
        copy(&needs.sessions, &self.rows.sessions, &mut loaded.sessions);
        copy(&needs.replays, &self.replays, &mut loaded.replays);
        for reservation in &self.rows.reservations {
            if needs.reservations.contains(&reservation.key) {
                loaded.reservations.insert(reservation.key.clone(), reservation.clone());
            }
        }
        for session in self.open_sessions() {
            if needs.sessions_of.contains(&session.executor) {
                loaded.sessions.insert(session.id.clone(), session.clone());
            }
        }
    }

    fn load_sets(&self, loaded: &mut Loaded, needs: &Needs) {
        for parent in &needs.live_children {
            let of = |action: &Action| {
                action.key.run == parent.run && action.parent.as_ref() == Some(&parent.name)
            };
            let found = self.first_actions(|action| of(action) && !action.phase().is_terminal());
            loaded.live_children.insert(parent.clone(), found.iter().map(|a| a.key.clone()).collect());
            loaded.actions.extend(found.into_iter().map(|action| (action.key.clone(), action)));
        }
        for key in &needs.cache_waiters {
            let waits =
                |action: &Action| matches!(&action.state, State::AwaitingCache { key: k, .. } if k == key);
            let found = self.first_actions(waits);
            loaded.cache_waiters.insert(key.clone(), found.iter().map(|a| a.key.clone()).collect());
            loaded.actions.extend(found.into_iter().map(|action| (action.key.clone(), action)));
        }
        for session in &needs.held {
            let found: Vec<Attempt> =
                self.held_attempts().filter(|a| a.session == *session).take(Needs::CHUNK).cloned().collect();
            loaded.held.insert(session.clone(), found.iter().map(|a| a.key.clone()).collect());
            loaded.attempts.extend(found.into_iter().map(|attempt| (attempt.key.clone(), attempt)));
        }
    }

    fn first_actions(&self, which: impl Fn(&Action) -> bool) -> Vec<Action> {
        self.rows.actions.values().filter(|action| which(action)).take(Needs::CHUNK).cloned().collect()
    }

    fn write(&mut self, changes: Changes) {
        let rows = &mut self.rows;
        rows.runs.extend(changes.runs.into_iter().map(|run| (run.id, run)));
        rows.actions.extend(changes.actions.into_iter().map(|action| (action.key.clone(), action)));
        rows.attempts.extend(changes.attempts.into_iter().map(|attempt| (attempt.key.clone(), attempt)));
        rows.sessions.extend(changes.sessions.into_iter().map(|session| (session.id.clone(), session)));
        for (key, by) in changes.counters {
            *rows.counters.entry(key).or_default() += by;
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
        self.replays.extend(changes.replays.into_iter().map(|(key, digest, run)| (key, (digest, run))));
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

    /// Where the store under the recorder disagrees with what was written to it.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub fn disagreements(&self) -> Vec<String> {
        let Some(store) = &self.store else { return Vec::new() };
        let mut wrong = Vec::new();
        for (key, action) in &self.rows.actions {
            let stored = block_on(store.find_action(key)).expect("the store is read");
            if stored.as_ref() != Some(action) {
                wrong.push(format!("action {} is stored as {stored:?}, not {action:?}", key.name));
            }
            let attempts = block_on(store.list_attempts(key)).expect("the store is read");
            let written = self.rows.attempts.values().filter(|attempt| attempt.key.action == *key);
            if !attempts.iter().eq(written) {
                wrong.push(format!("attempts of {} are stored as {attempts:?}", key.name));
            }
        }
        self.disagreeing_runs(&**store, &mut wrong);
        self.disagreeing_boot(&**store, &mut wrong);
        wrong
    }

    fn disagreeing_runs(&self, store: &dyn Metadata, wrong: &mut Vec<String>) {
        for (id, run) in &self.rows.runs {
            let stored = block_on(store.get_runs(&[*id])).expect("the store is read");
            if stored.first() != Some(run) {
                wrong.push(format!("run {} is stored as {stored:?}, not {run:?}", run.key.name()));
            }
            let counts = block_on(store.counts(*id)).expect("the store is read");
            let stored: i64 = counts.iter().map(|count| count.count).sum();
            let written = self.rows.actions.keys().filter(|key| key.run == *id).count();
            if usize::try_from(stored) != Ok(written) {
                wrong.push(format!("run {} has {written} actions, counted as {stored}", run.key.name()));
            }
        }
        for (key, entry) in &self.cache {
            let stored = block_on(store.find_cache(key)).expect("the store is read");
            if stored.as_ref() != Some(entry) {
                wrong.push(format!("cache key {} is stored as {stored:?}", key.key));
            }
        }
        for reservation in &self.rows.reservations {
            let stored = block_on(store.find_reservation(&reservation.key)).expect("the store is read");
            if stored.as_ref() != Some(reservation) {
                wrong.push(format!("the claim on {} is stored as {stored:?}", reservation.key.key));
            }
        }
    }

    /// What a starting server reads.
    fn disagreeing_boot(&self, store: &dyn Metadata, wrong: &mut Vec<String>) {
        let live = block_on(store.live_actions(None, usize::MAX >> 1)).expect("the store is read");
        let live: BTreeSet<ActionKey> = live.into_iter().map(|action| action.key).collect();
        if !self.live_actions().map(|action| &action.key).eq(live.iter()) {
            wrong.push(format!("live actions are stored as {live:?}"));
        }
        let held = block_on(store.held_attempts()).expect("the store is read");
        if held.len() != self.held_attempts().count() {
            wrong.push(format!("held attempts are stored as {held:?}"));
        }
        let open = block_on(store.open_sessions()).expect("the store is read");
        if open.len() != self.open_sessions().count() {
            wrong.push(format!("open sessions are stored as {open:?}"));
        }
        let left = block_on(store.follow_ups()).expect("the store is read");
        if left != self.rows.follow_ups {
            wrong.push(format!("work left is stored as {left:?}, not {:?}", self.rows.follow_ups));
        }
        let newest = block_on(store.head()).expect("the store is read");
        if newest < self.seq {
            wrong.push(format!("the head is {newest:?}, behind {:?}", self.seq));
        }
    }
}

fn copy<K: Ord + Clone, V: Clone>(keys: &BTreeSet<K>, from: &BTreeMap<K, V>, to: &mut BTreeMap<K, V>) {
    for key in keys {
        if let Some(row) = from.get(key) {
            to.insert(key.clone(), row.clone());
        }
    }
}
