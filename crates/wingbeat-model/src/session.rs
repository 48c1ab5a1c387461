//! Executor sessions as the store knows them: written when one starts, drains or ends, never by heartbeats.

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
    /// An operator wants it to take nothing new, and to end when what it runs has ended.
    pub draining: bool,
    /// What the executor said that it can take, as servers write it; empty where nobody wrote it.
    pub terms: Vec<u8>,
}

impl Session {
    /// One that begins.
    pub const fn new(id: SessionId, executor: String, server: ServerId, started_at: Timestamp) -> Self {
        Self { id, executor, server, started_at, ended_at: None, draining: false, terms: Vec::new() }
    }
}
