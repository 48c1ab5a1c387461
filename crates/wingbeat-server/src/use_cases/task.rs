//! From a task's spec to what the engine schedules, and what this server cannot give refused by name.

use connectrpc::ConnectError;
use wingbeat_engine::{NewBody, NewCacheUse};
use wingbeat_idl::spec;
use wingbeat_model::{Digest, TaskRef};
use wingbeat_proto::flyteidl2::core::{TaskTemplate, task_template};
use wingbeat_proto::flyteidl2::task::TaskSpec;

use super::cached::stored_key;

/// Task types that the process executor runs: each is a complete `a0` command.
const PROCESS_TYPES: [&str; 5] = ["python", "python-task", "actor", "sandboxed-python", ""];

/// A task that can be run here.
pub(super) struct Runnable {
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
    pub(super) task: TaskRef,
    pub(super) body: NewBody,
}

/// Reads a spec. `cache_key` is the client's; without one nothing is cached.
pub(super) fn runnable(
    task_spec: &TaskSpec,
    queue: &str,
    cache_key: Option<String>,
) -> Result<Runnable, ConnectError> {
    let template = &task_spec.task_template;
    refuse_what_is_missing(template)?;
    let resources =
        spec::resources(template).map_err(|error| ConnectError::invalid_argument(error.to_string()))?;
    let cached = cache_key.filter(|key| template.metadata.discoverable && !key.is_empty());
    let cache = cached.map(|key| NewCacheUse {
        key: stored_key(&key),
        serialize: template.metadata.cache_serializable,
        max_age: spec::cache_max_age(template),
    });
    let body =
        NewBody::Task { queue: queue.into(), priority: 0, resources, policy: spec::policy(template), cache };
    let bytes = spec::canonical_bytes(task_spec);
    Ok(Runnable { digest: spec::digest(&bytes), bytes, task: spec::task_ref(task_spec), body })
}

/// Says what a task asks for that this server does not have. Never dropped in silence.
pub(crate) fn refuse_what_is_missing(template: &TaskTemplate) -> Result<(), ConnectError> {
    let name = &template.id.name;
    let refuse = |what: String| Err(ConnectError::failed_precondition(what));
    if let Some(secret) = template.security_context.secrets.first() {
        let key = if secret.group.is_empty() {
            secret.key.clone()
        } else {
            format!("{}/{}", secret.group, secret.key)
        };
        return refuse(format!("task `{name}` asks for secret `{key}`, and this server has no secrets yet"));
    }
    if !PROCESS_TYPES.contains(&template.r#type.as_str()) {
        return refuse(format!(
            "task `{name}` has type `{}`, which no executor here can run; the process executor runs {}",
            template.r#type, "python tasks"
        ));
    }
    match &template.target {
        Some(task_template::Target::Container(_)) => Ok(()),
        Some(task_template::Target::K8sPod(_)) => {
            refuse(format!("task `{name}` brings a pod template, and this server has no Kubernetes executor"))
        }
        Some(task_template::Target::Sql(_)) => {
            refuse(format!("task `{name}` is a SQL statement, and this server has no connector for it"))
        }
        None => Err(ConnectError::invalid_argument(format!(
            "task `{name}` has no container: there is nothing to run"
        ))),
    }
}
