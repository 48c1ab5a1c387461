//! One start of a process: its cause, its times, its end.

use crate::{ActionKey, AttemptKey, CacheStatus, Failure, Fence, Phase, SessionId, Timestamp};

/// Why an attempt was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptCause {
    /// The first one.
    First,
    /// The one before failed by the user's code.
    User,
    /// The one before failed by the system or was lost.
    System,
    /// The one before was preempted.
    Preempted,
    /// A user retry of the parent ran a failed child again.
    ParentRetry,
}

/// When an attempt entered a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseTime {
    /// Which phase.
    pub phase: Phase,
    /// When.
    pub at: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// With outputs.
    Succeeded {
        /// Folder that holds `outputs.pb`.
        output_uri: String,
    },
    /// With an error.
    Failed(Failure),
    /// It ran too long.
    TimedOut(Failure),
    /// It was stopped on somebody's wish.
    Aborted {
        /// Why.
        reason: String,
    },
}

/// One attempt of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which one.
    pub key: AttemptKey,
    /// Why it was started.
    pub cause: AttemptCause,
    /// Guards reports on it.
    pub fence: Fence,
    /// Who was given it.
    pub session: SessionId,
    /// The session may still have a live process for it; it holds a place there.
    pub held: bool,
    /// First sighting of each phase, in order.
    pub phases: Vec<PhaseTime>,
    /// Set once it has ended.
    pub end: Option<AttemptEnd>,
    /// Full URI of the report, if one was written.
    pub report_uri: Option<String>,
    /// How it ran: `process`, `simulated`.
    pub isolation: String,
    /// What the cache said when it ended.
    pub cache_status: CacheStatus,
}

impl Attempt {
    /// The attempt's action.
    pub fn action(&self) -> &ActionKey {
        &self.key.action
    }

    /// Notes that `phase` began, if it is not noted yet. Never before the phase that it follows: the clock of a
    /// machine can be set back while its server is down.
    pub fn enter(&mut self, phase: Phase, at: Timestamp) {
        if !self.phases.iter().any(|seen| seen.phase == phase) {
            let at = self.phases.last().map_or(at, |last| last.at.max(at));
            self.phases.push(PhaseTime { phase, at });
        }
    }
}
