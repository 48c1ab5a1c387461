//! Results that are reused: keys, entries, and who is computing one now.

use std::sync::Arc;

use crate::{ActionKey, Span, Timestamp};

/// A row of the cache: scope and key together, so that no hit crosses tenants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey {
    /// The organisation.
    pub org: Arc<str>,
    /// `project/domain`, or empty for the whole organisation.
    pub scope: Arc<str>,
    /// The client's key.
    pub key: Arc<str>,
}

/// How widely a result is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheScope {
    /// In the whole organisation.
    Global,
    /// In one project and domain.
    ProjectDomain,
}

/// What an action wants of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheUse {
    /// Where its result is looked up and stored.
    pub key: CacheKey,
    /// Do not look up, but store.
    pub overwrite: bool,
    /// Only one action computes this key at a time.
    pub serialize: bool,
    /// An entry older than this is a miss.
    pub max_age: Option<Span>,
}

/// What the cache said, with the wire's numbers (`CatalogCacheStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
#[allow(missing_docs, reason = "the names are the wire's own")]
pub enum CacheStatus {
    #[default]
    Disabled = 0,
    Miss = 1,
    Hit = 2,
    Populated = 3,
    LookupFailure = 4,
    PutFailure = 5,
    Skipped = 6,
    Evicted = 7,
}

impl CacheStatus {
    /// From the wire's number; unknown ones are `Disabled`.
    pub fn from_number(number: i32) -> Self {
        use CacheStatus::{Disabled, Evicted, Hit, LookupFailure, Miss, Populated, PutFailure, Skipped};
        [Disabled, Miss, Hit, Populated, LookupFailure, PutFailure, Skipped, Evicted]
            .into_iter()
            .find(|status| *status as i32 == number)
            .unwrap_or_default()
    }
}

/// A stored result: a reference to outputs that are never deleted while it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// Its key.
    pub key: CacheKey,
    /// Folder that holds `outputs.pb`; for entries put by a client, whatever it gave.
    pub output_uri: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// The action that computed it, in words: `project/domain/run/action`; empty for a client's.
    pub source: String,
    /// Client metadata of `cacheservice.Metadata`, as bytes.
    pub metadata: Vec<u8>,
}

/// Who computes a key now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheOwner {
    /// An action of ours: holds it until it is terminal.
    Action(ActionKey),
    /// A client of the cache service: holds it until its heartbeat is overdue.
    External(String),
}

/// A claim on a cache key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The key.
    pub key: CacheKey,
    /// Who holds it.
    pub owner: CacheOwner,
    /// When an external owner's hold ends unless it is extended.
    pub expires_at: Option<Timestamp>,
}
