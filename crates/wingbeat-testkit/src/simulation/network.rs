//! What is under way between users, executors and the server.

use wingbeat_engine::{Command, Effect, Reject, Reply};
use wingbeat_model::{ActionName, AttemptKey, RunId, SessionId};

/// Who waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asker {
    /// Nobody: timers, claims, follow-ups, and users who do not look back.
    Nobody,
    /// The user who starts a run.
    User(RunId),
    /// An executor that opens its stream.
    Connect { executor: usize, session: SessionId },
    /// An executor that reported something.
    Report { executor: usize, session: SessionId, number: u64 },
    /// A task that enqueued a child.
    Task { executor: usize, attempt: AttemptKey, child: ActionName },
}

/// A message. Any of them can be lost, late, doubled or overtaken.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Request { from: Asker, command: Command },
    Answer { to: Asker, reply: Result<Reply, Reject> },
    Order { to: SessionId, effect: Effect },
}

impl Message {
    pub(super) const fn request(from: Asker, command: Command) -> Self {
        Self::Request { from, command }
    }
}
