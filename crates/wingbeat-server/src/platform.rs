//! What every use-case works with, and the one place that says who may do what.

use std::sync::Arc;

use connectrpc::ConnectError;
use wingbeat_blob::{BlobStore, UrlSigner};
use wingbeat_engine::Reject;
use wingbeat_model::{Principal, ProjectKey, Verb};
use wingbeat_store::{Metadata, ReadError};

use crate::clock::Clock;
use crate::driver::{DriverHandle, SubmitError};
use crate::feed::Feed;
use crate::log_hub::LogHub;
use crate::metrics::Metrics;
use crate::sessions::Sessions;
use crate::tasks::Tasks;

/// The name of the only organisation, until there are several.
pub const DEFAULT_ORG: &str = "default";
/// Domains that every project has, with their names for people.
pub const DOMAINS: [(&str, &str); 3] =
    [("development", "Development"), ("staging", "Staging"), ("production", "Production")];

/// The running server, as its handlers see it.
pub struct Platform {
    /// Rows.
    pub store: Arc<dyn Metadata>,
    /// Objects.
    pub blob: BlobStore,
    /// Signs URLs of objects.
    pub signer: UrlSigner,
    /// The only way to change run state.
    pub driver: DriverHandle,
    /// Wakes watchers.
    pub feed: Feed,
    /// Live log lines.
    pub logs: LogHub,
    /// Streams to executors.
    pub sessions: Sessions,
    /// The platform's time.
    pub clock: Clock,
    /// Numbers for operators.
    pub metrics: Metrics,
    /// Background tasks.
    pub tasks: Tasks,
    /// Is everybody let in without a word?
    pub open: bool,
}

impl Platform {
    /// May `principal` do `verb` in `scope`? Open mode lets users do everything; a task may do what tasks do.
    ///
    /// # Errors
    /// `permission_denied` that names the verb.
    pub fn authorize(
        &self,
        principal: &Principal,
        verb: Verb,
        scope: Option<&ProjectKey>,
    ) -> Result<(), ConnectError> {
        let allowed = match principal {
            Principal::Server | Principal::User { .. } => self.open || verb != Verb::Execute,
            Principal::Executor(_) => verb == Verb::Execute,
            Principal::Attempt(_) => !matches!(verb, Verb::Execute | Verb::Administer),
        };
        if allowed {
            return Ok(());
        }
        let place = scope.map(|s| format!(" in {}/{}", s.project, s.domain)).unwrap_or_default();
        Err(ConnectError::permission_denied(format!("{} may not {verb:?}{place}", principal.subject())))
    }
}

impl Platform {
    /// A task may act only while its attempt is the present one: a former owner has no say.
    ///
    /// # Errors
    /// `aborted` that names the attempt.
    pub async fn check_current(&self, principal: &Principal) -> Result<(), ConnectError> {
        let Principal::Attempt(identity) = principal else { return Ok(()) };
        let action = self.store.find_action(&identity.action).await.map_err(|error| read_error(&error))?;
        let current = action
            .as_ref()
            .and_then(|action| action.claim())
            .is_some_and(|claim| claim.fence == identity.fence);
        if current {
            return Ok(());
        }
        let (name, attempt) = (&identity.action.name, identity.attempt);
        Err(ConnectError::aborted(format!("attempt {attempt} of action `{name}` is no longer current")))
    }
}

/// What a failed command is on the wire. Rejections that only a service can name better are mapped there first.
pub fn submit_error(error: SubmitError) -> ConnectError {
    let text = error.to_string();
    match error {
        SubmitError::Rejected(reject) => match reject {
            Reject::RunExists(_) | Reject::DifferentSpec(_) | Reject::CacheExists => {
                ConnectError::already_exists(text)
            }
            Reject::NoRun
            | Reject::NoAction(_)
            | Reject::NoParent(_)
            | Reject::NoCacheEntry
            | Reject::NoQueue(_) => ConnectError::not_found(text),
            Reject::RunAborted(_) | Reject::ParentEnded { .. } | Reject::StaleAttempt { .. } => {
                ConnectError::aborted(text)
            }
            Reject::QueuePaused(_)
            | Reject::QueueCap { .. }
            | Reject::DefaultQueueStays
            | Reject::NotQueued
            | Reject::RunCap { .. }
            | Reject::NoSession
            | Reject::NotSignallable(_) => ConnectError::failed_precondition(text),
        },
        SubmitError::DiskFull | SubmitError::Busy => ConnectError::resource_exhausted(text),
        SubmitError::Corrupt => ConnectError::data_loss(text),
        SubmitError::Unavailable | SubmitError::ShuttingDown => ConnectError::unavailable(text),
    }
}

/// What a failed read is on the wire.
pub fn read_error(error: &ReadError) -> ConnectError {
    match error {
        ReadError::BadCursor => ConnectError::invalid_argument(error.to_string()),
        ReadError::Unavailable(source) => {
            tracing::error!(%source, "store read failed");
            ConnectError::unavailable(error.to_string())
        }
        ReadError::Corrupt { .. } => {
            tracing::error!(%error, "store read failed");
            ConnectError::data_loss("the store holds something that cannot be read; see the server's log")
        }
    }
}
