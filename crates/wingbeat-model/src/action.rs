//! An action and the states it can be in.

use std::sync::Arc;

use crate::{
    Abort, ActionKey, ActionName, CacheKey, CacheStatus, CacheUse, Digest, Failure, Fence, Phase, QueueName,
    Seq, SessionId, Span, Timestamp,
};

/// What kind of thing an action is, with the wire's numbers (`ActionType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are the wire's own")]
pub enum ActionKind {
    Task = 1,
    Trace = 2,
    Condition = 3,
}

impl ActionKind {
    /// From the wire's number.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Task, Self::Trace, Self::Condition].into_iter().find(|kind| *kind as i32 == number)
    }
}

/// Which task an action runs, copied from its spec so that lists need not read specs.
/// For traces and conditions only `name` and `short_name` are set, to the function's or condition's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskRef {
    /// Project of the task, which may differ from the run's.
    pub project: String,
    /// Domain of the task.
    pub domain: String,
    /// `environment.function`.
    pub name: String,
    /// Version text.
    pub version: String,
    /// Function's name.
    pub short_name: String,
    /// Environment's name.
    pub environment: String,
    /// `python`, `actor`, `raw-container`, …
    pub task_type: String,
}

/// Waiting time before a retry: `min(base * factor^n, cap)` before retry `n`, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Before the first retry.
    pub base: Span,
    /// Growth per retry; at least 1.
    pub factor: f64,
    /// Never longer than this; `None`: no limit.
    pub cap: Option<Span>,
}

/// What a task's spec demands of its execution.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Policy {
    /// Retries after failures of the user's code.
    pub user_retries: u32,
    /// Time between them; `None`: at once.
    pub backoff: Option<Backoff>,
    /// Longest time in RUNNING, per attempt.
    pub max_runtime: Option<Span>,
    /// Longest time in QUEUED and WAITING, per attempt.
    pub max_queued: Option<Span>,
    /// Longest time over all attempts, from the first QUEUED.
    pub deadline: Option<Span>,
}

/// What an attempt needs of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Thousandths of a core; 0: one place.
    pub cpu_millis: u64,
    /// Bytes; 0: the executor's usual share.
    pub memory_bytes: u64,
    /// Whole devices.
    pub gpus: u32,
}

/// What has been used up of each retry budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Failures of the user's code.
    pub user: u32,
    /// Failures of the system, losses included.
    pub system: u32,
    /// Preemptions; they never use a budget up.
    pub preempted: u32,
}

/// Who runs the present attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which executor session.
    pub session: SessionId,
    /// Guards reports.
    pub fence: Fence,
}

/// Why a running attempt is being stopped before the action moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopCause {
    /// `max_runtime` is over; a user retry may follow.
    MaxRuntime,
}

/// Where an action stands, with what is true only there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Waits for a place on an executor.
    Queued {
        /// Since when this attempt waits.
        since: Timestamp,
        /// A retry backs off until then; in the past for others.
        not_before: Timestamp,
    },
    /// Somebody else computes the same cache key.
    AwaitingCache {
        /// Since when.
        since: Timestamp,
        /// Which key.
        key: CacheKey,
    },
    /// Given to an executor that has not started it yet (INITIALIZING).
    Claimed {
        /// To whom.
        claim: Claim,
        /// When.
        since: Timestamp,
    },
    /// Its process runs.
    Running {
        /// Whose.
        claim: Claim,
        /// When this attempt began to run.
        since: Timestamp,
        /// Set while it is being stopped.
        stopping: Option<StopCause>,
    },
    /// A condition that waits for its signal.
    Paused {
        /// When it gives up.
        expires: Option<Timestamp>,
    },
    /// It has ended.
    Done {
        /// How.
        outcome: ActionOutcome,
        /// When.
        at: Timestamp,
    },
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionOutcome {
    /// With a result.
    Succeeded {
        /// Tasks: the folder that holds `outputs.pb`. Traces: the full file, or empty. Conditions: empty.
        output_uri: String,
        /// A condition's value: a serialized `Literal`.
        value: Option<Vec<u8>>,
        /// Who signalled it.
        signalled_by: String,
    },
    /// With an error. A failed trace may also have an output URI, given by the client.
    Failed(Failure),
    /// On somebody's wish.
    Aborted(Abort),
    /// It took too long; the code says which limit.
    TimedOut(Failure),
    /// With the result of the run that it recovers.
    Recovered {
        /// The folder of the other run's action.
        output_uri: String,
    },
}

impl ActionOutcome {
    /// Its phase.
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Succeeded { .. } => Phase::Succeeded,
            Self::Failed(_) => Phase::Failed,
            Self::Aborted(_) => Phase::Aborted,
            Self::TimedOut(_) => Phase::TimedOut,
            Self::Recovered { .. } => Phase::Recovered,
        }
    }

    /// Where the result is; empty when there is none.
    pub fn output_uri(&self) -> &str {
        match self {
            Self::Succeeded { output_uri, .. } | Self::Recovered { output_uri } => output_uri,
            Self::Failed(_) | Self::Aborted(_) | Self::TimedOut(_) => "",
        }
    }
}

/// An action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Which one.
    pub key: ActionKey,
    /// Who enqueued it; `None` for the root.
    pub parent: Option<ActionName>,
    /// Distance from the root.
    pub depth: u32,
    /// What it is.
    pub kind: ActionKind,
    /// Group it was enqueued in; empty for none.
    pub group: String,
    /// Digest of its `TaskSpec`, `TraceAction` or `ConditionAction`.
    pub spec: Digest,
    /// Which task.
    pub task: TaskRef,
    /// Full path of `inputs.pb`.
    pub input_uri: String,
    /// Queue it waits in; empty is the default queue.
    pub queue: Arc<str>,
    /// Higher goes first.
    pub priority: i32,
    /// What it needs of a machine.
    pub resources: Resources,
    /// Limits and retries.
    pub policy: Policy,
    /// What it wants of the cache.
    pub cache: Option<CacheUse>,
    /// What the cache said.
    pub cache_status: CacheStatus,
    /// Length of its list of attempts.
    pub attempts: u32,
    /// Why the next attempt will be started; meaningful while it is queued.
    pub next_cause: crate::AttemptCause,
    /// What has been used up of each retry budget.
    pub spent: Spent,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When its first attempt began to run.
    pub started_at: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
    /// Children that have not ended.
    pub live_children: u32,
    /// Position of its last user retry: recoverable children that failed before then may run again.
    pub reopens_since: Option<Seq>,
    /// Who created it (`subject` of the wire), for roots the run's creator.
    pub created_by: String,
    /// Position of its last change.
    pub changed: Seq,
}

impl Action {
    /// Who enqueued it; `None` for the root.
    pub fn parent_key(&self) -> Option<ActionKey> {
        self.parent.clone().map(|name| ActionKey { run: self.key.run, name })
    }

    /// Its phase on the wire.
    pub const fn phase(&self) -> Phase {
        match &self.state {
            State::Queued { .. } => Phase::Queued,
            State::AwaitingCache { .. } => Phase::WaitingForResources,
            State::Claimed { .. } => Phase::Initializing,
            State::Running { .. } => Phase::Running,
            State::Paused { .. } => Phase::Paused,
            State::Done { outcome, .. } => outcome.phase(),
        }
    }

    /// Where it waits, and whose counts it is part of.
    pub fn queue_name(&self) -> QueueName {
        QueueName::of(&self.queue)
    }

    /// Who runs it, while somebody does.
    pub const fn claim(&self) -> Option<&Claim> {
        match &self.state {
            State::Claimed { claim, .. } | State::Running { claim, .. } => Some(claim),
            State::Queued { .. }
            | State::AwaitingCache { .. }
            | State::Paused { .. }
            | State::Done { .. } => None,
        }
    }

    /// How it ended, if it has.
    pub const fn outcome(&self) -> Option<&ActionOutcome> {
        match &self.state {
            State::Done { outcome, .. } => Some(outcome),
            State::Queued { .. }
            | State::AwaitingCache { .. }
            | State::Claimed { .. }
            | State::Running { .. }
            | State::Paused { .. } => None,
        }
    }

    /// When it ended, if it has.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Done { at, .. } => Some(*at),
            State::Queued { .. }
            | State::AwaitingCache { .. }
            | State::Claimed { .. }
            | State::Running { .. }
            | State::Paused { .. } => None,
        }
    }
}
