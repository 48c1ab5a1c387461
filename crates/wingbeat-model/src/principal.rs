//! Who asks, and for what.

use crate::{ActionKey, Fence, SessionId};

/// Who makes a call. Every use-case takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person or a program that uses the API.
    User {
        /// Stable subject; empty in open mode.
        subject: String,
    },
    /// An executor process.
    Executor(SessionId),
    /// A running attempt, as its executor vouches for it.
    Attempt(AttemptIdentity),
    /// The server itself: timers, sweeps, follow-ups.
    Server,
}

/// An attempt that calls the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptIdentity {
    /// Which action.
    pub action: ActionKey,
    /// Which attempt of it.
    pub attempt: u32,
    /// Proves that it is the present owner.
    pub fence: Fence,
}

/// What a caller wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the verbs say what they are")]
pub enum Verb {
    Read,
    CreateRun,
    Enqueue,
    Abort,
    Signal,
    Deploy,
    Administer,
    Upload,
    Execute,
}

impl Principal {
    /// The subject for `created_by` and its like.
    pub fn subject(&self) -> String {
        match self {
            Self::User { subject } => subject.clone(),
            Self::Executor(session) => format!("executor:{}", session.0),
            Self::Attempt(id) => format!("attempt:{}:{}:{}", id.action.run.0, id.action.name, id.attempt),
            Self::Server => "server".to_owned(),
        }
    }
}
