//! What every use-case works with, and the one place that says who may do what.

use std::sync::{Arc, Mutex, PoisonError};

use connectrpc::{ConnectError, ErrorDetail};
use wingbeat_blob::{BlobStore, UrlSigner};
use wingbeat_engine::Reject;
use wingbeat_model::{Digest, Principal, ProjectKey, Run, RunKey, Verb};
use wingbeat_store::{Metadata, ReadError};

use crate::clock::Clock;
use crate::driver::{DriverHandle, SubmitError};
use crate::feed::Feed;
use crate::kept::Kept;
use crate::log_hub::LogHub;
use crate::metrics::Metrics;
use crate::sessions::Sessions;
use crate::tasks::Tasks;

/// The name of the only organisation, until there are several.
pub const DEFAULT_ORG: &str = "default";
/// Domains that every project has, with their names for people.
pub const DOMAINS: [(&str, &str); 3] =
    [("development", "Development"), ("staging", "Staging"), ("production", "Production")];

/// A `google.rpc.RetryInfo` whose `retry_delay` is one second, as details are written.
const RETRY_IN_A_SECOND: &str = "CgIIAQ";

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
    /// Runs that tasks were enqueued in lately.
    pub(crate) known_runs: KnownRuns,
    /// Specs that were asked for lately.
    pub(crate) known_specs: KnownSpecs,
    /// Background tasks.
    pub tasks: Tasks,
    /// Is everybody let in without a word?
    pub open: bool,
}

/// Runs as they were when they were first asked for. What a run was created with never changes; its counts and its
/// abort do, so nothing may be decided by those here.
#[derive(Debug, Default)]
pub(crate) struct KnownRuns(Mutex<Kept<RunKey, Arc<Run>>>);

/// What a digest stands for never changes, and most actions are of few tasks.
#[derive(Debug, Default)]
pub(crate) struct KnownSpecs(Mutex<Kept<Digest, Arc<[u8]>>>);

/// A larger spec is read each time.
const LARGEST_KNOWN: usize = 16 << 10;

impl Platform {
    /// A stored spec, if there is one under the digest.
    ///
    /// # Errors
    /// As of a read that fails.
    pub(crate) async fn spec(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, ConnectError> {
        let known = &self.known_specs.0;
        if let Some(spec) = known.lock().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return Ok(Some(spec));
        }
        let found = self.store.find_spec(digest).await.map_err(|error| read_error(&error))?;
        let found: Option<Arc<[u8]>> = found.map(Into::into);
        if let Some(spec) = found.as_ref().filter(|spec| spec.len() <= LARGEST_KNOWN) {
            known.lock().unwrap_or_else(PoisonError::into_inner).put(*digest, spec.clone());
        }
        Ok(found)
    }

    /// A run's identity and what it was created with, read once: a fan-out asks for the same run each time.
    ///
    /// # Errors
    /// As of a read that finds nothing or fails.
    pub(crate) async fn created_run(&self, key: &RunKey) -> Result<Arc<Run>, ConnectError> {
        let known = &self.known_runs.0;
        if let Some(run) = known.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(run);
        }
        let run = Arc::new(crate::rpc::find_run(self, key).await?);
        known.lock().unwrap_or_else(PoisonError::into_inner).put(key.clone(), run.clone());
        Ok(run)
    }

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
            | Reject::NoQueue(_)
            | Reject::NoExecutor(_) => ConnectError::not_found(text),
            Reject::RunAborted(_) | Reject::ParentEnded { .. } | Reject::StaleAttempt { .. } => {
                ConnectError::aborted(text)
            }
            Reject::QueuePaused(_)
            | Reject::QueueCap { .. }
            | Reject::DefaultQueueStays
            | Reject::NotQueued
            | Reject::RunCap { .. }
            | Reject::NoSession
            | Reject::Draining
            | Reject::NotDrained
            | Reject::NotSignallable(_) => ConnectError::failed_precondition(text),
        },
        SubmitError::DiskFull => ConnectError::resource_exhausted(text),
        SubmitError::Busy => busy(text),
        SubmitError::Corrupt => ConnectError::data_loss(text),
        SubmitError::Unavailable | SubmitError::ShuttingDown => ConnectError::unavailable(text),
    }
}

/// Not now, but soon: says when, to clients that read headers and to those that read details.
fn busy(text: String) -> ConnectError {
    let retry = ErrorDetail {
        type_url: "google.rpc.RetryInfo".to_owned(),
        value: Some(RETRY_IN_A_SECOND.to_owned()),
        debug: None,
    };
    let header = (http::header::RETRY_AFTER, http::HeaderValue::from_static("1"));
    ConnectError::resource_exhausted(text).with_detail(retry).with_headers([header].into_iter().collect())
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use buffa::Message as _;
    use connectrpc::ErrorCode;

    use super::{SubmitError, submit_error};

    #[test]
    fn whoever_finds_the_server_busy_hears_when_to_come_back() {
        let error = submit_error(SubmitError::Busy);
        assert_eq!(error.code, ErrorCode::ResourceExhausted);
        assert_eq!(
            error.response_headers().get("retry-after").map(http::HeaderValue::as_bytes),
            Some(&b"1"[..])
        );
        let told = error.details[0].value.as_deref().expect("the detail has a value");
        let bytes = STANDARD_NO_PAD.decode(told).expect("details are base64");
        // Field 1, a message of two bytes: the delay.
        assert_eq!(bytes[..2], [0x0a, 2]);
        let delay =
            buffa_types::google::protobuf::Duration::decode_from_slice(&bytes[2..]).expect("a duration");
        assert_eq!((delay.seconds, delay.nanos), (1, 0));
    }
}
