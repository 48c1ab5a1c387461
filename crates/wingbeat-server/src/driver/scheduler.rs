//! Which queued action goes to which executor, and why one waits.
//!
//! A picture in memory of what the rows say, kept up to date from every commit. It proposes; the
//! engine decides in the claim's transaction, so a stale picture costs a refused claim, never a cap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptKey, Changes, Resources, Run, RunId, SessionId, State, Timestamp,
};

use crate::metrics::Load;

/// What an executor said of itself when it connected.
#[derive(Debug, Clone)]
pub struct ExecutorTerms {
    /// Its stable name.
    pub name: String,
    /// `process`, `simulated`.
    pub capabilities: Vec<String>,
    /// Most attempts that run at once; a parent that waits for children takes none.
    pub slots: u32,
    /// Most processes that are alive at once.
    pub max_processes: u32,
    /// Bytes that may be promised to attempts.
    pub memory_bytes: u64,
    /// Whole devices.
    pub gpus: u32,
}

/// What is known of one executor now.
#[derive(Debug, Clone)]
pub struct ExecutorView {
    /// Its session.
    pub session: SessionId,
    /// What it said of itself.
    pub terms: ExecutorTerms,
    /// Its stream is open.
    pub connected: bool,
    /// Number of its newest stream.
    pub stream: u64,
    /// Since when the session exists, as far as this server saw.
    pub since: Timestamp,
    /// Attempts that run and wait for nothing.
    pub slots_used: u32,
    /// Attempts that hold a place.
    pub processes: u32,
}

#[derive(Debug)]
struct Executor {
    view: ExecutorView,
    memory_used: u64,
    gpus_used: u32,
}

/// Order within a run: higher priority first, then deeper actions (they let parents finish), then older.
type ReadyKey = (Reverse<i32>, Reverse<u32>, Timestamp, ActionKey);

#[derive(Debug, Clone)]
struct Ready {
    order: ReadyKey,
    resources: Resources,
    queue: Arc<str>,
    not_before: Timestamp,
}

#[derive(Debug, Clone)]
struct Holding {
    session: SessionId,
    resources: Resources,
    waits_for_children: bool,
}

#[derive(Debug, Default)]
struct RunLoad {
    ready: BTreeSet<ReadyKey>,
    cap: Option<u32>,
    running: u32,
    waiting_parents: u32,
    /// Claims of this run that were proposed and not yet decided.
    proposed: u32,
    /// Its root has ended.
    ended: bool,
}

impl RunLoad {
    fn has_place(&self) -> bool {
        let Some(cap) = self.cap else { return true };
        let holding = self.running + self.proposed;
        // If everybody who holds a place only waits for children, one more is let in: no deadlock.
        holding < cap || (self.proposed == 0 && self.running == self.waiting_parents)
    }
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct Scheduler {
    executors: BTreeMap<SessionId, Executor>,
    ready: HashMap<ActionKey, Ready>,
    backing_off: BTreeSet<(Timestamp, ActionKey)>,
    runs: HashMap<RunId, RunLoad>,
    /// Runs with ready actions, in turn: a large run does not starve a small one.
    turns: VecDeque<RunId>,
    in_turns: HashSet<RunId>,
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

impl Scheduler {
    /// How much there is to do.
    pub fn load(&self) -> Load {
        Load {
            attempts: self.held.len(),
            ready: self.ready.len().saturating_sub(self.backing_off.len()),
            backing_off: self.backing_off.len(),
            sessions: self.executors.values().filter(|executor| executor.view.connected).count(),
        }
    }

    /// Takes over what a commit changed.
    pub(super) fn observe(&mut self, changes: &Changes) {
        for run in &changes.runs {
            self.observe_run(run);
        }
        for action in &changes.actions {
            self.observe_action(action);
        }
        for attempt in &changes.attempts {
            self.observe_attempt(attempt);
        }
    }

    /// Takes over a run's caps.
    pub(super) fn observe_run(&mut self, run: &Run) {
        if run.max_concurrency.is_none() && !self.runs.contains_key(&run.id) {
            return;
        }
        let load = self.runs.entry(run.id).or_default();
        load.cap = run.max_concurrency;
        if active(Defect::CapExceededByStaleScheduler) {
            return;
        }
        load.running = run.running;
        load.waiting_parents = run.waiting_parents;
    }

    /// Takes over where an action stands.
    pub(super) fn observe_action(&mut self, action: &Action) {
        self.settle(&action.key);
        self.remove_ready(&action.key);
        if let State::Queued { since, not_before } = &action.state
            && !(active(Defect::WaitingWithoutReason) && action.attempts > 0)
        {
            let order = (Reverse(action.priority), Reverse(action.depth), *since, action.key.clone());
            let (resources, queue) = (action.resources, action.queue.clone());
            self.add_ready(Ready { order, resources, queue, not_before: *not_before });
        }
        self.release(&action.key);
        if let Some(claim) = action.claim() {
            let holding = Holding {
                session: claim.session.clone(),
                resources: action.resources,
                waits_for_children: action.live_children > 0,
            };
            self.hold(action.key.clone(), holding);
        }
        if action.key.name.is_root() && action.phase().is_terminal() {
            self.runs.entry(action.key.run).or_default().ended = true;
        }
        self.forget_idle(action.key.run);
    }

    /// Takes over whether an attempt holds a place.
    pub(super) fn observe_attempt(&mut self, attempt: &Attempt) {
        let was = self.held.remove(&attempt.key);
        if let Some(executor) = was.and_then(|session| self.executors.get_mut(&session)) {
            executor.view.processes = executor.view.processes.saturating_sub(1);
        }
        if attempt.held {
            self.held.insert(attempt.key.clone(), attempt.session.clone());
            if let Some(executor) = self.executors.get_mut(&attempt.session) {
                executor.view.processes += 1;
            }
        }
    }

    /// An executor's stream opened.
    pub(super) fn connect(&mut self, session: SessionId, stream: u64, terms: ExecutorTerms, now: Timestamp) {
        // Two tasks tell of opening and closing: an older stream may be told of later.
        if self.executors.get(&session).is_some_and(|known| known.view.stream > stream) {
            return;
        }
        let since = self.executors.get(&session).map_or(now, |known| known.view.since);
        let processes = self.held.values().filter(|holder| **holder == session).count();
        let processes = u32::try_from(processes).unwrap_or(u32::MAX);
        let view = ExecutorView {
            session: session.clone(),
            terms,
            connected: true,
            stream,
            since,
            slots_used: 0,
            processes,
        };
        let mut executor = Executor { view, memory_used: 0, gpus_used: 0 };
        for holding in self.holdings.values().filter(|holding| holding.session == session) {
            charge(&mut executor, holding);
        }
        self.executors.insert(session, executor);
    }

    /// An executor's stream closed; its session may come back.
    pub(super) fn disconnect(&mut self, session: &SessionId, stream: u64) {
        if let Some(executor) = self.executors.get_mut(session).filter(|known| known.view.stream == stream) {
            executor.view.connected = false;
        }
    }

    /// An executor's session ended for good.
    pub(super) fn forget_executor(&mut self, session: &SessionId) {
        self.executors.remove(session);
    }

    /// The time at which a retry's backoff ends next.
    pub(super) fn next_backoff(&self) -> Option<Timestamp> {
        self.backing_off.first().map(|(at, _)| *at)
    }

    /// Proposes claims, at most `limit`.
    pub(super) fn propose(&mut self, now: Timestamp, limit: usize) -> Vec<Proposal> {
        while self.next_backoff().is_some_and(|at| at <= now) {
            let Some((_, key)) = self.backing_off.pop_first() else { break };
            self.enter_turns(&key);
        }
        let mut proposals = Vec::new();
        let mut passed_over = 0;
        while proposals.len() < limit && passed_over < self.turns.len() && self.any_place() {
            let Some(run) = self.turns.pop_front() else { break };
            if let Some(proposal) = self.propose_of(run) {
                proposals.push(proposal);
                passed_over = 0;
            } else {
                passed_over += 1;
            }
            if self.runs.get(&run).is_some_and(|load| !load.ready.is_empty()) {
                self.turns.push_back(run);
            } else {
                self.in_turns.remove(&run);
            }
        }
        proposals
    }

    fn propose_of(&mut self, run: RunId) -> Option<Proposal> {
        let load = self.runs.get(&run)?;
        if !load.has_place() {
            return None;
        }
        // Looks past a few that fit nowhere now, so that one large request does not block small ones.
        let candidates = load.ready.iter().take(16).map(|order| order.3.clone());
        let found = candidates.into_iter().find_map(|key| {
            let ready = self.ready.get(&key)?;
            Some((key, self.place_for(ready)?))
        });
        let (action, session) = found?;
        let ready = self.remove_ready(&action)?;
        self.proposed.insert(action.clone(), (ready, session.clone()));
        self.runs.entry(run).or_default().proposed += 1;
        if let Some(executor) = self.executors.get_mut(&session) {
            executor.view.slots_used += 1;
            executor.view.processes += 1;
        }
        Some(Proposal { action, session })
    }

    /// A proposed claim was refused; `again`: it goes on waiting. Otherwise the action's row speaks.
    pub(super) fn refused(&mut self, action: &ActionKey, again: bool) {
        let ready = self.settle(action).filter(|_| again);
        if let Some(ready) = ready {
            self.add_ready(ready);
        }
    }

    /// Forgets what rows said, and keeps who is connected: the rows are about to be read again.
    pub(super) fn forget_rows(&mut self) {
        let mut executors = std::mem::take(&mut self.executors);
        for executor in executors.values_mut() {
            executor.view.slots_used = 0;
            executor.view.processes = 0;
            executor.memory_used = 0;
            executor.gpus_used = 0;
        }
        *self = Self { executors, ..Self::default() };
    }

    /// A proposed claim is over: the row that was observed speaks from now on.
    fn settle(&mut self, action: &ActionKey) -> Option<Ready> {
        let (ready, session) = self.proposed.remove(action)?;
        if let Some(load) = self.runs.get_mut(&action.run) {
            load.proposed = load.proposed.saturating_sub(1);
        }
        if let Some(executor) = self.executors.get_mut(&session) {
            executor.view.slots_used = executor.view.slots_used.saturating_sub(1);
            executor.view.processes = executor.view.processes.saturating_sub(1);
        }
        Some(ready)
    }

    fn any_place(&self) -> bool {
        self.executors.values().any(|executor| executor.fits(&Resources::default(), 1))
    }

    /// The connected executor with the most free places that can take an attempt. There is one queue yet: what
    /// names another one waits for it, and says so.
    fn place_for(&self, ready: &Ready) -> Option<SessionId> {
        if !is_served(&ready.queue) {
            return None;
        }
        let depth = ready.order.1.0;
        let fits = self.executors.values().filter(|executor| executor.fits(&ready.resources, depth));
        let best =
            fits.max_by_key(|executor| executor.view.terms.slots.saturating_sub(executor.view.slots_used))?;
        Some(best.view.session.clone())
    }

    fn add_ready(&mut self, ready: Ready) {
        let key = ready.order.3.clone();
        self.backing_off.insert((ready.not_before, key.clone()));
        self.ready.insert(key, ready);
    }

    fn enter_turns(&mut self, key: &ActionKey) {
        let Some(ready) = self.ready.get(key) else { return };
        self.runs.entry(key.run).or_default().ready.insert(ready.order.clone());
        if self.in_turns.insert(key.run) {
            self.turns.push_back(key.run);
        }
    }

    fn remove_ready(&mut self, key: &ActionKey) -> Option<Ready> {
        let ready = self.ready.remove(key)?;
        self.backing_off.remove(&(ready.not_before, key.clone()));
        if let Some(load) = self.runs.get_mut(&key.run) {
            load.ready.remove(&ready.order);
        }
        Some(ready)
    }

    fn hold(&mut self, key: ActionKey, holding: Holding) {
        if let Some(executor) = self.executors.get_mut(&holding.session) {
            charge(executor, &holding);
        }
        self.holdings.insert(key, holding);
    }

    fn release(&mut self, key: &ActionKey) {
        let Some(holding) = self.holdings.remove(key) else { return };
        let Some(executor) = self.executors.get_mut(&holding.session) else { return };
        executor.view.slots_used =
            executor.view.slots_used.saturating_sub(u32::from(!holding.waits_for_children));
        executor.memory_used = executor.memory_used.saturating_sub(holding.resources.memory_bytes);
        executor.gpus_used = executor.gpus_used.saturating_sub(holding.resources.gpus);
    }

    /// Caps are kept until the run ends, everything else only while there is something to place.
    fn forget_idle(&mut self, run: RunId) {
        let idle = self.runs.get(&run).is_some_and(|load| {
            load.ready.is_empty() && load.proposed == 0 && (load.cap.is_none() || load.ended)
        });
        if idle {
            self.runs.remove(&run);
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

    /// How many attempts hold a place.
    pub fn running(&self) -> usize {
        self.held.len()
    }

    /// Executors, by session.
    pub fn executors(&self) -> Vec<ExecutorView> {
        self.executors.values().map(|executor| executor.view.clone()).collect()
    }

    /// Why a queued action waits, in one sentence.
    pub fn explain_queued(&self, action: &ActionKey, now: Timestamp) -> String {
        if self.proposed.contains_key(action) {
            return "being given to an executor now".to_owned();
        }
        let Some(ready) = self.ready.get(action) else { return "not known to wait; look again".to_owned() };
        if ready.not_before > now {
            return format!("backing off before its next attempt, for {} more", ready.not_before.since(now));
        }
        if !is_served(&ready.queue) || !self.executors.values().any(|executor| executor.view.connected) {
            let queue = if ready.queue.is_empty() {
                "the default queue".to_owned()
            } else {
                format!("queue `{}`", ready.queue)
            };
            return format!("no executor is connected for {queue}");
        }
        if let Some(load) = self.runs.get(&action.run).filter(|load| !load.has_place()) {
            let cap = load.cap.unwrap_or_default();
            return format!("run cap {}/{cap} reached", load.running);
        }
        self.explain_executors(&ready.resources, ready.order.1.0)
    }

    fn explain_executors(&self, wanted: &Resources, depth: u32) -> String {
        let connected: Vec<_> = self.executors.values().filter(|executor| executor.view.connected).collect();
        if !connected.iter().any(|executor| executor.could_ever_fit(wanted)) {
            return format!(
                "no connected executor has {} of memory and {} gpus",
                gibibytes(wanted.memory_bytes),
                wanted.gpus
            );
        }
        if connected.iter().any(|executor| executor.fits(wanted, depth)) {
            return "next in turn".to_owned();
        }
        let used: u32 = connected.iter().map(|executor| executor.view.slots_used).sum();
        let slots: u32 = connected.iter().map(|executor| executor.view.terms.slots).sum();
        if used >= slots {
            return format!("all {slots} places are taken ({used} attempts run)");
        }
        "executors have places left, but not enough memory, gpus or processes for this action".to_owned()
    }
}

impl Executor {
    fn fits(&self, wanted: &Resources, depth: u32) -> bool {
        let terms = &self.view.terms;
        // If everybody here only waits for children, one more is let in whatever the cap: no deadlock.
        let only_waiting = self.view.slots_used == 0;
        let memory = wanted.memory_bytes == 0 || self.memory_used + wanted.memory_bytes <= terms.memory_bytes;
        // Over the cap of processes only children: more parents would wait too, and fill the machine.
        let process = self.view.processes < terms.max_processes || (only_waiting && depth > 0);
        self.view.connected
            && (self.view.slots_used < terms.slots || active(Defect::SlotsExceeded))
            && process
            && (memory || (only_waiting && self.could_ever_fit(wanted)))
            && self.gpus_used + wanted.gpus <= terms.gpus
    }

    fn could_ever_fit(&self, wanted: &Resources) -> bool {
        wanted.memory_bytes <= self.view.terms.memory_bytes && wanted.gpus <= self.view.terms.gpus
    }
}

/// Is there an executor for this queue at all?
fn is_served(queue: &str) -> bool {
    queue.is_empty() || queue == "default"
}

fn charge(executor: &mut Executor, holding: &Holding) {
    executor.view.slots_used += u32::from(!holding.waits_for_children);
    executor.memory_used += holding.resources.memory_bytes;
    executor.gpus_used += holding.resources.gpus;
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes / ((1 << 30) / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;
