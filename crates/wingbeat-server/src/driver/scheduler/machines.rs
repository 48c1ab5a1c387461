//! The executors as the scheduler sees them: what they offered, what of it is promised, and who fits where.

use std::collections::BTreeMap;

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{ActionName, QueueName, Resources, SessionId, Timestamp};

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
    /// Thousandths of cores that may be promised to attempts that say how many they need.
    pub cpu_millis: u64,
    /// Bytes that may be promised to attempts.
    pub memory_bytes: u64,
    /// Whole devices.
    pub gpus: u32,
    /// Queues that it serves; empty: all of them.
    pub queues: Vec<QueueName>,
}

/// Stands among the capabilities of an executor that drains, for people.
const DRAINING: &str = "draining";

impl ExecutorTerms {
    /// It takes nothing new.
    pub(crate) fn drain(&mut self) {
        self.slots = 0;
        if !self.drains() {
            self.capabilities.push(DRAINING.to_owned());
        }
    }

    /// Does it take nothing new?
    pub(crate) fn drains(&self) -> bool {
        self.capabilities.iter().any(|capability| capability == DRAINING)
    }
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

/// An attempt's place at an executor.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    pub(super) session: SessionId,
    /// Its number; 0 for one that is only promised.
    pub(super) attempt: u32,
    pub(super) parent: Option<ActionName>,
    pub(super) resources: Resources,
    pub(super) live_children: u32,
}

/// What an action needs of an executor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) queue: &'a QueueName,
    pub(super) resources: &'a Resources,
    pub(super) depth: u32,
}

#[derive(Debug, Clone)]
struct Executor {
    view: ExecutorView,
    cpu_used: u64,
    memory_used: u64,
    gpus_used: u32,
}

impl Executor {
    fn new(view: ExecutorView) -> Self {
        Self { view, cpu_used: 0, memory_used: 0, gpus_used: 0 }
    }

    fn has_slot(&self) -> bool {
        self.view.connected && (self.view.slots_used < self.view.terms.slots || active(Defect::SlotsExceeded))
    }

    fn fits(&self, wanted: Wanted<'_>) -> bool {
        let (terms, needs) = (&self.view.terms, wanted.resources);
        // If everybody here only waits for children, one more is let in whatever the cap: no deadlock.
        let only_waiting = self.view.slots_used == 0;
        let memory = needs.memory_bytes == 0 || self.memory_used + needs.memory_bytes <= terms.memory_bytes;
        // Over the cap of processes only children: more parents would wait too, and fill the machine.
        let process = self.view.processes < terms.max_processes || (only_waiting && wanted.depth > 0);
        self.has_slot()
            && process
            && self.could_ever_fit(wanted)
            && (self.cpu_used + needs.cpu_millis <= self.cpu_millis())
            && (memory || only_waiting)
            && self.gpus_used + needs.gpus <= terms.gpus
    }

    /// Whoever lets more attempts run than there are cores means to share the cores.
    fn cpu_millis(&self) -> u64 {
        self.view.terms.cpu_millis.max(u64::from(self.view.terms.slots) * 1_000)
    }

    fn could_ever_fit(&self, wanted: Wanted<'_>) -> bool {
        let (terms, needs) = (&self.view.terms, wanted.resources);
        self.serves(wanted.queue)
            && needs.cpu_millis <= self.cpu_millis()
            && needs.memory_bytes <= terms.memory_bytes
            && needs.gpus <= terms.gpus
    }

    fn serves(&self, queue: &QueueName) -> bool {
        self.view.terms.queues.is_empty() || self.view.terms.queues.contains(queue)
    }

    fn charge(&mut self, holding: &Holding) {
        self.view.slots_used += u32::from(!holding.waits_for_children());
        self.cpu_used += holding.cpu_millis();
        if active(Defect::ResourcesForgotten) {
            return;
        }
        self.memory_used += holding.resources.memory_bytes;
        self.gpus_used += holding.resources.gpus;
    }

    fn release(&mut self, holding: &Holding) {
        let slots = u32::from(!holding.waits_for_children());
        self.view.slots_used = self.view.slots_used.saturating_sub(slots);
        self.cpu_used = self.cpu_used.saturating_sub(holding.cpu_millis());
        self.memory_used = self.memory_used.saturating_sub(holding.resources.memory_bytes);
        self.gpus_used = self.gpus_used.saturating_sub(holding.resources.gpus);
    }
}

impl Holding {
    pub(super) const fn waits_for_children(&self) -> bool {
        self.live_children > 0
    }

    /// A parent that waits for its children computes nothing; its memory and devices stay taken.
    const fn cpu_millis(&self) -> u64 {
        if self.waits_for_children() { 0 } else { self.resources.cpu_millis }
    }
}

/// All executors with a session, by session.
#[derive(Debug, Clone, Default)]
pub(super) struct Machines(BTreeMap<SessionId, Executor>);

impl Machines {
    /// An executor's stream opened. `processes`: places that it holds already.
    pub(super) fn connect(
        &mut self,
        view: ExecutorView,
        processes: u32,
        held: impl Iterator<Item = Holding>,
    ) {
        let session = view.session.clone();
        // Two tasks tell of opening and closing: an older stream may be told of later.
        if self.0.get(&session).is_some_and(|known| known.view.stream > view.stream) {
            return;
        }
        let since = self.0.get(&session).map_or(view.since, |known| known.view.since);
        let mut executor = Executor::new(ExecutorView { since, processes, ..view });
        held.for_each(|holding| executor.charge(&holding));
        self.0.insert(session, executor);
    }

    pub(super) fn disconnect(&mut self, session: &SessionId, stream: u64) {
        if let Some(executor) = self.0.get_mut(session).filter(|known| known.view.stream == stream) {
            executor.view.connected = false;
        }
    }

    pub(super) fn drain(&mut self, session: &SessionId) {
        if let Some(executor) = self.0.get_mut(session) {
            executor.view.terms.drain();
        }
    }

    /// Executors of other servers among those of this one. Both servers may believe to have one that has just moved.
    pub(super) fn with(&self, elsewhere: impl Iterator<Item = (ExecutorView, u32, Vec<Holding>)>) -> Self {
        let mut all = self.clone();
        for (view, processes, held) in elsewhere {
            if !all.0.contains_key(&view.session) {
                all.connect(view, processes, held.into_iter());
            }
        }
        all
    }

    pub(super) fn forget(&mut self, session: &SessionId) {
        self.0.remove(session);
    }

    /// Forgets what is promised, and keeps who is connected.
    pub(super) fn empty(&mut self) {
        for executor in self.0.values_mut() {
            let view = ExecutorView { slots_used: 0, processes: 0, ..executor.view.clone() };
            *executor = Executor::new(view);
        }
    }

    pub(super) fn views(&self) -> impl Iterator<Item = &ExecutorView> {
        self.0.values().map(|executor| &executor.view)
    }

    pub(super) fn charge(&mut self, holding: &Holding) {
        if let Some(executor) = self.0.get_mut(&holding.session) {
            executor.charge(holding);
        }
    }

    pub(super) fn release(&mut self, holding: &Holding) {
        if let Some(executor) = self.0.get_mut(&holding.session) {
            executor.release(holding);
        }
    }

    /// One more (or less) process at an executor.
    pub(super) fn count_process(&mut self, session: &SessionId, more: bool) {
        if let Some(executor) = self.0.get_mut(session) {
            let count = &mut executor.view.processes;
            *count = if more { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    /// Whether what was promised there does not fit any more: a parent's last child has ended and it computes again, or who
    /// was about to leave has not.
    pub(super) fn is_crowded(&self, session: &SessionId, promised: &Resources) -> bool {
        self.0.get(session).is_some_and(|executor| {
            let (used, terms) = (executor.view.slots_used, &executor.view.terms);
            let slots = used > terms.slots && !active(Defect::SlotsExceeded);
            let cpu = promised.cpu_millis > 0 && executor.cpu_used > executor.cpu_millis();
            // Over its memory only one is let in where all others wait.
            let memory = promised.memory_bytes > 0 && executor.memory_used > terms.memory_bytes && used > 1;
            let gpus = promised.gpus > 0 && executor.gpus_used > terms.gpus;
            slots || cpu || memory || gpus
        })
    }

    pub(super) fn any_slot(&self) -> bool {
        self.0.values().any(Executor::has_slot)
    }

    /// How many attempts more may run, if they ask for nothing in particular.
    pub(super) fn free_slots(&self) -> usize {
        let free = |executor: &Executor| executor.view.terms.slots.saturating_sub(executor.view.slots_used);
        let connected = self.0.values().filter(|executor| executor.view.connected);
        connected.map(|executor| free(executor) as usize).sum()
    }

    /// The connected executor with the most free places that can take an attempt.
    pub(super) fn place_for(&self, wanted: Wanted<'_>) -> Option<SessionId> {
        let fits = self.0.values().filter(|executor| executor.fits(wanted));
        let free = |executor: &&Executor| executor.view.terms.slots.saturating_sub(executor.view.slots_used);
        Some(fits.max_by_key(free)?.view.session.clone())
    }

    /// Why nobody takes it now, in one sentence.
    pub(super) fn explain(&self, wanted: Wanted<'_>) -> String {
        let connected: Vec<_> = self.0.values().filter(|executor| executor.view.connected).collect();
        let serving: Vec<_> =
            connected.iter().filter(|executor| executor.serves(wanted.queue)).copied().collect();
        let queue = || {
            let name = wanted.queue;
            if name.is_default() { "the default queue".to_owned() } else { format!("queue `{name}`") }
        };
        if connected.is_empty() {
            return format!("no executor is connected for {}", queue());
        }
        if serving.is_empty() {
            return format!("no connected executor serves {}", queue());
        }
        let serving: Vec<_> = serving.into_iter().filter(|executor| !executor.view.terms.drains()).collect();
        if serving.is_empty() {
            return format!("every connected executor of {} drains", queue());
        }
        if !serving.iter().any(|executor| executor.could_ever_fit(wanted)) {
            return too_large(wanted.resources, &serving);
        }
        if serving.iter().any(|executor| executor.fits(wanted)) {
            return "next in turn".to_owned();
        }
        let used: u32 = serving.iter().map(|executor| executor.view.slots_used).sum();
        let slots: u32 = serving.iter().map(|executor| executor.view.terms.slots).sum();
        if used >= slots {
            return format!("all {slots} places are taken ({used} attempts run)");
        }
        "executors have places left, but not enough cores, memory, gpus or processes for this action"
            .to_owned()
    }
}

/// No executor can ever take it: says what it asks for, and what the largest ones have.
fn too_large(wanted: &Resources, serving: &[&Executor]) -> String {
    let most = |of: fn(&Executor) -> u64| serving.iter().map(|executor| of(executor)).max().unwrap_or(0);
    let (cpu, memory) = (most(Executor::cpu_millis), most(|executor| executor.view.terms.memory_bytes));
    let gpus = most(|executor| u64::from(executor.view.terms.gpus));
    let mut asks = Vec::new();
    if wanted.cpu_millis > cpu {
        asks.push(format!("{} cores (the most that one has: {})", cores(wanted.cpu_millis), cores(cpu)));
    }
    if wanted.memory_bytes > memory {
        let (asked, most) = (gibibytes(wanted.memory_bytes), gibibytes(memory));
        asks.push(format!("{asked} of memory (the most that one has: {most})"));
    }
    if u64::from(wanted.gpus) > gpus {
        asks.push(format!("{} gpus (the most that one has: {gpus})", wanted.gpus));
    }
    if asks.is_empty() {
        return "no connected executor has all that it asks for at once".to_owned();
    }
    format!("no connected executor can ever run it: it asks for {}", asks.join(" and "))
}

fn cores(millis: u64) -> String {
    if millis.is_multiple_of(1_000) {
        (millis / 1_000).to_string()
    } else {
        format!("{}.{}", millis / 1_000, millis % 1_000 / 100)
    }
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes / ((1 << 30) / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
