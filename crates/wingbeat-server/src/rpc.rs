//! The API: thin handlers that read a request, ask a use-case or the store, and write an answer.

mod actions_service;
mod auth;
mod cache;
mod caller;
mod cluster;
mod counting;
pub mod coverage;
mod data_proxy;
pub(crate) mod executor;
mod files;
mod filters;
mod find;
mod groups;
mod images;
mod internal_run;
mod introspection;
mod log_stream;
mod multi_watch;
mod platform_service;
mod projects;
mod router;
mod run_logs;
pub(crate) mod run_service;
mod run_view;
mod scheduling;
mod signal;
mod stream;
mod tasks;
mod translator;
mod validation;
pub(crate) mod view;

use connectrpc::ConnectError;
use wingbeat_model::RunKey;
use wingbeat_model::{Principal, Run};
use wingbeat_proto::flyteidl2::task::{TaskIdentifier, TaskSpec};

pub(crate) use actions_service::enqueue_answer;
#[cfg(feature = "simulation")]
pub(crate) use actions_service::watch_children;
pub(crate) use caller::{ANONYMOUS, attempt as attempt_of, bad_id};
pub(crate) use router::{private_api, public_api};
pub(crate) use signal::check_type as check_condition_type;

use crate::platform::{Platform, read_error};

/// A run by key.
pub(crate) async fn find_run(platform: &Platform, key: &RunKey) -> Result<Run, ConnectError> {
    find::run_by_key(platform, key).await
}

/// The spec of a deployed task.
///
/// # Errors
/// `not_found` that names the task and version.
pub(crate) async fn deployed_spec(
    platform: &Platform,
    caller: &Principal,
    id: &TaskIdentifier,
) -> Result<TaskSpec, ConnectError> {
    let (_, spec) = find::task(platform, caller, "task_id", id).await?;
    Ok(spec)
}

/// A page size that the store can bear; 0 means `usual`.
pub(crate) fn page_size(wanted: u32, usual: usize) -> usize {
    const MOST: usize = 1_000;
    let wanted = usize::try_from(wanted).unwrap_or(MOST);
    if wanted == 0 { usual } else { wanted.min(MOST) }
}

/// A failed write of the catalogue on the wire.
pub(crate) fn commit_failed(error: &wingbeat_store::CommitError) -> ConnectError {
    tracing::error!(%error, "store write failed");
    match error {
        wingbeat_store::CommitError::DiskFull => {
            ConnectError::resource_exhausted("the server's disk is full; nothing was written")
        }
        wingbeat_store::CommitError::Unavailable(_) => ConnectError::unavailable(error.to_string()),
        wingbeat_store::CommitError::Corrupt { .. } => ConnectError::data_loss(error.to_string()),
    }
}

/// A failed read on the wire, for closures.
pub(crate) fn read_failed(error: wingbeat_store::ReadError) -> ConnectError {
    read_error(&error)
}
