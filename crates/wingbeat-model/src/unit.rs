//! One transaction on run state: what it needs to read, what it decides, what it writes.
//!
//! A store locks and loads what a unit of work names, asks again until nothing is missing, lets it
//! decide, writes the changes and makes them durable. Who decides never waits for I/O.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Abort, Action, ActionKey, ActionName, Attempt, AttemptKey, CacheEntry, CacheKey, Digest, Phase, Queue,
    QueueName, Reservation, Run, RunId, RunKey, Seq, Session, SessionId, Share, TallyKey,
};

/// Identifies a request that may be sent again: caller, method, request id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayKey(pub String);

/// Number of a follow-up in the store.
pub type FollowUpId = i64;

/// Durable work on rows that were not loaded: done in chunks, in the same order, after a crash too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Its number, given by whoever created it (unique: sequence position and index within the batch).
    pub id: FollowUpId,
    /// What is to be done.
    pub kind: FollowUpKind,
}

/// What a follow-up does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUpKind {
    /// Ends the live children of an action.
    AbortChildren {
        /// Whose children.
        parent: ActionKey,
        /// Why and by whom.
        abort: Abort,
    },
    /// Lets those go on that waited for a cache key.
    WakeCacheWaiters(CacheKey),
    /// Retries what a lost session held.
    LoseSession(SessionId),
}

/// What a unit of work wants to read. Asking twice for the same is harmless.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Runs by number.
    pub runs: BTreeSet<RunId>,
    /// Runs by name.
    pub runs_by_key: BTreeSet<RunKey>,
    /// Actions.
    pub actions: BTreeSet<ActionKey>,
    /// Attempts.
    pub attempts: BTreeSet<AttemptKey>,
    /// Cache entries.
    pub cache: BTreeSet<CacheKey>,
    /// Claims on cache keys.
    pub reservations: BTreeSet<CacheKey>,
    /// Non-terminal children of these, at most `chunk` each.
    pub live_children: BTreeSet<ActionKey>,
    /// Actions that wait for these keys, oldest first, at most `chunk` each.
    pub cache_waiters: BTreeSet<CacheKey>,
    /// Attempts that these sessions hold, at most `chunk` each.
    pub held: BTreeSet<SessionId>,
    /// Sessions.
    pub sessions: BTreeSet<SessionId>,
    /// Open sessions of these executor names.
    pub sessions_of: BTreeSet<String>,
    /// Requests that may have been answered before.
    pub replays: BTreeSet<ReplayKey>,
    /// Queues.
    pub queues: BTreeSet<QueueName>,
}

impl Needs {
    /// The most rows that one entry of a set-valued need brings.
    pub const CHUNK: usize = 1_000;

    /// Is nothing wanted?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a store found. A key that was asked for and is not in its map does not exist.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Everything that was asked for so far.
    pub asked: Needs,
    /// Runs by number (those asked by name too).
    pub runs: BTreeMap<RunId, Run>,
    /// Numbers of runs by name.
    pub run_ids: BTreeMap<RunKey, RunId>,
    /// Actions, those found as children or waiters too.
    pub actions: BTreeMap<ActionKey, Action>,
    /// Attempts, those found by session too.
    pub attempts: BTreeMap<AttemptKey, Attempt>,
    /// Cache entries.
    pub cache: BTreeMap<CacheKey, CacheEntry>,
    /// Claims on cache keys.
    pub reservations: BTreeMap<CacheKey, Reservation>,
    /// Live children by parent.
    pub live_children: BTreeMap<ActionKey, Vec<ActionKey>>,
    /// Waiting actions by cache key.
    pub cache_waiters: BTreeMap<CacheKey, Vec<ActionKey>>,
    /// Held attempts by session.
    pub held: BTreeMap<SessionId, Vec<AttemptKey>>,
    /// Sessions.
    pub sessions: BTreeMap<SessionId, Session>,
    /// How often the duty of timers has changed hands.
    pub epoch: i64,
    /// Requests answered before: the digest of their body and the run they made.
    pub replays: BTreeMap<ReplayKey, (Digest, RunId)>,
    /// Queues.
    pub queues: BTreeMap<QueueName, Queue>,
}

/// Counts are kept per run, parent, group and phase, so that no count ever scans.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey {
    /// The run.
    pub run: RunId,
    /// The parent; `None` for the root itself.
    pub parent: Option<ActionName>,
    /// The group; empty for none.
    pub group: String,
    /// The phase.
    pub phase: Phase,
}

/// What is to be written. Rows replace what was there.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Runs, new or changed. `changed` is set by whoever decided.
    pub runs: Vec<Run>,
    /// Actions, new or changed. A root that is new comes with its run.
    pub actions: Vec<Action>,
    /// Attempts, new or changed.
    pub attempts: Vec<Attempt>,
    /// Specs by digest; known ones are left alone.
    pub specs: BTreeMap<Digest, Vec<u8>>,
    /// Cache entries to write.
    pub cache_puts: Vec<CacheEntry>,
    /// Cache entries to delete.
    pub cache_deletes: Vec<CacheKey>,
    /// Claims to write.
    pub reservations: Vec<Reservation>,
    /// Claims to delete.
    pub reservation_deletes: Vec<CacheKey>,
    /// Sessions to write.
    pub sessions: Vec<Session>,
    /// Differences to counts.
    pub counters: BTreeMap<CounterKey, i64>,
    /// Differences to sums.
    pub tallies: BTreeMap<TallyKey, i64>,
    /// Work that is left.
    pub follow_ups: Vec<FollowUp>,
    /// Work that is done.
    pub follow_ups_done: Vec<FollowUpId>,
    /// Answered requests.
    pub replays: Vec<(ReplayKey, Digest, RunId)>,
    /// Queues, new or changed.
    pub queues: Vec<Queue>,
    /// Shares of projects, new or changed.
    pub shares: Vec<Share>,
}

impl Changes {
    /// Is there nothing to write?
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
            && self.actions.is_empty()
            && self.attempts.is_empty()
            && self.specs.is_empty()
            && self.cache_puts.is_empty()
            && self.cache_deletes.is_empty()
            && self.reservations.is_empty()
            && self.reservation_deletes.is_empty()
            && self.sessions.is_empty()
            && self.counters.is_empty()
            && self.tallies.is_empty()
            && self.follow_ups.is_empty()
            && self.follow_ups_done.is_empty()
            && self.replays.is_empty()
            && self.queues.is_empty()
            && self.shares.is_empty()
    }
}

/// A transaction's brain. The store calls `needs` until it names nothing new, then `decide` once.
pub trait UnitOfWork: Any + Send {
    /// What is still missing, given what was loaded. Empty when it can decide.
    fn needs(&self, loaded: &Loaded) -> Needs;

    /// Decides. `seq` is the position that the changes will have in the feed.
    fn decide(&mut self, loaded: Loaded, seq: Seq) -> Changes;

    /// For the caller that gets its unit back after the commit.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}
