//! What the state machine hears, and what it wants done. Plain data.

use std::sync::Arc;
use std::time::Duration;

use wingbeat_proto::flyteidl2::core::{ExecutionError, Literal};

use crate::error::TaskError;

/// Name of an action; deterministic, so it is known before the platform has heard of it.
pub(crate) type Name = Arc<str>;

/// A caller that waits. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// What a caller wants of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A child is to be run, or joined, to its end.
    Child,
    /// What is recorded of a step.
    Recorded,
    /// A step is to be recorded.
    Record,
    /// A condition is to exist.
    Open,
    /// The value of a condition that exists.
    Value,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Somebody wants something.
    Asked { ticket: Ticket, name: Name, ask: Ask },
    /// A caller does not wait any more. Of an unknown or answered ticket: nothing.
    Dropped(Ticket),
    /// The files that the platform will look for are written, or could not be. Answers [`Effect::Prepare`].
    Prepared { name: Name, result: Result<(), TaskError> },
    /// The platform's answer to [`Effect::Enqueue`].
    Answered { name: Name, answer: Answer },
    /// The watch is connected.
    WatchOpened,
    /// News of an action: late, repeated and in any order.
    Updated(Update),
    /// Everything that existed when the watch was opened has been told.
    SnapshotEnded,
    /// The watch is over.
    WatchEnded(WatchEnd),
    /// The time of [`Effect::SetTimer`] is over.
    TimerFired(Timer),
    /// The task has ended.
    Finished,
}

/// How the platform answered an Enqueue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// It has the action, now or already before.
    Accepted,
    /// It takes no more for now, and has not taken this one.
    Exhausted { hint: Option<Duration> },
    /// Nobody knows whether it has it.
    Unavailable { hint: Option<Duration>, message: String },
    /// It will never take it.
    Refused(TaskError),
}

/// News of an action.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    pub(crate) name: Name,
    /// `None` while it lives.
    pub(crate) ended: Option<EndPhase>,
    pub(crate) error: Option<Box<ExecutionError>>,
    /// Of a task the folder of its outputs, of a step the file.
    pub(crate) output_uri: String,
    pub(crate) value: Option<Box<Literal>>,
}

/// The phases that are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndPhase {
    /// Also what an earlier run had done.
    Succeeded,
    Failed,
    Aborted,
    TimedOut,
}

/// Why a watch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WatchEnd {
    /// The server closed it as if all was said.
    Clean,
    /// The connection or the server went away.
    Lost(String),
    /// Asking again would give the same.
    Refused(String),
}

/// What a timer is for. None is ever taken back: one whose time is past when it fires has no meaning any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The snapshot should have ended. The number is that of the wait: one of a watch that is gone says nothing.
    Snapshot(u64),
    /// The watch is opened again.
    Reconnect,
    /// The Enqueue is repeated.
    Retry(Name),
    /// The platform should have told of the recorded step.
    Echo(Name),
}

/// What has to be done. The driver answers some of them with an event, always exactly one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Connect the watch. Answered by `WatchOpened` and `WatchEnded`, or by `WatchEnded` alone.
    OpenWatch,
    /// Close the watch; no answer.
    CloseWatch,
    /// Write the files of the action. Answered by `Prepared`.
    Prepare(Name),
    /// Send the action. Answered by `Answered`.
    Enqueue(Name),
    /// Tell the platform to end the action; no answer.
    Abort(Name),
    /// The action will never be sent again, so what is kept for that may go; no answer.
    Forget(Name),
    /// Answered by `TimerFired`.
    SetTimer { timer: Timer, after: Duration },
    /// A caller has its answer.
    Complete { ticket: Ticket, completion: Completion },
}

/// What a caller is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Completion {
    /// How the action ended.
    Ended(Arc<End>),
    /// The platform has it.
    Accepted,
    /// The platform knows nothing of it.
    Unknown,
    /// It cannot be known how it ended, or it never began.
    Failed(TaskError),
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct End {
    pub(crate) phase: EndPhase,
    pub(crate) error: Option<Box<ExecutionError>>,
    pub(crate) output_uri: String,
    pub(crate) value: Option<Box<Literal>>,
}
