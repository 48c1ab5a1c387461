//! Which process an attempt gets a seat in, when one is started, and when it goes.
//!
//! The rules of a `ReusePolicy`: at most `max_replicas` processes compute at once, each with `concurrency` attempts.
//! An attempt that waits for other actions does not count, so that these can run; for as long as it does, there may be
//! a process more. Who finds no seat waits for one, and says so.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::keeper;
use super::replica::{Replica, Start, Tenancy};
use super::seat::Seat;
use super::share::{ShareKey, Wish};
use crate::assignment::ReusePolicy;
use crate::folder::DataFolder;
use crate::process::FamilyMark;
use crate::tasks::Tasks;
use crate::warm::WarmPool;

/// How long an attempt waits for a process to start before it is started in another way.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// A wait that nobody asks about: a line for each of a crowd of short attempts would cost more than they do.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// First and longest time in which no process is started after one has failed to start.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

/// How long an environment without processes is known after it was wanted last: longer than any such pause.
const REMEMBERED: Duration = Duration::from_mins(10);

/// A process is replaced after so many attempts: nothing should depend on how old one is.
const MAX_ATTEMPTS: u32 = 5_000;

/// How often a seat is looked for whose process ended just before it could be used.
const TRIES: usize = 3;

/// The reused processes of one executor.
#[derive(Debug)]
pub(crate) struct ReusePool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(super) folder: Arc<DataFolder>,
    pub(super) tasks: Tasks,
    pub(super) warm: WarmPool,
    pub(super) closing: CancellationToken,
    /// Somebody left a seat, or waits in it, or a process came or went.
    pub(super) changed: Notify,
    /// Processes at once, over all environments.
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shared: HashMap<Arc<ShareKey>, Shared>,
    next_number: u64,
}

/// The processes of attempts that may share one.
#[derive(Debug)]
struct Shared {
    slots: Vec<Slot>,
    last_use: Instant,
    /// How often in a row none could be started, until when none is tried, and why.
    broken: Option<(u32, Instant, String)>,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    phase: watch::Receiver<Phase>,
    /// Attempts in it.
    seats: u32,
    /// Those of them that wait for other actions.
    waiting: u32,
    idle_since: Instant,
    n_attempts: u32,
    /// Takes no attempt any more.
    spent: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Phase {
    Starting,
    Ready(Arc<Replica>),
    Gone(String),
}

/// What is to become of a process.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has no attempt and gets none any more.
    End(String),
    /// It is asked for again when something changes, or at this time.
    Stay(Option<Instant>),
}

/// A seat in a process that is there.
#[derive(Debug)]
pub(crate) struct Place {
    seat: Seat,
    replica: Arc<Replica>,
}

enum Found {
    Seat(Seat, watch::Receiver<Phase>),
    /// With the reason.
    Full(String),
}

impl ReusePool {
    /// A pool of at most `most` processes. Nothing is started yet.
    pub(crate) fn new(folder: Arc<DataFolder>, tasks: Tasks, warm: WarmPool, most: u32) -> Self {
        let (closing, changed, state) = (CancellationToken::new(), Notify::new(), Mutex::default());
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self { inner: Arc::new(Inner { folder, tasks, warm, closing, changed, most, state }) }
    }

    /// A seat for the attempt; waits for one if all are taken, and tells `delayed` why. Harmless to give up.
    ///
    /// # Errors
    /// The reason why there is none, for people.
    pub(crate) async fn place(&self, wish: Wish, mut delayed: impl FnMut(String)) -> Result<Place, String> {
        let Wish { key, own_env } = wish;
        let key = Arc::new(key);
        let mut reason = String::new();
        for _ in 0..TRIES {
            let (seat, mut phase) = self.seat(&key, own_env.clone(), &mut delayed).await?;
            let started = phase.wait_for(|phase| !matches!(phase, Phase::Starting));
            let started = timeout(START_PATIENCE, started).await;
            let started = started.map_err(|_| "the reused process takes long to start".to_owned())?;
            match started.as_deref() {
                Ok(Phase::Ready(replica)) => return Ok(Place { seat, replica: Arc::clone(replica) }),
                Ok(Phase::Gone(why)) => reason.clone_from(why),
                Ok(Phase::Starting) | Err(_) => "the reused process ended".clone_into(&mut reason),
            }
        }
        Err(reason)
    }

    async fn seat(
        &self,
        key: &Arc<ShareKey>,
        env: std::collections::BTreeMap<String, String>,
        delayed: &mut impl FnMut(String),
    ) -> Result<(Seat, watch::Receiver<Phase>), String> {
        let (worth_telling, mut told) = (Instant::now() + SHORT_WAIT, false);
        loop {
            let changed = self.inner.changed.notified();
            match Inner::find(&self.inner, key, &env)? {
                Found::Seat(seat, phase) => return Ok((seat, phase)),
                Found::Full(_) if told => changed.await,
                Found::Full(reason) => {
                    if timeout_at(worth_telling, changed).await.is_err() {
                        told = true;
                        delayed(reason);
                    }
                }
            }
        }
    }

    /// Ends all processes without attempts, the others with their last one.
    pub(crate) fn close(&self) {
        self.inner.closing.cancel();
        self.inner.changed.notify_waiters();
    }
}

impl Place {
    /// What the processes of the attempt are found by; to be written down before it begins.
    pub(crate) fn mark(&self) -> &FamilyMark {
        self.replica.mark()
    }

    /// Makes the process run the attempt.
    pub(crate) fn begin(self, start: &Start<'_>) -> Tenancy {
        self.replica.begin(self.seat, start)
    }
}

impl Inner {
    fn find(
        inner: &Arc<Self>,
        key: &Arc<ShareKey>,
        env: &std::collections::BTreeMap<String, String>,
    ) -> Result<Found, String> {
        if inner.closing.is_cancelled() {
            return Err("the executor is ending".to_owned());
        }
        let mut state = inner.lock();
        let n_processes: usize = state.shared.values().map(|shared| shared.slots.len()).sum();
        let number = state.next_number;
        let now = Instant::now();
        if !state.shared.contains_key(key) {
            state.forget_unused(now);
        }
        let shared = state.shared.entry(Arc::clone(key)).or_insert_with(|| Shared::new(now));
        shared.last_use = now;
        if shared.is_full(&key.policy) {
            return Ok(Found::Full(full(&key.policy)));
        }
        let free = shared.with_room(key.policy.concurrency);
        let slot = if let Some(slot) = free {
            slot
        } else {
            if let Some((_, until, reason)) = &shared.broken
                && now < *until
            {
                return Err(reason.clone());
            }
            if n_processes >= inner.most {
                if !state.make_room(key) {
                    return Err(format!("{} reused processes are there, as many as may be", inner.most));
                }
                // The keeper of the one that is to go looks now.
                inner.changed.notify_waiters();
            }
            inner.start(&mut state, key, number)
        };
        slot.seats += 1;
        slot.n_attempts += 1;
        slot.spent |= slot.n_attempts >= MAX_ATTEMPTS;
        let (number, phase) = (slot.number, slot.phase.clone());
        drop(state);
        let (key, env, inner) = (Arc::clone(key), env.clone(), Arc::clone(inner));
        Ok(Found::Seat(Seat { inner, key, number, env, waiting: AtomicBool::new(false) }, phase))
    }

    fn start<'a>(self: &Arc<Self>, state: &'a mut State, key: &Arc<ShareKey>, number: u64) -> &'a mut Slot {
        state.next_number = number + 1;
        let (announce, phase) = watch::channel(Phase::Starting);
        self.tasks.spawn("reused-process", keeper::keep(Arc::clone(self), Arc::clone(key), number, announce));
        let now = Instant::now();
        let shared = state.shared.entry(Arc::clone(key)).or_insert_with(|| Shared::new(now));
        shared.slots.push(Slot {
            number,
            phase,
            seats: 0,
            waiting: 0,
            idle_since: now,
            n_attempts: 0,
            spent: false,
        });
        shared.slots.last_mut().expect("one was pushed just now")
    }

    /// More, or less, attempts in a process, and of them such that wait.
    pub(super) fn count(&self, key: &ShareKey, number: u64, (seats, waiting): (i32, i32)) {
        let mut state = self.lock();
        if let Some(shared) = state.shared.get_mut(key) {
            let now = Instant::now();
            shared.last_use = now;
            if let Some(slot) = shared.slots.iter_mut().find(|slot| slot.number == number) {
                slot.seats = slot.seats.saturating_add_signed(seats);
                slot.waiting = slot.waiting.saturating_add_signed(waiting);
                slot.idle_since = now;
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    pub(super) fn spend(&self, key: &ShareKey, number: u64, reason: &str) {
        tracing::info!(number, reason, "a reused process takes no further attempt");
        if let Some(slot) = self.lock().slot(key, number) {
            slot.spent = true;
        }
    }

    /// A process could not be started; none is for a while.
    pub(super) fn failed(&self, key: &ShareKey, reason: &str) {
        let mut state = self.lock();
        if let Some(shared) = state.shared.get_mut(key) {
            let failures = shared.broken.as_ref().map_or(0, |(failures, _, _)| *failures);
            let pause = BACKOFF.0.saturating_mul(1 << failures.min(10)).min(BACKOFF.1);
            shared.broken = Some((failures.saturating_add(1), Instant::now() + pause, reason.to_owned()));
        }
    }

    /// A process has started.
    pub(super) fn started(&self, key: &ShareKey) {
        if let Some(shared) = self.lock().shared.get_mut(key) {
            shared.broken = None;
        }
    }

    /// What is to become of a process now. [`Fate::End`]: it gets no attempt after this.
    pub(super) fn fate(&self, key: &ShareKey, number: u64) -> Fate {
        let mut state = self.lock();
        let closing = self.closing.is_cancelled();
        let Some(shared) = state.shared.get_mut(key) else { return Fate::End("it was forgotten".to_owned()) };
        let fate = shared.fate(&key.policy, number, closing);
        if matches!(fate, Fate::End(_)) {
            shared.slots.retain(|slot| slot.number != number);
        }
        fate
    }

    /// A process is gone, or as good as.
    pub(super) fn gone(&self, key: &ShareKey, number: u64) {
        let mut state = self.lock();
        if let Some(shared) = state.shared.get_mut(key) {
            shared.slots.retain(|slot| slot.number != number);
            let idle = shared.slots.is_empty() && shared.broken.is_none();
            if idle {
                state.shared.remove(key);
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No method can panic with a half-changed state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn slot(&mut self, key: &ShareKey, number: u64) -> Option<&mut Slot> {
        self.shared.get_mut(key)?.slots.iter_mut().find(|slot| slot.number == number)
    }

    /// An environment without processes is remembered for what failed in it, but not for ever.
    fn forget_unused(&mut self, now: Instant) {
        self.shared.retain(|_, shared| !shared.slots.is_empty() || now < shared.last_use + REMEMBERED);
    }

    /// Lets the process of others go that has been idle for longest.
    fn make_room(&mut self, key: &ShareKey) -> bool {
        let others = self.shared.iter_mut().filter(|(other, _)| ***other != *key);
        let idle = others.flat_map(|(_, shared)| &mut shared.slots);
        let idle = idle.filter(|slot| slot.seats == 0 && !slot.spent);
        let oldest = idle.min_by_key(|slot| slot.idle_since);
        oldest.map(|slot| slot.spent = true).is_some()
    }
}

impl Shared {
    fn new(now: Instant) -> Self {
        Self { slots: Vec::new(), last_use: now, broken: None }
    }

    /// Does every attempt compute that may at once?
    fn is_full(&self, policy: &ReusePolicy) -> bool {
        let computing: u32 = self.slots.iter().map(|slot| slot.seats.saturating_sub(slot.waiting)).sum();
        computing >= policy.max_replicas.saturating_mul(policy.concurrency)
    }

    /// The least loaded process that takes one more attempt.
    fn with_room(&mut self, concurrency: u32) -> Option<&mut Slot> {
        let room = |slot: &&mut Slot| {
            // Output and environment of the whole process are those of its only attempt.
            let taken = if concurrency == 1 { slot.seats } else { slot.seats.saturating_sub(slot.waiting) };
            let gone = matches!(&*slot.phase.borrow(), Phase::Gone(_));
            !slot.spent && !gone && taken < concurrency
        };
        self.slots.iter_mut().filter(room).min_by_key(|slot| (slot.seats, slot.number))
    }

    fn fate(&self, policy: &ReusePolicy, number: u64, closing: bool) -> Fate {
        let Some(slot) = self.slots.iter().find(|slot| slot.number == number) else {
            return Fate::End("it was replaced".to_owned());
        };
        if slot.seats > 0 {
            return Fate::Stay(None);
        }
        if closing {
            return Fate::End("the executor is ending".to_owned());
        }
        if slot.spent {
            return Fate::End("it was replaced".to_owned());
        }
        let now = Instant::now();
        let mut next = None;
        if self.slots.iter().all(|slot| slot.seats == 0) {
            let unused_at = self.last_use + policy.idle;
            if unused_at <= now {
                return Fate::End("its environment was not used for a while".to_owned());
            }
            next = Some(unused_at);
        }
        let kept = self.slots.iter().filter(|slot| !slot.spent).count();
        if kept > usize::try_from(policy.min_replicas).unwrap_or(usize::MAX) {
            let surplus_at = slot.idle_since + policy.scaledown;
            if surplus_at <= now {
                return Fate::End("fewer processes are enough".to_owned());
            }
            next = Some(next.map_or(surplus_at, |at| at.min(surplus_at)));
        }
        Fate::Stay(next)
    }
}

fn full(policy: &ReusePolicy) -> String {
    format!(
        "waits for a process of the reused environment `{}`: {} of at most {} are busy{}",
        policy.name,
        policy.max_replicas,
        policy.max_replicas,
        if policy.concurrency == 1 {
            String::new()
        } else {
            format!(", each with {} attempts", policy.concurrency)
        }
    )
}

#[cfg(test)]
mod tests;
