//! Finds what a request names, or says that it does not exist.

use buffa::Message as _;
use connectrpc::ConnectError;
use wingbeat_idl::ids;
use wingbeat_model::{Action, ActionKey, Principal, Run, RunKey, TaskVersion, Verb};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, RunIdentifier};
use wingbeat_proto::flyteidl2::task::{TaskIdentifier, TaskSpec};

use super::caller::bad_id;
use crate::platform::{Platform, read_error};

/// A run by name, if the caller may read it.
pub(crate) async fn run(
    platform: &Platform,
    caller: &Principal,
    field: &str,
    id: &RunIdentifier,
) -> Result<Run, ConnectError> {
    let key = ids::run(field, id).map_err(bad_id)?;
    platform.authorize(caller, Verb::Read, Some(&key.scope))?;
    run_by_key(platform, &key).await
}

/// A run by key.
pub(crate) async fn run_by_key(platform: &Platform, key: &RunKey) -> Result<Run, ConnectError> {
    let found = platform.store.find_run(key).await.map_err(|error| read_error(&error))?;
    found.ok_or_else(|| {
        let scope = &key.scope;
        let text = format!(
            "run `{}` does not exist in project `{}`, domain `{}`",
            key.name(),
            scope.project,
            scope.domain
        );
        ConnectError::not_found(text)
    })
}

/// An action by name, with its run, if the caller may read it.
pub(crate) async fn action(
    platform: &Platform,
    caller: &Principal,
    field: &str,
    id: &ActionIdentifier,
) -> Result<(Run, Action), ConnectError> {
    let (run, name) = ids::action(field, id).map_err(bad_id)?;
    platform.authorize(caller, Verb::Read, Some(&run.scope))?;
    let run = run_by_key(platform, &run).await?;
    let key = ActionKey { run: run.id, name };
    let found = platform.store.find_action(&key).await.map_err(|error| read_error(&error))?;
    let action = found.ok_or_else(|| {
        ConnectError::not_found(format!("action `{}` does not exist in run `{}`", key.name, run.key.name()))
    })?;
    Ok((run, action))
}

/// A deployed task version, with its spec.
pub(crate) async fn task(
    platform: &Platform,
    caller: &Principal,
    field: &str,
    id: &TaskIdentifier,
) -> Result<(TaskVersion, TaskSpec), ConnectError> {
    let key = ids::task(field, id).map_err(bad_id)?;
    platform.authorize(caller, Verb::Read, Some(&key.scope))?;
    let found = platform.store.find_task(&key).await.map_err(|error| read_error(&error))?;
    let version = found.ok_or_else(|| {
        let scope = &key.scope;
        ConnectError::not_found(format!(
            "task `{}` version `{}` is not deployed in project `{}`, domain `{}`",
            key.name, key.version, scope.project, scope.domain
        ))
    })?;
    let bytes = platform.spec(&version.spec).await?;
    let bytes = bytes.ok_or_else(|| ConnectError::data_loss("the task's spec is not in the store"))?;
    let spec = TaskSpec::decode_from_slice(&bytes)
        .map_err(|_| ConnectError::data_loss("the task's stored spec cannot be decoded"))?;
    Ok((version, spec))
}

/// The root action of a run.
pub(crate) async fn root(platform: &Platform, run: &Run) -> Result<Action, ConnectError> {
    let found =
        platform.store.find_action(&ActionKey::root(run.id)).await.map_err(|error| read_error(&error))?;
    found.ok_or_else(|| ConnectError::data_loss("the run has no root action"))
}
