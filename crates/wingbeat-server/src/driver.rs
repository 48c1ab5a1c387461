//! The one loop that changes run state: takes commands, commits them in batches, and does what follows.
//!
//! Whatever has arrived goes into one transaction, so cost per command falls as load rises. Claims,
//! timers and follow-ups are commands like all others. Everything kept here besides the queue is a
//! picture of stored rows and is rebuilt from them at start.

mod boot;
mod chain;
mod entry;
mod queue;
mod refusal;
mod replicas;
pub(crate) mod scheduler;
mod slack;
mod slots;
mod timers;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use wingbeat_engine::defects::{Defect, active};
use wingbeat_engine::{Batch, Command, Effect, Reject, Reply};
use wingbeat_model::{Action, ActionKey, Changes, Run, ServerId, SessionId, Timestamp};
use wingbeat_store::Metadata;

pub use boot::BootError;
pub use scheduler::{ExecutorTerms, ExecutorView, Scheduler};

use crate::clock::Clock;
use crate::dispatch::{Dispatcher, Order, Work};
use crate::feed::Feed;
use crate::log_hub::LogHub;
use crate::metrics::Metrics;
use crate::sessions::Sessions;
use crate::tasks::Tasks;
use chain::Chain;
use entry::Entry;
use queue::Queue;
use replicas::Others;
use scheduler::Proposal;
use timers::Timers;

/// Commands that one transaction takes at most: bounds its time and memory.
const MAX_BATCH: usize = 1_024;
/// A transaction that takes longer is followed by a smaller one: whoever comes next waits for it.
const LONG_BATCH: Duration = Duration::from_millis(100);
/// Commands that even a slow store is given at once.
const MIN_BATCH: usize = 128;
/// Commands in the queue from which on nothing more is taken out of the inbox.
const MAX_QUEUE: usize = 8_192;
/// Messages that wait at most before callers are held back.
const INBOX: usize = 4_096;
/// How long a caller waits for a place in the inbox.
const ENTRY_DEADLINE: Duration = Duration::from_secs(5);
/// The machine may sleep while we do; then what is due is noticed this much late at most.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// Pause before internal work is tried again on a store that refuses.
const STORE_PAUSE: Duration = Duration::from_millis(250);

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// The engine refused it.
    #[error(transparent)]
    Rejected(#[from] Reject),
    /// No space is left on the store's disk; nothing was written.
    #[error("the server's disk is full; nothing was written")]
    DiskFull,
    /// The store did not answer; whether it was written is unknown.
    #[error("the store is not available")]
    Unavailable,
    /// What is stored about it cannot be read, or the database refuses what was to be stored; nothing was written.
    #[error(
        "the database cannot store this, or holds something about it that cannot be read; see the server's log"
    )]
    Corrupt,
    /// Too much is waiting.
    #[error("too many calls wait for the server's store; nothing was written; try again in a second")]
    Busy,
    /// The server is going down.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl SubmitError {
    /// May the same command work later?
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Rejected(_) | Self::ShuttingDown | Self::Corrupt => false,
            Self::DiskFull | Self::Unavailable | Self::Busy => true,
        }
    }
}

type Answer = Result<Reply, SubmitError>;

enum Message {
    Commands(Vec<Command>, oneshot::Sender<Vec<Answer>>),
    Connected(SessionId, u64, ExecutorTerms),
    Disconnected(SessionId, u64),
}

/// How everybody else reaches the loop.
#[derive(Clone)]
pub struct DriverHandle {
    inbox: mpsc::Sender<Message>,
    entry: Entry,
    scheduler: Arc<Mutex<Scheduler>>,
    server: ServerId,
}

impl DriverHandle {
    /// Whose loop this is.
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// Carries out one command; durable when it returns `Ok`.
    ///
    /// # Errors
    /// [`SubmitError`]; after `Unavailable` the outcome is unknown: repeat the command, it is idempotent.
    pub async fn submit(&self, command: Command) -> Answer {
        self.submit_all(vec![command]).await.pop().unwrap_or(Err(SubmitError::ShuttingDown))
    }

    /// Carries out several commands in order; the answers are index-aligned.
    pub async fn submit_all(&self, commands: Vec<Command>) -> Vec<Answer> {
        if commands.is_empty() {
            return Vec::new();
        }
        let count = commands.len();
        let Some(_place) = self.entry.enter(&commands, ENTRY_DEADLINE).await else {
            return vec![Err(SubmitError::Busy); count];
        };
        let (reply, answers) = oneshot::channel();
        let sent = self.inbox.send_timeout(Message::Commands(commands, reply), ENTRY_DEADLINE).await;
        let failed = match sent {
            Ok(()) => match answers.await {
                Ok(answers) => return answers,
                Err(_) => SubmitError::ShuttingDown,
            },
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => SubmitError::Busy,
            Err(mpsc::error::SendTimeoutError::Closed(_)) => SubmitError::ShuttingDown,
        };
        vec![Err(failed); count]
    }

    /// An executor's stream of that number opened; its session is stored already.
    pub async fn connected(&self, session: SessionId, number: u64, terms: ExecutorTerms) {
        // A closed inbox means shutdown: there is nothing left to tell.
        let _ = self.inbox.send(Message::Connected(session, number, terms)).await;
    }

    /// An executor's stream of that number closed.
    pub async fn disconnected(&self, session: SessionId, number: u64) {
        let _ = self.inbox.send(Message::Disconnected(session, number)).await;
    }

    /// A look at the scheduler's picture.
    pub fn scheduler<T>(&self, look: impl FnOnce(&Scheduler) -> T) -> T {
        look(&self.scheduler.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the loop works with.
pub struct Parts {
    /// Where rows are kept.
    pub store: Arc<dyn Metadata>,
    /// The platform's time.
    pub clock: Clock,
    /// Whom to wake after a commit.
    pub feed: Feed,
    /// Who sends assignments and stops.
    pub dispatcher: Dispatcher,
    /// Whose streams end with their sessions.
    pub sessions: Sessions,
    /// Live lines, which end with their attempts.
    pub logs: LogHub,
    /// Where batches are counted.
    pub metrics: Metrics,
}

struct Waiting {
    command: Command,
    answer: Option<(usize, usize)>,
}

/// Answers of one caller, gathered until all of its commands are decided.
struct Caller {
    reply: oneshot::Sender<Vec<Answer>>,
    answers: Vec<Option<Answer>>,
    open: usize,
}

struct Driver {
    parts: Parts,
    inbox: mpsc::Receiver<Message>,
    scheduler: Arc<Mutex<Scheduler>>,
    timers: Timers,
    queue: Queue,
    /// Commands that the next transaction takes at most.
    batch: usize,
    /// How many of the next commands are committed one by one: one of them cannot be decided.
    singly: usize,
    callers: slots::Slots<Caller>,
    others: Others,
    tasks: Tasks,
}

/// Starts the loop on what the store holds.
///
/// # Errors
/// [`BootError`] when the live rows cannot be read.
pub async fn start(parts: Parts, tasks: &Tasks) -> Result<DriverHandle, BootError> {
    let (sender, inbox) = mpsc::channel(INBOX);
    let scheduler = Arc::new(Mutex::new(Scheduler::default()));
    let handle = DriverHandle {
        inbox: sender,
        entry: Entry::default(),
        scheduler: scheduler.clone(),
        server: parts.store.server(),
    };
    let mut driver = Driver {
        parts,
        inbox,
        scheduler,
        timers: Timers::default(),
        queue: Queue::default(),
        batch: MAX_BATCH,
        singly: 0,
        callers: slots::Slots::default(),
        others: Others::default(),
        tasks: tasks.clone(),
    };
    driver.meet_others().await?;
    let head = boot::load(&mut driver).await?;
    driver.parts.feed.start_from(head);
    tasks.spawn("driver", async move { driver.run().await });
    Ok(handle)
}

impl Driver {
    async fn run(mut self) {
        loop {
            self.look_around().await;
            self.take_arrived();
            self.take_due();
            if self.queue.is_empty() && !self.others.news && !self.wait().await {
                return;
            }
            if !self.queue.is_empty() {
                self.commit().await;
            }
        }
    }

    /// Sleeps until something happens; `false` when the server shuts down.
    async fn wait(&mut self) -> bool {
        let next = self.next_time();
        let (store, look) = (self.parts.store.clone(), self.others.next_look);
        let sleep = async {
            match next {
                Some(at) => tokio::time::sleep(self.parts.clock.until(at).min(LONGEST_SLEEP)).await,
                None => std::future::pending().await,
            }
        };
        let message = tokio::select! {
            // Always in this order, so that a simulated history can be told again from its seed.
            biased;
            () = self.tasks.cancelled() => None,
            message = self.inbox.recv() => message,
            () = sleep => return true,
            () = store.heard() => {
                self.others.news = true;
                return true;
            }
            () = at(look) => return true,
        };
        let Some(message) = message else { return false };
        self.take(message);
        true
    }

    fn next_time(&self) -> Option<Timestamp> {
        let backoff = self.lock_scheduler().next_backoff();
        let timer = self.timers.next().map(|at| at + self.lateness());
        [timer, backoff].into_iter().flatten().min()
    }

    fn take_arrived(&mut self) {
        // More than a batch: what waits in the inbox has no turn.
        while self.queue.len() < MAX_QUEUE {
            let Ok(message) = self.inbox.try_recv() else { break };
            self.take(message);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Commands(commands, reply) => {
                let open = commands.len();
                let caller = self.callers.insert(Caller { reply, answers: vec![None; open], open });
                for (ix, command) in commands.into_iter().enumerate() {
                    self.queue.push(Waiting { command, answer: Some((caller, ix)) });
                }
            }
            Message::Connected(session, number, terms) => self.welcome((session, number, terms)),
            Message::Disconnected(session, number) => self.bid_farewell(&session, number),
        }
    }

    /// Queues what time and free places call for.
    fn take_due(&mut self) {
        let now = self.parts.clock.now();
        // A million limits that are over at once come in as the queue empties; claims are bounded by places.
        let room = (2 * MAX_QUEUE).saturating_sub(self.queue.len()).min(MAX_BATCH);
        let due = self.timers.due(now - self.lateness(), room);
        let proposals = self.lock_scheduler().propose(now, MAX_BATCH);
        let wakes = due.into_iter().map(|action| Waiting { command: Command::Wake(action), answer: None });
        wakes.chain(proposals.into_iter().map(claim)).for_each(|waiting| self.queue.push(waiting));
    }

    async fn commit(&mut self) {
        let most = if self.singly > 0 { 1 } else { self.batch };
        self.singly = self.singly.saturating_sub(1);
        let mut taken = self.queue.take(most);
        self.withdraw_claims(&mut taken);
        if taken.is_empty() {
            return;
        }
        self.claim_ahead(&mut taken);
        let count = taken.len();
        if active(Defect::AcknowledgedWriteDropped) {
            self.drop_reports(&mut taken);
        }
        let commands: Vec<Command> = taken.iter().map(|waiting| waiting.command.clone()).collect();
        let started = tokio::time::Instant::now();
        let batch = Batch::new(commands, self.parts.clock.now()).by(self.office());
        match self.parts.store.commit(Box::new(batch)).await {
            Ok((unit, seq)) => {
                let batch = unit.into_any().downcast::<Batch>().ok().and_then(|batch| batch.into_decided());
                let decided = batch.expect("a store gives back the unit it was given, decided");
                let took = started.elapsed();
                self.parts.metrics.committed(count, took, self.queue.len());
                self.resize(count, took);
                tracing::debug!(count, seq = seq.0, elapsed_us = took.as_micros(), "committed");
                self.observe(&decided.changes);
                self.await_streams(&decided.changes);
                self.answer(taken, decided.replies, &decided.changes);
                self.follow(decided.effects, &decided.changes.actions, &decided.changes.runs);
                self.parts.feed.publish(seq, decided.changes);
            }
            Err(error) => self.refused(taken, error).await,
        }
    }

    /// A claim may have waited in the queue while parents came back to the place that it was promised.
    fn withdraw_claims(&self, taken: &mut Vec<Waiting>) {
        let mut scheduler = self.lock_scheduler();
        taken.retain(|waiting| {
            let Command::Claim { action, .. } = &waiting.command else { return true };
            !scheduler.withdraw_if_crowded(action)
        });
    }

    /// What has its place at once is given away by the transaction that makes it, or that frees the place.
    fn claim_ahead(&self, taken: &mut Vec<Waiting>) {
        let commands = taken.iter().map(|waiting| &waiting.command);
        let proposals = self.lock_scheduler().propose_ahead(commands, self.parts.clock.now());
        taken.extend(proposals.into_iter().map(claim));
    }

    /// Large batches cost the store least, short ones let others in sooner.
    fn resize(&mut self, count: usize, took: Duration) {
        if took > LONG_BATCH && count > MIN_BATCH {
            self.batch = (count / 2).max(MIN_BATCH);
        } else if took < LONG_BATCH / 2 && count >= self.batch {
            self.batch = (self.batch * 2).min(MAX_BATCH);
        }
    }

    /// What the defect of that name does.
    fn drop_reports(&mut self, taken: &mut Vec<Waiting>) {
        let lost: Vec<Waiting> =
            taken.extract_if(.., |waiting| matches!(waiting.command, Command::Report(_))).collect();
        let places = lost.into_iter().filter_map(|waiting| waiting.answer);
        places.for_each(|place| self.settle(place, Ok(Reply::Reported)));
    }

    fn observe(&mut self, changes: &Changes) {
        for action in &changes.actions {
            self.timers.observe(action);
            self.others.observe(action);
        }
        let mut scheduler = self.lock_scheduler();
        scheduler.observe(changes);
        for session in &changes.sessions {
            if session.ended_at.is_some() {
                scheduler.forget_executor(&session.id);
                self.parts.sessions.end(&session.id);
            } else if session.draining {
                scheduler.drain_executor(&session.id);
                self.parts.sessions.drain(&session.id);
            }
        }
        for attempt in changes.attempts.iter().filter(|attempt| attempt.end.is_some() && !attempt.held) {
            self.parts.logs.forget(&attempt.key);
        }
    }

    fn answer(&mut self, taken: Vec<Waiting>, replies: Vec<Result<Reply, Reject>>, written: &Changes) {
        for (waiting, reply) in taken.into_iter().zip(replies) {
            if let (Command::Claim { action, session }, Err(reject)) = (&waiting.command, &reply) {
                tracing::debug!(action = %action.name, reason = %reject, "claim refused");
                // Only what will change by itself is tried again; otherwise the action's row says what is true.
                let again = matches!(
                    reject,
                    Reject::RunCap { .. }
                        | Reject::NoSession
                        | Reject::Draining
                        | Reject::QueueCap { .. }
                        | Reject::QueuePaused(_)
                        | Reject::NoQueue(_)
                );
                self.lock_scheduler().refused(action, again);
                if matches!(reject, Reject::Draining) {
                    // Its stream was opened before anybody there knew.
                    self.lock_scheduler().drain_executor(session);
                }
                self.has_missed_something();
                if matches!(reject, Reject::NoSession)
                    && written.sessions.iter().all(|row| row.id != *session)
                {
                    self.lose_sight_of(session);
                }
            }
            if let Some(place) = waiting.answer {
                self.settle(place, reply.map_err(SubmitError::Rejected));
            }
        }
    }

    fn settle(&mut self, (caller, ix): (usize, usize), answer: Answer) {
        let Some(waiting) = self.callers.get_mut(caller) else { return };
        waiting.answers[ix] = Some(answer);
        waiting.open -= 1;
        if waiting.open == 0 {
            let Some(done) = self.callers.remove(caller) else { return };
            let answers =
                done.answers.into_iter().map(|answer| answer.unwrap_or(Err(SubmitError::Unavailable)));
            // The caller may have gone away; what it asked for is done all the same.
            let _ = done.reply.send(answers.collect());
        }
    }

    /// Does what was decided. `actions` and `runs`: rows of the same commit, by key, which need not be read again.
    fn follow(&mut self, effects: Vec<Effect>, actions: &[Action], runs: &[Run]) {
        let work = |key: &ActionKey| {
            let at = actions.binary_search_by(|action| action.key.cmp(key)).ok()?;
            let begins = key.name.is_root().then(|| runs.iter().find(|run| run.id == key.run)).flatten();
            Some(Work::new(&actions[at], begins))
        };
        for effect in effects {
            match effect {
                Effect::Assign { fence, .. }
                    if active(Defect::EffectLostAfterCommit) && fence.0.is_multiple_of(3) => {}
                Effect::Assign { attempt, fence, session } => {
                    let work = work(&attempt.action);
                    self.parts.dispatcher.send(Order::Assign { attempt, fence, session, work });
                }
                Effect::Stop { attempt, fence, session, reason } => {
                    self.parts.dispatcher.send(Order::Stop { attempt, fence, session, reason });
                }
                // Conditions with a webhook are refused before they get here; nothing is left to do.
                Effect::ConditionCreated(_) => (),
                Effect::FollowUp(follow_up) => {
                    self.queue.push(Waiting { command: Command::FollowUp(follow_up), answer: None });
                }
            }
        }
    }

    fn lock_scheduler(&self) -> std::sync::MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn claim(Proposal { action, session }: Proposal) -> Waiting {
    Waiting { command: Command::Claim { action, session }, answer: None }
}

async fn at(time: Option<tokio::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
