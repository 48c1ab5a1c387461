//! The rows of one batch while it is decided. Every change of an action goes through [`Working::edit`],
//! which keeps all counts that depend on it exact; nothing else touches a count.

use std::collections::{BTreeMap, BTreeSet};

use wingbeat_model::tally::{self, Marks};
use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptIdentity, AttemptKey, CacheEntry, CacheKey, Changes, CounterKey,
    Digest, FollowUp, FollowUpId, FollowUpKind, Loaded, Phase, Queue, QueueName, ReplayKey, Reservation, Run,
    RunId, RunKey, Seq, Session, SessionId, Share, Tallied, TallyKey, Timestamp,
};

use crate::{Effect, Office, Reject};

/// Follow-ups of one batch have numbers from `seq * FOLLOW_UPS_PER_BATCH` on.
const FOLLOW_UPS_PER_BATCH: i64 = 1_000_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Working {
    rows: Loaded,
    dirty: Dirty,
    changes: Changes,
    effects: Vec<Effect>,
    /// The batch's time.
    pub(crate) now: Timestamp,
    /// The batch's position in the feed.
    pub(crate) seq: Seq,
    by: Option<Office>,
}

#[derive(Debug, Default)]
struct Dirty {
    runs: BTreeSet<RunId>,
    actions: BTreeSet<ActionKey>,
    attempts: BTreeSet<AttemptKey>,
    cache: BTreeSet<CacheKey>,
    reservations: BTreeSet<CacheKey>,
    sessions: BTreeSet<SessionId>,
    moved: BTreeSet<SessionId>,
    queues: BTreeSet<QueueName>,
}

/// What counts depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    phase: Phase,
    placed: bool,
    waits_for_children: bool,
    live: bool,
    marks: Marks,
}

impl Standing {
    fn of(action: &Action) -> Self {
        let placed = action.claim().is_some();
        let live = !action.phase().is_terminal();
        let waits_for_children = placed && action.live_children > 0;
        Self { phase: action.phase(), placed, waits_for_children, live, marks: Marks::of(action) }
    }
}

const fn difference(before: bool, after: bool) -> i64 {
    after as i64 - before as i64
}

fn shift(count: &mut u32, by: i64) {
    *count = u32::try_from(i64::from(*count) + by).unwrap_or(0);
}

impl Working {
    pub(crate) fn new(rows: Loaded, now: Timestamp, seq: Seq) -> Self {
        Self {
            rows,
            dirty: Dirty::default(),
            changes: Changes::default(),
            effects: Vec::new(),
            now,
            seq,
            by: None,
        }
    }

    /// Sets who decides; nobody in particular may do everything.
    pub(crate) fn by(self, by: Option<Office>) -> Self {
        Self { by, ..self }
    }

    /// Does another server see to timers by now?
    pub(crate) fn is_off_duty(&self) -> bool {
        self.by.is_some_and(|office| office.epoch < self.rows.epoch)
    }

    /// Does another server have this session's stream, or did one have it when the claims of this batch were proposed?
    pub(crate) fn is_elsewhere(&self, session: &Session) -> bool {
        let elsewhere = self.by.is_some_and(|office| office.server != session.server);
        elsewhere || self.dirty.moved.contains(&session.id)
    }

    pub(crate) fn run(&self, id: RunId) -> Option<&Run> {
        self.rows.runs.get(&id)
    }

    pub(crate) fn has_run_named(&self, key: &RunKey) -> bool {
        self.rows.run_ids.contains_key(key)
    }

    pub(crate) fn replay(&self, key: &ReplayKey) -> Option<(Digest, RunId)> {
        self.rows.replays.get(key).copied()
    }

    pub(crate) fn action(&self, key: &ActionKey) -> Option<&Action> {
        self.rows.actions.get(key)
    }

    pub(crate) fn parent(&self, action: &Action) -> Option<&Action> {
        let name = action.parent.clone()?;
        self.rows.actions.get(&ActionKey { run: action.key.run, name })
    }

    pub(crate) fn attempt(&self, key: &AttemptKey) -> Option<&Attempt> {
        self.rows.attempts.get(key)
    }

    pub(crate) fn cache_entry(&self, key: &CacheKey) -> Option<&CacheEntry> {
        self.rows.cache.get(key)
    }

    pub(crate) fn reservation(&self, key: &CacheKey) -> Option<&Reservation> {
        self.rows.reservations.get(key)
    }

    pub(crate) fn session(&self, id: &SessionId) -> Option<&Session> {
        self.rows.sessions.get(id)
    }

    /// The default queue exists from the first action on; any other one was made by an operator.
    pub(crate) fn queue(&self, name: &QueueName) -> Option<&Queue> {
        self.rows.queues.get(name)
    }

    pub(crate) fn open_sessions_of(&self, executor: &str) -> Vec<SessionId> {
        let open = self.rows.sessions.values().filter(|s| s.executor == executor && s.ended_at.is_none());
        open.map(|session| session.id.clone()).collect()
    }

    /// The chunk of live children that was loaded for `parent`.
    pub(crate) fn live_children(&self, parent: &ActionKey) -> Vec<ActionKey> {
        self.rows.live_children.get(parent).cloned().unwrap_or_default()
    }

    /// The chunk of waiting actions that was loaded for `key`.
    pub(crate) fn cache_waiters(&self, key: &CacheKey) -> Vec<ActionKey> {
        self.rows.cache_waiters.get(key).cloned().unwrap_or_default()
    }

    /// The chunk of held attempts that was loaded for `session`.
    pub(crate) fn held_by(&self, session: &SessionId) -> Vec<AttemptKey> {
        self.rows.held.get(session).cloned().unwrap_or_default()
    }

    /// Does no row say, as far as they are loaded, that the session holds an attempt?
    pub(crate) fn holds_nothing(&self, session: &SessionId) -> bool {
        // An attempt that this batch has ended stands for others behind it, which were not loaded.
        self.rows.held.get(session).is_none_or(Vec::is_empty)
            && !self.rows.attempts.values().any(|attempt| attempt.held && attempt.session == *session)
    }

    /// Refuses a task's wish when its attempt is no longer the present one.
    pub(crate) fn check_caller(&self, caller: &AttemptIdentity) -> Result<(), Reject> {
        let current = self.action(&caller.action).is_some_and(|action| {
            action.attempts == caller.attempt && action.claim().is_some_and(|c| c.fence == caller.fence)
        });
        if current {
            return Ok(());
        }
        Err(Reject::StaleAttempt { action: caller.action.name.clone(), attempt: caller.attempt })
    }
}

/// Changes.
impl Working {
    pub(crate) fn insert_run(&mut self, run: Run) {
        self.rows.run_ids.insert(run.key.clone(), run.id);
        self.dirty.runs.insert(run.id);
        self.rows.runs.insert(run.id, run);
    }

    pub(crate) fn edit_run(&mut self, id: RunId, change: impl FnOnce(&mut Run)) {
        if let Some(run) = self.rows.runs.get_mut(&id) {
            change(run);
            run.changed = self.seq;
            self.dirty.runs.insert(id);
        }
    }

    /// Adds an action that was not there.
    pub(crate) fn insert_action(&mut self, mut action: Action) {
        action.changed = self.seq;
        let key = action.key.clone();
        let after = Standing::of(&action);
        self.rows.actions.insert(key.clone(), action);
        self.settle(&key, None, after);
    }

    /// Changes an action and every count that depends on it. Does nothing when it is not there.
    pub(crate) fn edit(&mut self, key: &ActionKey, change: impl FnOnce(&mut Action)) {
        let Some(action) = self.rows.actions.get_mut(key) else { return };
        let before = Standing::of(action);
        change(action);
        action.changed = self.seq;
        let after = Standing::of(action);
        self.settle(key, Some(before), after);
    }

    fn settle(&mut self, key: &ActionKey, before: Option<Standing>, after: Standing) {
        self.dirty.actions.insert(key.clone());
        if before == Some(after) {
            return;
        }
        let Some(action) = self.rows.actions.get(key) else { return };
        let (parent, group) = (action.parent.clone(), action.group.clone());
        if parent.is_some() && before.map(|b| b.marks) != Some(after.marks) {
            let task = action.task.name.clone();
            self.tally(key.run, (&group, &task), before.map(|b| b.marks), after.marks);
        }
        let Some(action) = self.rows.actions.get(key) else { return };
        if before.map(|b| b.phase) != Some(after.phase) {
            let counter =
                |phase| CounterKey { run: key.run, parent: parent.clone(), group: group.clone(), phase };
            *self.changes.counters.entry(counter(after.phase)).or_default() += 1;
            if let Some(before) = before {
                *self.changes.counters.entry(counter(before.phase)).or_default() -= 1;
            }
        }
        let placed = difference(before.is_some_and(|b| b.placed), after.placed);
        let waiting = difference(before.is_some_and(|b| b.waits_for_children), after.waits_for_children);
        if placed != 0 || waiting != 0 {
            let queue = action.queue_name();
            self.edit_run(key.run, |run| {
                shift(&mut run.running, placed);
                shift(&mut run.waiting_parents, waiting);
            });
            self.edit_queue(&queue, |queue| {
                shift(&mut queue.running, placed);
                shift(&mut queue.waiting_parents, waiting);
            });
        }
        let live = difference(before.is_some_and(|b| b.live), after.live);
        if let Some(name) = parent
            && live != 0
        {
            self.count_child(&ActionKey { run: key.run, name }, live);
        }
    }

    /// One level only: a count of children does not make the parent itself live or not. Nor does it change what is
    /// told of the parent, whose row keeps its position: a thousand children do not move it in every index a thousand times.
    fn count_child(&mut self, parent: &ActionKey, by: i64) {
        let Some(action) = self.rows.actions.get_mut(parent) else { return };
        let before = Standing::of(action);
        shift(&mut action.live_children, by);
        let after = Standing::of(action);
        self.settle(parent, Some(before), after);
    }

    /// Moves a child's part of the run's sums. The run of a row that changes is always there.
    fn tally(&mut self, run: RunId, (group, task): (&str, &str), before: Option<Marks>, after: Marks) {
        let Some(created) = self.rows.runs.get(&run).map(|run| run.created_at) else { return };
        let mut add = |what, by| *self.changes.tallies.entry(TallyKey { run, what }).or_default() += by;
        if before.map(|before| before.phase) != Some(after.phase) {
            let standing =
                |phase| Tallied::Standing { group: group.to_owned(), task: task.to_owned(), phase };
            if let Some(before) = before {
                add(standing(before.phase), -1);
            }
            add(standing(after.phase), 1);
        }
        let mut moments = |marks: Marks, by| {
            for (at, event) in marks.events() {
                add(Tallied::Moment { slot: tally::slot(created, at), event }, by);
            }
        };
        if let Some(before) = before {
            moments(before, -1);
        }
        moments(after, 1);
    }

    pub(crate) fn put_attempt(&mut self, attempt: Attempt) {
        self.dirty.attempts.insert(attempt.key.clone());
        self.rows.attempts.insert(attempt.key.clone(), attempt);
    }

    pub(crate) fn edit_attempt(&mut self, key: &AttemptKey, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.rows.attempts.get_mut(key) {
            change(attempt);
            self.dirty.attempts.insert(key.clone());
        }
    }

    pub(crate) fn put_spec(&mut self, digest: Digest, bytes: Vec<u8>) {
        self.changes.specs.insert(digest, bytes);
    }

    pub(crate) fn put_replay(&mut self, key: ReplayKey, digest: Digest, run: RunId) {
        self.rows.replays.insert(key.clone(), (digest, run));
        self.changes.replays.push((key, digest, run));
    }

    pub(crate) fn put_cache(&mut self, entry: CacheEntry) {
        self.dirty.cache.insert(entry.key.clone());
        self.rows.cache.insert(entry.key.clone(), entry);
    }

    pub(crate) fn delete_cache(&mut self, key: &CacheKey) {
        self.dirty.cache.insert(key.clone());
        self.rows.cache.remove(key);
    }

    pub(crate) fn put_reservation(&mut self, reservation: Reservation) {
        self.dirty.reservations.insert(reservation.key.clone());
        self.rows.reservations.insert(reservation.key.clone(), reservation);
    }

    pub(crate) fn delete_reservation(&mut self, key: &CacheKey) {
        self.dirty.reservations.insert(key.clone());
        self.rows.reservations.remove(key);
    }

    /// A session has come to the server that decides.
    pub(crate) fn move_session(&mut self, session: Session) {
        self.dirty.moved.insert(session.id.clone());
        self.put_session(session);
    }

    pub(crate) fn put_session(&mut self, session: Session) {
        self.dirty.sessions.insert(session.id.clone());
        self.rows.sessions.insert(session.id.clone(), session);
    }

    pub(crate) fn put_queue(&mut self, queue: Queue) {
        self.dirty.queues.insert(queue.name.clone());
        self.rows.queues.insert(queue.name.clone(), Queue { changed: self.seq, ..queue });
    }

    fn edit_queue(&mut self, name: &QueueName, change: impl FnOnce(&mut Queue)) {
        let known = self.rows.queues.get(name).cloned();
        let Some(mut queue) = known.or_else(|| name.is_default().then(|| Queue::new(name.clone()))) else {
            return;
        };
        change(&mut queue);
        self.put_queue(queue);
    }

    pub(crate) fn put_share(&mut self, share: Share) {
        self.changes.shares.push(Share { changed: self.seq, ..share });
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Leaves work for a transaction of its own.
    pub(crate) fn leave(&mut self, kind: FollowUpKind) {
        let index = i64::try_from(self.changes.follow_ups.len()).unwrap_or(FOLLOW_UPS_PER_BATCH - 1);
        let follow_up = FollowUp { id: self.seq.0.saturating_mul(FOLLOW_UPS_PER_BATCH) + index, kind };
        self.changes.follow_ups.push(follow_up.clone());
        self.effects.push(Effect::FollowUp(follow_up));
    }

    pub(crate) fn follow_up_done(&mut self, id: FollowUpId) {
        self.changes.follow_ups_done.push(id);
    }

    /// What is to be written, and what is to be done after that.
    pub(crate) fn finish(self) -> (Changes, Vec<Effect>) {
        let Self { mut rows, dirty, mut changes, effects, .. } = self;
        changes.counters.retain(|_, by| *by != 0);
        changes.tallies.retain(|_, by| *by != 0);
        changes.runs = taken(dirty.runs, &mut rows.runs).0;
        changes.actions = taken(dirty.actions, &mut rows.actions).0;
        changes.attempts = taken(dirty.attempts, &mut rows.attempts).0;
        changes.sessions = taken(dirty.sessions, &mut rows.sessions).0;
        changes.queues = taken(dirty.queues, &mut rows.queues).0;
        (changes.cache_puts, changes.cache_deletes) = taken(dirty.cache, &mut rows.cache);
        (changes.reservations, changes.reservation_deletes) =
            taken(dirty.reservations, &mut rows.reservations);
        (changes, effects)
    }
}

/// The rows of `keys`, and the keys that have no row any more.
fn taken<K: Ord, V>(keys: BTreeSet<K>, rows: &mut BTreeMap<K, V>) -> (Vec<V>, Vec<K>) {
    let (mut found, mut gone) = (Vec::new(), Vec::new());
    for key in keys {
        match rows.remove(&key) {
            Some(row) => found.push(row),
            None => gone.push(key),
        }
    }
    (found, gone)
}
