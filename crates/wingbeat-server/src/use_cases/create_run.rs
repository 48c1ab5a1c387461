//! Starts a run: everything is stored and will run, or the caller gets an error and nothing is.

use std::sync::Arc;

use connectrpc::ConnectError;
use rand::Rng as _;
use wingbeat_blob::{RunPaths, ScopeKey};
use wingbeat_engine::{Command, NewAction, NewRun, Reply};
use wingbeat_idl::{ids, spec, time};
use wingbeat_model::{
    Action, ActionKey, ActionName, CacheScope, Digest, Principal, ProjectKey, Recovery, Relation,
    RelationKind, ReplayKey, Run, RunKey, Seq, Timestamp, Verb,
};
use wingbeat_proto::flyteidl2::common::RelationType;
use wingbeat_proto::flyteidl2::task::{CacheLookupScope, RunSpec, TaskSpec};
use wingbeat_proto::flyteidl2::workflow::{CreateRunRequest, create_run_request};

use super::limits::check_length;
use super::{inputs, task};
use crate::platform::{Platform, read_error, submit_error};

/// A run and its root as they stand after the call.
pub struct Created {
    /// The run.
    pub run: Run,
    /// Its root action.
    pub root: Action,
}

/// Starts a run. `request_id` lets the same request be repeated for the same answer.
///
/// # Errors
/// `already_exists` for a name that is taken, `invalid_argument` for bad names and inputs, `not_found` for an
/// unknown project or task, `failed_precondition` for what this server cannot give.
pub async fn create_run(
    platform: &Arc<Platform>,
    principal: &Principal,
    request_id: Option<&str>,
    request: CreateRunRequest,
) -> Result<Created, ConnectError> {
    let body = spec::digest(&spec::canonical_bytes(&request));
    let (scope, key) = place(&request)?;
    platform.authorize(principal, Verb::CreateRun, Some(&scope))?;
    platform.check_current(principal).await?;
    check_project(platform, &scope).await?;
    check_length("the header x-request-id", request_id.unwrap_or_default())?;
    let replayed_by =
        request_id.map(|id| (ReplayKey(format!("CreateRun|{}|{id}", principal.subject())), body));
    let task_spec = find_task(platform, principal, &request).await?;
    let run_spec = request.run_spec.as_option().cloned().unwrap_or_default();
    refuse_what_is_missing(&run_spec)?;
    for (key, value) in &run_spec.labels.values {
        check_length("a label's key", key)?;
        check_length("a label's value", value)?;
    }
    let (input_uri, inputs_hash) = take_inputs(platform, &scope, &task_spec, &request).await?;
    let now = platform.clock.now();
    let start_time = request.run_start_time.as_option().or_else(|| run_spec.run_start_time.as_option());
    let start_time = start_time.map_or(now, time::from_timestamp);
    let run = new_run(platform, principal, key, &request, &run_spec, (now, start_time)).await?;
    let root = new_root(&run, &task_spec, input_uri, &inputs_hash)?;
    super::cached::drop_if_gone(platform, &run, &root.body).await;
    let new = NewRun { run, run_spec: spec::canonical_bytes(&run_spec), root, replay: replayed_by };
    let reply = platform.driver.submit(Command::CreateRun(Box::new(new))).await.map_err(submit_error)?;
    let Reply::RunCreated(id) = reply else {
        return Err(ConnectError::internal("unexpected answer of the engine"));
    };
    read_back(platform, id).await
}

async fn read_back(platform: &Platform, id: wingbeat_model::RunId) -> Result<Created, ConnectError> {
    let lost = || ConnectError::data_loss("the run was stored and cannot be read back");
    let run =
        platform.store.get_runs(&[id]).await.map_err(|error| read_error(&error))?.pop().ok_or_else(lost)?;
    let root = platform.store.find_action(&ActionKey::root(id)).await.map_err(|error| read_error(&error))?;
    Ok(Created { run, root: root.ok_or_else(lost)? })
}

/// Where the run goes and what it is called.
fn place(request: &CreateRunRequest) -> Result<(ProjectKey, RunKey), ConnectError> {
    let bad = crate::rpc::bad_id;
    match &request.id {
        Some(create_run_request::Id::RunId(id)) => {
            let key = ids::run("run_id", id).map_err(bad)?;
            Ok((key.scope.clone(), key))
        }
        Some(create_run_request::Id::ProjectId(id)) => {
            let scope = ids::project("project_id", id).map_err(bad)?;
            Ok((scope.clone(), RunKey::stored(scope, &generated_name())))
        }
        None => Err(ConnectError::invalid_argument("id: run_id or project_id must be set")),
    }
}

/// `r` and 19 random characters, without vowels and look-alikes.
fn generated_name() -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut random = rand::rng();
    let rest = (0..19).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
    std::iter::once('r').chain(rest).collect()
}

/// The project must exist.
///
/// # Errors
/// `not_found` that names it.
pub async fn check_project(platform: &Platform, scope: &ProjectKey) -> Result<(), ConnectError> {
    let found =
        platform.store.find_project(&scope.org, &scope.project).await.map_err(|error| read_error(&error))?;
    if found.is_none() {
        let text =
            format!("project `{}` does not exist; create it with `flyte create project`", scope.project);
        return Err(ConnectError::not_found(text));
    }
    if crate::platform::DOMAINS.iter().all(|(domain, _)| *domain != &*scope.domain) {
        let known: Vec<&str> = crate::platform::DOMAINS.iter().map(|(domain, _)| *domain).collect();
        let text = format!("domain `{}` does not exist; there are {}", scope.domain, known.join(", "));
        return Err(ConnectError::not_found(text));
    }
    Ok(())
}

async fn find_task(
    platform: &Platform,
    caller: &Principal,
    request: &CreateRunRequest,
) -> Result<TaskSpec, ConnectError> {
    match &request.task {
        Some(create_run_request::Task::TaskSpec(spec)) => Ok(spec.as_ref().clone()),
        Some(create_run_request::Task::TaskId(id)) => crate::rpc::deployed_spec(platform, caller, id).await,
        Some(create_run_request::Task::TriggerName(name)) => {
            let text = format!("trigger `{}` cannot be run: this server has no triggers yet", name.name);
            Err(ConnectError::failed_precondition(text))
        }
        None => Err(ConnectError::invalid_argument("task: task_id, task_spec or trigger_name must be set")),
    }
}

fn refuse_what_is_missing(spec: &RunSpec) -> Result<(), ConnectError> {
    if spec.notification_settings.is_some() {
        let text = "run_spec.notification_settings: this server sends no notifications yet; run without them";
        return Err(ConnectError::failed_precondition(text));
    }
    let raw = &spec.raw_data_storage.raw_data_prefix;
    if raw.split_once("://").is_some_and(|(scheme, _)| scheme != "file") {
        let text = format!(
            "run_spec.raw_data_storage: `{raw}` is no path of this machine; this server has no other store"
        );
        return Err(ConnectError::failed_precondition(text));
    }
    let account = &spec.security_context.run_as.k8s_service_account;
    if !account.is_empty() {
        let text = format!(
            "run_spec.security_context: service account `{account}` needs Kubernetes, which is not here"
        );
        return Err(ConnectError::failed_precondition(text));
    }
    if !spec.cluster_pool.is_empty() {
        let text = format!("run_spec.cluster_pool: this server has no cluster pool `{}`", spec.cluster_pool);
        return Err(ConnectError::failed_precondition(text));
    }
    Ok(())
}

/// Where the inputs lie, and their hash.
async fn take_inputs(
    platform: &Platform,
    scope: &ProjectKey,
    spec: &TaskSpec,
    request: &CreateRunRequest,
) -> Result<(String, String), ConnectError> {
    match &request.input_wrapper {
        Some(create_run_request::InputWrapper::OffloadedInputData(data)) => {
            let given = inputs::read(platform, None, &data.uri).await?;
            let complete = inputs::complete(spec, given.clone())?;
            if complete == given {
                return Ok((inputs::file_of(&data.uri), data.inputs_hash.clone()));
            }
            // The task reads the file, so the defaults have to be in it.
            let stored = inputs::store(platform, scope, spec, &complete).await?;
            Ok((inputs::file_of(&stored.folder), stored.hash))
        }
        Some(create_run_request::InputWrapper::Inputs(given)) => {
            inline(platform, scope, spec, given.as_ref().clone()).await
        }
        None => inline(platform, scope, spec, wingbeat_proto::flyteidl2::task::Inputs::default()).await,
    }
}

async fn inline(
    platform: &Platform,
    scope: &ProjectKey,
    spec: &TaskSpec,
    given: wingbeat_proto::flyteidl2::task::Inputs,
) -> Result<(String, String), ConnectError> {
    let complete = inputs::complete(spec, given)?;
    let stored = inputs::store(platform, scope, spec, &complete).await?;
    Ok((inputs::file_of(&stored.folder), stored.hash))
}

async fn new_run(
    platform: &Platform,
    principal: &Principal,
    key: RunKey,
    request: &CreateRunRequest,
    spec: &RunSpec,
    (now, start_time): (Timestamp, Timestamp),
) -> Result<Run, ConnectError> {
    let base = run_base(platform, &key, &spec.run_base_dir).await?;
    let (relation, recovery) = origin(platform, spec).await?;
    let scope = match spec.cache_config.cache_lookup_scope.as_known() {
        Some(CacheLookupScope::CACHE_LOOKUP_SCOPE_PROJECT_DOMAIN) => CacheScope::ProjectDomain,
        _ => CacheScope::Global,
    };
    let id = platform
        .store
        .next_run_id()
        .await
        .map_err(|_| ConnectError::unavailable("the store is not available"))?;
    Ok(Run {
        id,
        key,
        created_at: now,
        created_by: principal.subject(),
        spec: spec_digest(spec),
        source: request.source.to_i32(),
        labels: spec.labels.values.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        base,
        raw_prefix: spec.raw_data_storage.raw_data_prefix.clone(),
        start_time,
        queue: spec.queue.clone(),
        max_concurrency: Some(spec.max_action_concurrency).filter(|cap| *cap > 0),
        running: 0,
        waiting_parents: 0,
        #[allow(deprecated, reason = "old clients send only this one")]
        overwrite_cache: spec.cache_config.overwrite_cache || spec.overwrite_cache,
        cache_scope: scope,
        recovery,
        relation,
        abort: None,
        changed: Seq::default(),
    })
}

fn spec_digest(run_spec: &RunSpec) -> Digest {
    spec::digest(&spec::canonical_bytes(run_spec))
}

async fn run_base(platform: &Platform, key: &RunKey, wanted: &str) -> Result<String, ConnectError> {
    let bad_path = |error: wingbeat_blob::PathError| ConnectError::invalid_argument(error.to_string());
    let scope = ScopeKey { org: &key.scope.org, project: &key.scope.project, domain: &key.scope.domain };
    let paths = if wanted.is_empty() {
        RunPaths::new(scope, key.name()).map_err(bad_path)?
    } else {
        let below = inputs::confine(&platform.blob, None, wanted).await?;
        RunPaths::under(&below, scope, key.name()).map_err(bad_path)?
    };
    Ok(platform.blob.dir_uri(paths.base()))
}

/// The run that this one repeats or recovers.
async fn origin(
    platform: &Platform,
    spec: &RunSpec,
) -> Result<(Option<Relation>, Option<Recovery>), ConnectError> {
    let Some(wire) = spec.relation.as_option() else { return Ok((None, None)) };
    let kind = match wire.relation_type.as_known() {
        Some(RelationType::RELATION_TYPE_RERUN) => RelationKind::Rerun,
        Some(RelationType::RELATION_TYPE_RECOVER) => RelationKind::Recover,
        Some(RelationType::RELATION_TYPE_SPAWN) => RelationKind::Spawn,
        _ => return Err(ConnectError::invalid_argument("run_spec.relation.relation_type must be set")),
    };
    let run = ids::run("run_spec.relation.related_to", &wire.related_to).map_err(crate::rpc::bad_id)?;
    let recovery = if kind == RelationKind::Recover {
        let source = platform.store.find_run(&run).await.map_err(|error| read_error(&error))?;
        let source = source.ok_or_else(|| {
            ConnectError::not_found(format!(
                "run `{}` does not exist, so nothing of it can be recovered",
                run.name()
            ))
        })?;
        let names: Result<Vec<ActionName>, _> =
            spec.recover.force_rerun_actions.iter().map(|name| ActionName::new(name)).collect();
        let force_rerun = names.map_err(|error| {
            ConnectError::invalid_argument(format!("run_spec.recover.force_rerun_actions: {error}"))
        })?;
        Some(Recovery { source: source.id, force_rerun })
    } else {
        None
    };
    Ok((Some(Relation { kind, run }), recovery))
}

fn new_root(
    run: &Run,
    task_spec: &TaskSpec,
    input_uri: String,
    inputs_hash: &str,
) -> Result<NewAction, ConnectError> {
    let template = &task_spec.task_template;
    check_length("the task's name", &template.id.name)?;
    let key = template.metadata.discoverable.then(|| {
        let interface = wingbeat_types::interface_hash(&template.interface);
        wingbeat_types::cache_key(
            inputs_hash,
            &template.id.name,
            &interface,
            &template.metadata.discovery_version,
        )
    });
    let runnable = task::runnable(task_spec, &run.queue, key)?;
    Ok(NewAction {
        key: ActionKey::root(run.id),
        parent: None,
        caller: None,
        group: String::new(),
        spec: runnable.digest,
        spec_bytes: runnable.bytes,
        task: runnable.task,
        input_uri,
        created_by: run.created_by.clone(),
        body: runnable.body,
    })
}
