//! How servers that share a store hear of each other. They are equal; nothing here decides about runs.
//!
//! A store that one server has for itself has nothing to tell: the methods' bodies here are its answers.

use async_trait::async_trait;
use wingbeat_model::{Changes, Seq, ServerId};

use crate::ReadError;

/// Another server that is there now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour {
    /// Who.
    pub server: ServerId,
    /// Where its executors connect, as it said itself; empty while it has not.
    pub endpoint: String,
}

/// What other servers have changed.
#[derive(Debug, Clone, Default)]
pub struct Echo {
    /// Runs, actions, attempts, sessions, queues and shares that they touched, as the rows are now. Nothing else is
    /// filled in.
    pub changes: Changes,
    /// Up to where this is everything.
    pub upto: Seq,
    /// There is more to read.
    pub more: bool,
}

/// See the module's text.
#[async_trait]
pub trait Replicas: Send + Sync {
    /// May there be other servers?
    fn is_shared(&self) -> bool {
        false
    }

    /// Who this server is, for as long as it lives.
    fn server(&self) -> ServerId {
        ServerId::ONLY
    }

    /// Resolves when another server may have written since the last time. Harmless to cancel.
    async fn heard(&self) {
        std::future::pending::<()>().await;
    }

    /// What other servers changed after `after`. `None`: that is too long ago to be told, and everything has to be
    /// read anew.
    async fn echo(&self, after: Seq) -> Result<Option<Echo>, ReadError> {
        Ok(Some(Echo { upto: after, ..Echo::default() }))
    }

    /// Tells the others where this server's executors connect.
    async fn announce(&self, _endpoint: &str) -> Result<(), ReadError> {
        Ok(())
    }

    /// Has a server come since this was asked last?
    fn take_arrivals(&self) -> bool {
        false
    }

    /// The other servers that are connected to the store.
    async fn neighbours(&self) -> Result<Vec<Neighbour>, ReadError> {
        Ok(Vec::new())
    }

    /// Takes the duty of timers and of what servers left that died, if nobody has it.
    async fn take_duty(&self) -> Result<(), ReadError> {
        Ok(())
    }

    /// How often that duty had changed hands when this server took it; `None`: another one has it.
    fn duty(&self) -> Option<i64> {
        Some(0)
    }
}
