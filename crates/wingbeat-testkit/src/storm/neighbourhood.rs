//! What the servers of one storm share besides rows: who is there, whose duty timers are, and what each has written.
//! It stands for what a database does for several servers. News come late or never, who died is believed to be there
//! for a while, and a duty can change hands without its holder's knowledge.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wingbeat_engine::invariants::Rows;
use wingbeat_model::{ActionKey, AttemptKey, Changes, QueueName, RunId, Seq, ServerId, SessionId, State};
use wingbeat_store::{Echo, Neighbour};

use super::ledger::Ledger;
use super::weather::Weather;

/// Transactions that are read at once.
const AT_ONCE: usize = 8;

pub(super) struct Neighbourhood {
    weather: Arc<Weather>,
    ledger: Arc<Ledger>,
    /// May there be more than one server?
    pub(super) is_shared: bool,
    state: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    came: i64,
    epoch: i64,
    on_duty: Option<ServerId>,
    members: BTreeMap<ServerId, Arc<Member>>,
    written: BTreeMap<Seq, (ServerId, Touched)>,
}

/// One server, as its store knows it.
pub(super) struct Member {
    pub(super) id: ServerId,
    pub(super) heard: Notify,
    pub(super) arrivals: AtomicBool,
    /// The duty that it believes to have.
    duty: Mutex<Option<i64>>,
}

/// Keys of what one transaction wrote.
#[derive(Debug, Clone, Default)]
struct Touched {
    runs: BTreeSet<RunId>,
    actions: BTreeSet<ActionKey>,
    attempts: BTreeSet<AttemptKey>,
    sessions: BTreeSet<SessionId>,
    queues: BTreeSet<QueueName>,
}

impl Member {
    fn new(id: ServerId, duty: Option<i64>) -> Self {
        Self { id, heard: Notify::new(), arrivals: AtomicBool::new(false), duty: Mutex::new(duty) }
    }

    pub(super) fn duty(&self) -> Option<i64> {
        *self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_duty(&self, epoch: Option<i64>) {
        *self.duty.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
    }
}

impl Neighbourhood {
    pub(super) fn new(weather: Arc<Weather>, ledger: Arc<Ledger>, is_shared: bool) -> Arc<Self> {
        Arc::new(Self { weather, ledger, is_shared, state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server starts. One that has the store for itself always has the same name and the duty.
    pub(super) fn join(self: &Arc<Self>) -> Arc<Member> {
        if !self.is_shared {
            return Arc::new(Member::new(ServerId::ONLY, Some(0)));
        }
        let (member, others) = {
            let mut state = self.lock();
            state.came += 1;
            let member = Arc::new(Member::new(ServerId(state.came), None));
            let others: Vec<_> = state.members.values().cloned().collect();
            state.members.insert(member.id, member.clone());
            (member, others)
        };
        for other in others {
            other.arrivals.store(true, Ordering::Relaxed);
            self.tell(other, 0..2_000);
        }
        member
    }

    /// A server has died. It takes a while until that is known.
    pub(super) fn lose(self: &Arc<Self>, member: &Member) {
        if !self.is_shared {
            return;
        }
        let (own, id) = (self.clone(), member.id);
        tokio::spawn(async move {
            let longest = if own.weather.strikes(100) { 60_000 } else { 1_000 };
            own.weather.pause(0..longest).await;
            let mut state = own.lock();
            state.members.remove(&id);
            state.on_duty = state.on_duty.filter(|holder| *holder != id);
        });
    }

    /// The others hear of what somebody did, unless the word is lost.
    fn tell(self: &Arc<Self>, other: Arc<Member>, after: Range<u64>) {
        if self.weather.strikes(100) {
            return;
        }
        let own = self.clone();
        tokio::spawn(async move {
            own.weather.pause(after).await;
            other.heard.notify_one();
        });
    }

    /// A transaction of `writer` is durable.
    pub(super) fn wrote(self: &Arc<Self>, writer: ServerId, seq: Seq, changes: &Changes) {
        if !self.is_shared || changes.is_empty() {
            return;
        }
        let others: Vec<Arc<Member>> = {
            let mut state = self.lock();
            state.written.insert(seq, (writer, Touched::by(changes)));
            state.members.values().filter(|member| member.id != writer).cloned().collect()
        };
        let late = if self.weather.strikes(50) { 5_000 } else { 20 };
        for other in others {
            self.tell(other, 0..late);
        }
    }

    /// See `Replicas::echo`.
    pub(super) fn echo(&self, reader: ServerId, after: Seq) -> Option<Echo> {
        let state = self.lock();
        let mut news = state.written.range(Seq(after.0 + 1)..).peekable();
        if news.peek().is_some() && self.weather.strikes(10) {
            // It is too far behind.
            return None;
        }
        let (mut touched, mut upto) = (Touched::default(), after);
        for (seq, (writer, keys)) in news.by_ref().take(AT_ONCE) {
            upto = *seq;
            if *writer != reader {
                touched.add(keys);
            }
        }
        let more = news.peek().is_some();
        let changes = touched.read(self.ledger.book().rows());
        Some(Echo { changes, upto, more })
    }

    /// See `Replicas::neighbours`.
    pub(super) fn neighbours(&self, of: ServerId) -> Vec<Neighbour> {
        let state = self.lock();
        let others = state.members.keys().filter(|id| **id != of);
        others.map(|id| Neighbour { server: *id, endpoint: format!("/{}", id.0) }).collect()
    }

    /// Takes the duty, if nobody has it, or if its holder has lost it and does not know yet.
    pub(super) fn take_duty(self: &Arc<Self>, member: &Member) {
        let mut state = self.lock();
        let holder = state.on_duty.filter(|holder| *holder != member.id);
        if !self.is_shared || (state.on_duty.is_some() && holder.is_none()) {
            return;
        }
        if holder.is_some() && !self.weather.strikes(30) {
            return;
        }
        if let Some(former) = holder.and_then(|holder| state.members.get(&holder)).cloned() {
            let own = self.clone();
            tokio::spawn(async move {
                own.weather.pause(0..10_000).await;
                let again = own.lock().on_duty == Some(former.id);
                if !again {
                    former.set_duty(None);
                }
            });
        }
        state.epoch += 1;
        state.on_duty = Some(member.id);
        member.set_duty(Some(state.epoch));
    }

    /// What the row says that everybody locks before writing.
    pub(super) fn epoch(&self) -> i64 {
        self.lock().epoch
    }
}

impl Touched {
    fn by(changes: &Changes) -> Self {
        // Whose executor is to stop: the order is for the attempt, whose row has not changed.
        let stopping = changes.actions.iter().filter_map(|action| {
            let stops = matches!(action.state, State::Running { stopping: Some(_), .. });
            stops.then(|| AttemptKey { action: action.key.clone(), attempt: action.attempts })
        });
        Self {
            runs: changes.runs.iter().map(|run| run.id).collect(),
            actions: changes.actions.iter().map(|action| action.key.clone()).collect(),
            attempts: changes.attempts.iter().map(|attempt| attempt.key.clone()).chain(stopping).collect(),
            sessions: changes.sessions.iter().map(|session| session.id.clone()).collect(),
            queues: changes.queues.iter().map(|queue| queue.name.clone()).collect(),
        }
    }

    fn add(&mut self, more: &Self) {
        self.runs.extend(more.runs.iter().copied());
        self.actions.extend(more.actions.iter().cloned());
        self.attempts.extend(more.attempts.iter().cloned());
        self.sessions.extend(more.sessions.iter().cloned());
        self.queues.extend(more.queues.iter().cloned());
    }

    /// The rows as they are now.
    fn read(&self, rows: &Rows) -> Changes {
        Changes {
            runs: self.runs.iter().filter_map(|key| rows.runs.get(key).cloned()).collect(),
            actions: self.actions.iter().filter_map(|key| rows.actions.get(key).cloned()).collect(),
            attempts: self.attempts.iter().filter_map(|key| rows.attempts.get(key).cloned()).collect(),
            sessions: self.sessions.iter().filter_map(|key| rows.sessions.get(key).cloned()).collect(),
            queues: self.queues.iter().filter_map(|key| rows.queues.get(key).cloned()).collect(),
            ..Changes::default()
        }
    }
}
