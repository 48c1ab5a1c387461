//! Folds a batch of commands over loaded rows. One transaction, one position in the feed.

use std::any::Any;

use wingbeat_model::{
    Action, ActionKey, Attempt, AttemptKey, Changes, Fence, FollowUp, Loaded, Needs, Seq, ServerId,
    SessionId, State, Timestamp, UnitOfWork,
};

use crate::wanted::Wanted;
use crate::working::Working;
use crate::{
    Command, Reject, Reply, abort, cache, claim, create_run, enqueue, follow_up, queue, report, session,
    signal, wake,
};

/// Commands that are decided together, in the order in which they came.
#[derive(Debug)]
pub struct Batch {
    commands: Vec<Command>,
    now: Timestamp,
    by: Option<Office>,
    decided: Option<Decided>,
}

/// Which server decides, and what it believes to be its duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Office {
    /// The server: it gives attempts to executors whose stream it has, and to no others.
    pub server: ServerId,
    /// How often the duty of timers had changed hands when this server took it. A later holder's wakes count,
    /// a former one's do not.
    pub epoch: i64,
}

/// What a batch came to. Valid once the store has committed it.
#[derive(Debug, Default)]
pub struct Decided {
    /// Answers, index-aligned with the commands.
    pub replies: Vec<Result<Reply, Reject>>,
    /// What the driver does now.
    pub effects: Vec<Effect>,
    /// A copy of what was written, for the feed and the scheduler.
    pub changes: Changes,
}

/// What the driver does after the commit. Losing one (a crash) is repaired from the rows: see [`resume`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send the attempt to its executor.
    Assign {
        /// Which attempt.
        attempt: AttemptKey,
        /// Its fence.
        fence: Fence,
        /// Whose.
        session: SessionId,
    },
    /// Tell the executor to stop the attempt's process.
    Stop {
        /// Which attempt.
        attempt: AttemptKey,
        /// Its fence.
        fence: Fence,
        /// Whose.
        session: SessionId,
        /// Why, for people.
        reason: String,
    },
    /// A condition was created: call its webhook, if it has one.
    ConditionCreated(ActionKey),
    /// Do this next, in a transaction of its own.
    FollowUp(FollowUp),
}

impl Batch {
    /// Commands to be decided at `now`, the store's time.
    pub fn new(commands: Vec<Command>, now: Timestamp) -> Self {
        Self { commands, now, by: None, decided: None }
    }

    /// As one of several servers that share a store.
    #[must_use]
    pub fn by(self, office: Office) -> Self {
        Self { by: Some(office), ..self }
    }

    /// What it came to; `None` before `decide`.
    pub fn into_decided(self) -> Option<Decided> {
        self.decided
    }
}

impl UnitOfWork for Batch {
    fn needs(&self, loaded: &Loaded) -> Needs {
        Wanted::of(&self.commands, loaded)
    }

    fn decide(&mut self, loaded: Loaded, seq: Seq) -> Changes {
        let mut work = Working::new(loaded, self.now, seq).by(self.by);
        let commands = std::mem::take(&mut self.commands);
        let replies = commands.into_iter().map(|command| step(&mut work, command)).collect();
        let (changes, effects) = work.finish();
        self.decided = Some(Decided { replies, effects, changes: changes.clone() });
        changes
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// One command. A rejected one has changed nothing.
fn step(work: &mut Working, command: Command) -> Result<Reply, Reject> {
    match command {
        Command::CreateRun(new) => create_run::create_run(work, *new),
        Command::Enqueue(new) => enqueue::enqueue(work, *new),
        Command::Claim { action, session } => claim::claim(work, &action, &session),
        Command::Report(report) => report::report(work, *report),
        Command::Abort { action, reason, by, caller } => {
            abort::abort(work, &action, abort::Wish { reason, by, caller })
        }
        Command::Signal { action, value, by } => signal::signal(work, &action, value, by),
        // Whoever has the duty now knows the time too.
        Command::Wake(_) if work.is_off_duty() => Ok(Reply::Done),
        Command::Wake(action) => wake::wake(work, &action),
        Command::StartSession(session) => session::start(work, session),
        Command::LeaveSession(session) => session::leave(work, &session),
        Command::DrainExecutor(executor) => session::drain(work, &executor),
        Command::EndSession { session, server } => Ok(session::lose(work, &session, server)),
        Command::PutQueue { name, change } => Ok(queue::put(work, name, change)),
        Command::DeleteQueue(name) => queue::delete(work, &name),
        Command::PutShare(share) => {
            work.put_share(share);
            Ok(Reply::Done)
        }
        Command::FollowUp(follow_up) => Ok(follow_up::follow_up(work, follow_up)),
        Command::CachePut { entry, overwrite } => cache::put(work, entry, overwrite),
        Command::CacheDelete { key, only } => cache::delete(work, &key, only.as_deref()),
        Command::Reserve { key, owner, hold } => Ok(cache::reserve(work, key, owner, hold)),
        Command::ReleaseReservation { key, owner } => cache::release(work, &key, &owner),
    }
}

/// What has to be done about an attempt after a restart, given its row and its action's: the effects
/// that were committed may never have been performed. Performing one twice is harmless.
pub fn resume(action: &Action, attempt: &Attempt) -> Option<Effect> {
    if !attempt.held {
        return None;
    }
    let stop = |reason: &str| Effect::Stop {
        attempt: attempt.key.clone(),
        fence: attempt.fence,
        session: attempt.session.clone(),
        reason: reason.to_owned(),
    };
    // The two rows may have been read at two moments; only what fits together is started.
    if attempt.end.is_some() || !report::is_current(action, attempt) {
        return Some(stop("the attempt has ended"));
    }
    match &action.state {
        State::Claimed { .. } | State::Running { stopping: None, .. } => Some(Effect::Assign {
            attempt: attempt.key.clone(),
            fence: attempt.fence,
            session: attempt.session.clone(),
        }),
        State::Running { stopping: Some(cause), .. } => Some(stop(wake::stop_reason(*cause))),
        State::Queued { .. } | State::AwaitingCache { .. } | State::Paused { .. } | State::Done { .. } => {
            Some(stop("the attempt has ended"))
        }
    }
}
