//! Which queued action goes to which executor, and why one waits.
//!
//! A picture in memory of what the rows say, kept up to date from every commit. It proposes; the
//! engine decides in the claim's transaction, so a stale picture costs a refused claim, never a cap.
//!
//! Who is next: the queue with the highest priority; in it the project with the smallest [`Shares`] account; of its
//! runs each in turn; in a run the highest priority, then the deepest action, then the oldest.

mod ahead;
mod lanes;
mod machines;
mod proposals;
mod shares;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptKey, Changes, Queue, QueueName, Resources, Run, RunId, SessionId,
    Share, ShareKey, State, Timestamp,
};

pub use machines::{ExecutorTerms, ExecutorView};

use super::slack::give_back;
use crate::metrics::Load;
use lanes::Lanes;
use machines::{Holding, Machines, Wanted};
use proposals::promised_to;
use shares::Shares;

/// Order within a lane: higher priority first, then deeper actions (they let parents finish), then older.
type ReadyKey = (Reverse<i32>, Reverse<u32>, Timestamp, ActionKey);

#[derive(Debug, Clone)]
struct Ready {
    order: ReadyKey,
    resources: Resources,
    queue: QueueName,
    not_before: Timestamp,
}

impl Ready {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { queue: &self.queue, resources: &self.resources, depth: self.order.1.0 }
    }
}

/// Who holds a cap's places: in the rows, and proposed but not yet decided.
#[derive(Debug, Default, Clone, Copy)]
struct Places {
    cap: Option<u32>,
    running: u32,
    waiting_parents: u32,
    proposed: u32,
}

impl Places {
    fn has_one(self) -> bool {
        let Some(cap) = self.cap else { return true };
        // If everybody who holds a place only waits for children, one more is let in: no deadlock.
        self.running + self.proposed < cap || (self.proposed == 0 && self.running == self.waiting_parents)
    }
}

#[derive(Debug)]
struct RunLoad {
    project: ShareKey,
    /// Of its actions that name none.
    queue: String,
    ready: BTreeMap<QueueName, BTreeSet<ReadyKey>>,
    places: Places,
    /// Its actions that hold a place.
    holdings: u32,
    /// Its root has ended.
    ended: bool,
}

impl RunLoad {
    fn of(project: ShareKey, queue: String) -> Self {
        Self { project, queue, ready: BTreeMap::new(), places: Places::default(), holdings: 0, ended: false }
    }
}

#[derive(Debug, Default)]
struct QueueLoad {
    priority: i32,
    paused: bool,
    deleted: bool,
    places: Places,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct Scheduler {
    machines: Machines,
    ready: HashMap<ActionKey, Ready>,
    backing_off: BTreeSet<(Timestamp, ActionKey)>,
    runs: HashMap<RunId, RunLoad>,
    queues: HashMap<QueueName, QueueLoad>,
    lanes: Lanes,
    shares: Shares,
    holdings: HashMap<ActionKey, Holding>,
    /// Attempts that hold a place at an executor, ended ones whose process is not gone yet included.
    held: HashMap<AttemptKey, SessionId>,
    proposed: HashMap<ActionKey, (Ready, SessionId)>,
}

/// A claim to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    pub(super) action: ActionKey,
    pub(super) session: SessionId,
}

fn project_of(run: &Run) -> ShareKey {
    ShareKey { org: run.key.scope.org.clone(), project: run.key.scope.project.clone() }
}

/// What rows say.
impl Scheduler {
    /// Takes over what a commit changed.
    pub(super) fn observe(&mut self, changes: &Changes) {
        let alive: HashSet<RunId> =
            changes.actions.iter().filter(|a| !a.phase().is_terminal()).map(|a| a.key.run).collect();
        for run in &changes.runs {
            if alive.contains(&run.id) || self.runs.contains_key(&run.id) {
                self.observe_run(run);
            }
        }
        changes.queues.iter().for_each(|queue| self.observe_queue(queue));
        changes.shares.iter().for_each(|share| self.observe_share(share));
        for action in &changes.actions {
            self.observe_action(action);
        }
        for attempt in &changes.attempts {
            self.observe_attempt(attempt);
        }
    }

    /// Takes over a run's place and caps.
    pub(super) fn observe_run(&mut self, run: &Run) {
        let load = || RunLoad::of(project_of(run), run.queue.clone());
        let places = &mut self.runs.entry(run.id).or_insert_with(load).places;
        places.cap = run.max_concurrency;
        if active(Defect::CapExceededByStaleScheduler) {
            return;
        }
        (places.running, places.waiting_parents) = (run.running, run.waiting_parents);
    }

    /// Takes over what an operator said of a queue, and what runs in it.
    pub(super) fn observe_queue(&mut self, queue: &Queue) {
        let load = self.queues.entry(queue.name.clone()).or_default();
        (load.paused, load.deleted, load.places.cap) =
            (queue.terms.paused, queue.deleted, queue.terms.max_running);
        if !active(Defect::CapExceededByStaleScheduler) {
            (load.places.running, load.places.waiting_parents) = (queue.running, queue.waiting_parents);
        }
        if std::mem::replace(&mut load.priority, queue.terms.priority) != queue.terms.priority {
            self.lanes.move_queue(&queue.name, queue.terms.priority);
        }
    }

    /// Takes over a project's weight.
    pub(super) fn observe_share(&mut self, share: &Share) {
        self.shares.observe(share);
    }

    /// Takes over where an action stands.
    pub(super) fn observe_action(&mut self, action: &Action) {
        self.settle(&action.key);
        self.remove_ready(&action.key);
        if let State::Queued { since, not_before } = &action.state
            && !(active(Defect::WaitingWithoutReason) && action.attempts > 0)
        {
            let order = (Reverse(action.priority), Reverse(action.depth), *since, action.key.clone());
            let (resources, queue) = (action.resources, self.known(action.queue_name()));
            self.add_ready(Ready { order, resources, queue, not_before: *not_before });
        }
        self.release(&action.key);
        if let Some(claim) = action.claim() {
            let holding = Holding {
                session: claim.session.clone(),
                attempt: action.attempts,
                parent: action.parent.clone(),
                resources: action.resources,
                live_children: action.live_children,
            };
            self.hold(action.key.clone(), holding);
        }
        if action.key.name.is_root()
            && action.phase().is_terminal()
            && let Some(load) = self.runs.get_mut(&action.key.run)
        {
            load.ended = true;
        }
        self.forget_idle(action.key.run);
    }

    /// Takes over whether an attempt holds a place.
    pub(super) fn observe_attempt(&mut self, attempt: &Attempt) {
        if let Some(session) = self.held.remove(&attempt.key) {
            self.machines.count_process(&session, false);
        }
        if attempt.held {
            self.held.insert(attempt.key.clone(), attempt.session.clone());
            self.machines.count_process(&attempt.session, true);
        }
    }

    /// Forgets what rows said, and keeps who is connected: the rows are about to be read again.
    pub(super) fn forget_rows(&mut self) {
        let (mut machines, mut shares) =
            (std::mem::take(&mut self.machines), std::mem::take(&mut self.shares));
        machines.empty();
        shares.empty();
        *self = Self { machines, shares, ..Self::default() };
    }

    /// One text for all that wait in a queue, instead of one for each.
    fn known(&self, name: QueueName) -> QueueName {
        self.queues.get_key_value(&name).map_or(name, |(known, _)| known.clone())
    }

    fn add_ready(&mut self, ready: Ready) {
        let key = ready.order.3.clone();
        self.backing_off.insert((ready.not_before, key.clone()));
        self.ready.insert(key, ready);
    }

    fn remove_ready(&mut self, key: &ActionKey) -> Option<Ready> {
        let ready = self.ready.remove(key)?;
        give_back(&mut self.ready);
        self.backing_off.remove(&(ready.not_before, key.clone()));
        if let Some(load) = self.runs.get_mut(&key.run)
            && let Some(lane) = load.ready.get_mut(&ready.queue)
        {
            lane.remove(&ready.order);
            if lane.is_empty() {
                load.ready.remove(&ready.queue);
            }
        }
        Some(ready)
    }

    fn hold(&mut self, key: ActionKey, holding: Holding) {
        self.machines.charge(&holding);
        if let Some(load) = self.runs.get_mut(&key.run) {
            load.holdings += 1;
            if !holding.waits_for_children() {
                self.shares.hold(&load.project, true);
            }
        }
        self.holdings.insert(key, holding);
    }

    fn release(&mut self, key: &ActionKey) {
        let Some(holding) = self.holdings.remove(key) else { return };
        self.machines.release(&holding);
        if let Some(load) = self.runs.get_mut(&key.run) {
            load.holdings = load.holdings.saturating_sub(1);
            if !holding.waits_for_children() {
                self.shares.hold(&load.project, false);
            }
        }
    }

    /// A run is kept until its root has ended and nothing of it is left to place or to give back.
    fn forget_idle(&mut self, run: RunId) {
        let idle = |load: &RunLoad| {
            load.ended && load.ready.is_empty() && load.places.proposed == 0 && load.holdings == 0
        };
        if self.runs.get(&run).is_some_and(idle) {
            self.runs.remove(&run);
        }
    }
}

/// What executors say.
impl Scheduler {
    /// An executor's stream opened.
    pub(super) fn connect(&mut self, session: SessionId, stream: u64, terms: ExecutorTerms, now: Timestamp) {
        let (processes, held) = self.taken_by(&session);
        let view =
            ExecutorView { session, terms, connected: true, stream, since: now, slots_used: 0, processes };
        self.machines.connect(view, processes, held.into_iter());
    }

    /// How many places a session holds, and what for.
    fn taken_by(&self, session: &SessionId) -> (u32, Vec<Holding>) {
        let promised = self.proposed.values().filter(|(_, to)| to == session);
        let promised: Vec<_> = promised.map(|(ready, to)| promised_to(ready, to)).collect();
        let processes = self.held.values().filter(|holder| *holder == session).count() + promised.len();
        let held = self.holdings.values().filter(|holding| holding.session == *session).cloned();
        (u32::try_from(processes).unwrap_or(u32::MAX), held.chain(promised).collect())
    }

    /// An executor's stream closed; its session may come back.
    pub(super) fn disconnect(&mut self, session: &SessionId, stream: u64) {
        self.machines.disconnect(session, stream);
    }

    /// An operator wants an executor to take nothing new.
    pub(super) fn drain_executor(&mut self, session: &SessionId) {
        self.machines.drain(session);
    }

    /// An executor's session ended for good.
    pub(super) fn forget_executor(&mut self, session: &SessionId) {
        self.machines.forget(session);
    }
}

/// What people ask.
impl Scheduler {
    /// How much there is to do.
    pub fn load(&self) -> Load {
        Load {
            attempts: self.held.len(),
            ready: self.ready.len().saturating_sub(self.backing_off.len()),
            backing_off: self.backing_off.len(),
            sessions: self.machines.views().filter(|executor| executor.connected).count(),
        }
    }

    /// Does somebody hold a place for this attempt?
    pub fn holds(&self, attempt: &AttemptKey) -> bool {
        self.held.contains_key(attempt)
    }

    /// How many actions wait for a place.
    pub fn queued(&self) -> usize {
        self.ready.len()
    }

    /// How many actions wait for a place in each queue.
    pub fn queued_by_queue(&self) -> HashMap<QueueName, u64> {
        let mut counts = HashMap::new();
        for ready in self.ready.values() {
            *counts.entry(ready.queue.clone()).or_default() += 1;
        }
        counts
    }

    /// How many attempts hold a place.
    pub fn running(&self) -> usize {
        self.held.len()
    }

    /// Executors, by session: those of this server, and `elsewhere`.
    pub fn executors(&self, elsewhere: Vec<ExecutorView>) -> Vec<ExecutorView> {
        self.machines_with(elsewhere).views().cloned().collect()
    }

    fn machines_with(&self, elsewhere: Vec<ExecutorView>) -> Machines {
        self.machines.with(elsewhere.into_iter().map(|view| {
            let (processes, held) = self.taken_by(&view.session);
            (view, processes, held)
        }))
    }

    /// Why a queued action waits, in one sentence. `elsewhere`: executors of other servers.
    pub fn explain_queued(&self, action: &ActionKey, now: Timestamp, elsewhere: Vec<ExecutorView>) -> String {
        if self.proposed.contains_key(action) {
            return "being given to an executor now".to_owned();
        }
        let Some(ready) = self.ready.get(action) else { return "not known to wait; look again".to_owned() };
        if ready.not_before > now {
            return format!("backing off before its next attempt, for {} more", ready.not_before.since(now));
        }
        if let Some(reason) = self.closed(&ready.queue) {
            return reason;
        }
        if let Some(load) = self.runs.get(&action.run).filter(|load| !load.places.has_one()) {
            let cap = load.places.cap.unwrap_or_default();
            return format!("run cap {}/{cap} reached", load.places.running);
        }
        self.machines_with(elsewhere).explain(ready.wanted())
    }
}

#[cfg(test)]
pub(crate) mod tests;
