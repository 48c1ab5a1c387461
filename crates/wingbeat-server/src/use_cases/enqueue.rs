//! Adds an action to a run on behalf of its parent.

use std::sync::Arc;

use buffa::Message as _;
use connectrpc::{ConnectError, ErrorCode};
use wingbeat_engine::{Command, NewAction, NewBody};
use wingbeat_idl::{spec, time};
use wingbeat_model::{ActionKey, ActionName, Failure, FailureClass, Principal, Run, TaskRef, Verb};
use wingbeat_proto::flyteidl2::actions::{self as wire, EnqueueRequest};
use wingbeat_proto::flyteidl2::common::ActionPhase;
use wingbeat_proto::flyteidl2::core::{ErrorDocument, container_error};
use wingbeat_proto::flyteidl2::workflow::{ConditionAction, TaskAction, TraceAction};

use super::limits::check_length;
use super::{inputs, task};
use crate::platform::Platform;
use crate::rpc::{self, enqueue_answer};

/// The largest error.pb that is read.
const MAX_ERROR: u64 = 1024 * 1024;

struct Body {
    spec_bytes: Vec<u8>,
    task: TaskRef,
    what: NewBody,
}

/// Adds an action. Repeating it is harmless.
///
/// # Errors
/// See [`enqueue_answer`] for what the codes do to the client.
pub async fn enqueue(
    platform: &Arc<Platform>,
    principal: &Principal,
    request: EnqueueRequest,
) -> Result<(), ConnectError> {
    let Some(action) = request.action.into_option() else {
        return Err(ConnectError::invalid_argument("action must be set"));
    };
    let (key, name) =
        wingbeat_idl::ids::action("action.action_id", &action.action_id).map_err(rpc::bad_id)?;
    let run = platform.created_run(&key).await?;
    platform.authorize(principal, Verb::Enqueue, Some(&run.key.scope))?;
    let parent = parent_of(&action)?;
    let caller = rpc::attempt_of(principal);
    if caller
        .as_ref()
        .is_some_and(|caller| caller.action != (ActionKey { run: run.id, name: parent.clone() }))
    {
        return Err(ConnectError::permission_denied("a task may enqueue only its own children"));
    }
    check_uris(&run, &action)?;
    check_length("action.group", &action.group)?;
    let (group, input_uri) = (action.group.clone(), action.input_uri.clone());
    // Only invalid_argument makes the client give up at once; it would repeat other refusals for minutes.
    let body = body(platform, &run, &name, action).await.map_err(final_refusal)?;
    check_length("the task's name", &body.task.name)?;
    super::cached::drop_if_gone(platform, &run, &body.what).await;
    let new = NewAction {
        key: ActionKey { run: run.id, name },
        parent: Some(parent),
        caller,
        group,
        spec: spec::digest(&body.spec_bytes),
        spec_bytes: body.spec_bytes,
        task: body.task,
        input_uri,
        created_by: run.created_by.clone(),
        body: body.what,
    };
    enqueue_answer(platform.driver.submit(Command::Enqueue(Box::new(new))).await)
}

fn final_refusal(error: ConnectError) -> ConnectError {
    if error.code == ErrorCode::FailedPrecondition {
        return ConnectError::invalid_argument(error.message.unwrap_or_default());
    }
    error
}

fn parent_of(action: &wire::Action) -> Result<ActionName, ConnectError> {
    let name = action.parent_action_name.as_deref().unwrap_or_default();
    let field = |error| ConnectError::invalid_argument(format!("action.parent_action_name: {error}"));
    ActionName::new(name).map_err(field)
}

/// What a task writes it writes below its run.
fn check_uris(run: &Run, action: &wire::Action) -> Result<(), ConnectError> {
    let base = run.base.trim_end_matches('/');
    if action.run_output_base.trim_end_matches('/') != base {
        let text = format!("action.run_output_base `{}` is not this run's: `{base}`", action.run_output_base);
        return Err(ConnectError::invalid_argument(text));
    }
    // A condition has no inputs; the client sends a placeholder.
    if matches!(action.spec, Some(wire::action::Spec::Condition(_))) {
        return Ok(());
    }
    check_below(base, "action.input_uri", &action.input_uri)
}

fn check_below(base: &str, field: &str, uri: &str) -> Result<(), ConnectError> {
    let plain = uri.strip_prefix("file://").unwrap_or(uri);
    let below = plain.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    if below && !plain.split('/').any(|segment| segment == "..") {
        return Ok(());
    }
    Err(ConnectError::invalid_argument(format!("{field} `{uri}` is outside this run's folder `{base}/`")))
}

async fn body(
    platform: &Platform,
    run: &Run,
    name: &ActionName,
    action: wire::Action,
) -> Result<Body, ConnectError> {
    match action.spec {
        Some(wire::action::Spec::Task(task)) => task_body(*task, run),
        Some(wire::action::Spec::Trace(trace)) => trace_body(platform, run, name, *trace).await,
        Some(wire::action::Spec::Condition(condition)) => condition_body(*condition),
        None => Err(ConnectError::invalid_argument("action.spec: task, trace or condition must be set")),
    }
}

fn task_body(mut task: TaskAction, run: &Run) -> Result<Body, ConnectError> {
    let key = task.cache_key.take().map(|key| key.value);
    let queue = if task.queue.is_empty() { run.queue.clone() } else { task.queue };
    let spec = task.spec.take().unwrap_or_default();
    let runnable = task::runnable(&spec, &queue, key)?;
    Ok(Body { spec_bytes: runnable.bytes, task: runnable.task, what: runnable.body })
}

async fn trace_body(
    platform: &Platform,
    run: &Run,
    name: &ActionName,
    trace: TraceAction,
) -> Result<Body, ConnectError> {
    let output_uri = trace.outputs.output_uri.clone();
    if !output_uri.is_empty() {
        check_below(run.base.trim_end_matches('/'), "action.trace.outputs.output_uri", &output_uri)?;
    }
    let failed = trace.phase == ActionPhase::ACTION_PHASE_FAILED;
    let failure = if failed { Some(trace_failure(platform, run, name).await) } else { None };
    let started_at = time::from_timestamp(&trace.start_time);
    let ended_at = trace.end_time.as_option().map_or(started_at, time::from_timestamp);
    let task = TaskRef { name: trace.name.clone(), short_name: trace.name.clone(), ..TaskRef::default() };
    // Times and references differ between two recordings of one call; the spec is what stays the same.
    let kept = TraceAction { name: trace.name, spec: trace.spec, ..Default::default() };
    let body = NewBody::Trace { failure, output_uri, started_at, ended_at: ended_at.max(started_at) };
    Ok(Body { spec_bytes: spec::canonical_bytes(&kept), task, what: body })
}

/// The message of a failed trace lies in its folder; the client does not send it, and reads it back from us.
async fn trace_failure(platform: &Platform, run: &Run, name: &ActionName) -> Failure {
    let unknown = || Failure {
        class: FailureClass::User,
        code: "TraceFailed".to_owned(),
        message: "the traced function failed; its error was not stored".to_owned(),
        recoverable: true,
        worker: String::new(),
        wire_kind: 1,
    };
    let Ok(path) = inputs::confine(&platform.blob, Some(run), &format!("{}{name}/error.pb", run.base)).await
    else {
        return unknown();
    };
    let Ok(bytes) = platform.blob.get_at_most(&path, MAX_ERROR).await else { return unknown() };
    let Ok(document) = ErrorDocument::decode_from_slice(&bytes) else { return unknown() };
    let error = &document.error;
    Failure {
        class: FailureClass::User,
        code: error.code.clone(),
        message: error.message.clone(),
        recoverable: error.kind == container_error::Kind::RECOVERABLE,
        worker: String::new(),
        wire_kind: error.origin.to_i32(),
    }
}

fn condition_body(condition: ConditionAction) -> Result<Body, ConnectError> {
    if condition.webhook.is_set() {
        let text = format!("condition `{}` has a webhook, and this server calls none yet", condition.name);
        return Err(ConnectError::failed_precondition(text));
    }
    rpc::check_condition_type(&condition)?;
    let timeout = time::limit(condition.timeout.as_option());
    let task =
        TaskRef { name: condition.name.clone(), short_name: condition.name.clone(), ..TaskRef::default() };
    Ok(Body { spec_bytes: spec::canonical_bytes(&condition), task, what: NewBody::Condition { timeout } })
}
