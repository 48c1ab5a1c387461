//! Executor sessions as the store knows them: written when one starts or ends, never by heartbeats.

use crate::{ServerId, SessionId, Timestamp};

/// One life of one executor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Chosen by the executor.
    pub id: SessionId,
    /// The executor's stable name.
    pub executor: String,
    /// Which server has, or had last, its stream: only that one gives it attempts.
    pub server: ServerId,
    /// When it first connected.
    pub started_at: Timestamp,
    /// When it was found lost or replaced.
    pub ended_at: Option<Timestamp>,
}
