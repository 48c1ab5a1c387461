//! A run: what is true of all of its actions.

use crate::{ActionName, CacheScope, Digest, RunId, RunKey, Seq, Timestamp};

/// What another run is to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are the wire's own")]
pub enum RelationKind {
    Rerun = 1,
    Recover = 2,
    Spawn = 3,
}

/// Where a run comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// What it is to this one.
    pub kind: RelationKind,
    /// The other run.
    pub run: RunKey,
}

/// A run that reuses the results of another by action name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Whose results.
    pub source: RunId,
    /// Actions that run again all the same.
    pub force_rerun: Vec<ActionName>,
}

/// Somebody's wish that a run or an action ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abort {
    /// Why, for people.
    pub reason: String,
    /// Who asked; empty for the server itself.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The server's number of it.
    pub id: RunId,
    /// Its name and place.
    pub key: RunKey,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: String,
    /// Digest of its `RunSpec`.
    pub spec: Digest,
    /// `RunSource` of the wire.
    pub source: i32,
    /// Labels, for filters; sorted by key.
    pub labels: Vec<(String, String)>,
    /// Prefix that all actions share; ends with `/`.
    pub base: String,
    /// Where raw data goes, if the user said so; else empty.
    pub raw_prefix: String,
    /// What `{{.runStartTime}}` becomes in every action.
    pub start_time: Timestamp,
    /// Queue of actions that name none; empty is the default queue.
    pub queue: String,
    /// Most actions that run at once, waiting parents included. `None`: no cap.
    pub max_concurrency: Option<u32>,
    /// Actions that hold an executor's place now.
    pub running: u32,
    /// Those of them that only wait for children.
    pub waiting_parents: u32,
    /// Do not look results up, but store them.
    pub overwrite_cache: bool,
    /// How widely cached results are shared.
    pub cache_scope: CacheScope,
    /// Set in a run that reuses another's results.
    pub recovery: Option<Recovery>,
    /// Where it comes from.
    pub relation: Option<Relation>,
    /// Set once somebody asked for its end.
    pub abort: Option<Abort>,
    /// Position of its last change.
    pub changed: Seq,
}
