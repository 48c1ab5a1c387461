//! A store that forgets everything with its process: for simulations and tests. It keeps no less order than a
//! real one, and it can be told to fail, so that callers' answers to failures can be tested.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptKey, CacheEntry, CacheKey, CounterKey, Digest, FollowUp, FollowUpId,
    Project, Queue, QueueName, ReplayKey, Reservation, Run, RunId, RunKey, Seq, Session, SessionId, Share,
    ShareKey, TallyKey, TaskKey, TaskVersion, UnitOfWork,
};

use crate::{CommitError, Metadata, Replicas, RunWrites};

mod catalog;
mod lists;
mod reads;
mod unit;
mod views;

/// How the next commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailMode {
    /// [`CommitError::Unavailable`], and nothing was written.
    NotWritten,
    /// [`CommitError::Unavailable`], and yet everything was written.
    WrittenButUnacknowledged,
    /// [`CommitError::DiskFull`], and nothing was written.
    DiskFull,
}

/// Somebody asked for this failure.
#[derive(Debug, thiserror::Error)]
#[error("a failure that was asked for")]
struct Asked;

/// A metadata store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
    fail: Mutex<Option<FailMode>>,
}

#[derive(Debug, Default)]
struct Rows {
    head: i64,
    last_run_id: i64,
    runs: BTreeMap<RunId, Run>,
    run_ids: BTreeMap<RunKey, RunId>,
    actions: BTreeMap<ActionKey, Action>,
    attempts: BTreeMap<AttemptKey, Attempt>,
    specs: BTreeMap<Digest, Vec<u8>>,
    cache: BTreeMap<CacheKey, CacheEntry>,
    reservations: BTreeMap<CacheKey, Reservation>,
    sessions: BTreeMap<SessionId, Session>,
    counters: BTreeMap<CounterKey, i64>,
    tallies: BTreeMap<TallyKey, i64>,
    follow_ups: BTreeMap<FollowUpId, FollowUp>,
    replays: BTreeMap<ReplayKey, (Digest, RunId)>,
    queues: BTreeMap<QueueName, Queue>,
    shares: BTreeMap<ShareKey, Share>,
    projects: BTreeMap<(Arc<str>, Arc<str>), Project>,
    tasks: BTreeMap<TaskKey, TaskVersion>,
    settings: BTreeMap<String, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next commit fail.
    pub fn fail_next(&self, mode: FailMode) {
        *self.fail.lock().unwrap_or_else(PoisonError::into_inner) = Some(mode);
    }

    // A unit that panics does so before anything is written, so what the lock guards is whole.
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RunWrites for MemoryStore {
    async fn commit(&self, mut unit: Box<dyn UnitOfWork>) -> Result<(Box<dyn UnitOfWork>, Seq), CommitError> {
        let mode = self.fail.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut rows = self.rows();
        let seq = Seq(rows.head + 1);
        let changes = rows.decide(&mut *unit, seq);
        if mode == Some(FailMode::DiskFull) {
            return Err(CommitError::DiskFull);
        }
        if mode != Some(FailMode::NotWritten) && !changes.is_empty() {
            rows.head = seq.0;
            rows.apply(changes);
        }
        match mode {
            Some(_) => Err(CommitError::Unavailable(Box::new(Asked))),
            None => Ok((unit, Seq(rows.head))),
        }
    }

    async fn next_run_id(&self) -> Result<RunId, CommitError> {
        let mut rows = self.rows();
        rows.last_run_id += 1;
        Ok(RunId(rows.last_run_id))
    }
}

impl Replicas for MemoryStore {}

impl Metadata for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }
}
