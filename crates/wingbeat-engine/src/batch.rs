//! Folds a batch of commands over loaded rows. One transaction, one position in the feed.

use std::any::Any;

use wingbeat_model::{
    Action, ActionKey, AttemptKey, Changes, Fence, FollowUp, Loaded, Needs, Seq, SessionId, Timestamp,
    UnitOfWork,
};

use crate::{Command, Reject, Reply};

/// Commands that are decided together, in the order in which they came.
#[derive(Debug)]
pub struct Batch {
    commands: Vec<Command>,
    now: Timestamp,
    decided: Option<Decided>,
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

/// What the driver does after the commit. Losing one (a crash) is repaired from the rows.
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
        Self { commands, now, decided: None }
    }

    /// What it came to; `None` before `decide`.
    pub fn into_decided(self) -> Option<Decided> {
        self.decided
    }
}

impl UnitOfWork for Batch {
    fn needs(&self, _loaded: &Loaded) -> Needs {
        Needs::default()
    }

    fn decide(&mut self, _loaded: Loaded, _seq: Seq) -> Changes {
        let _ = (&self.commands, self.now);
        Changes::default()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// When an action has to be looked at again although nobody says anything; `None`: never.
pub fn wake_at(_action: &Action) -> Option<Timestamp> {
    None
}
