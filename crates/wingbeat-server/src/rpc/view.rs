//! Rows as clients see them. The org is always the text that the client used.

use buffa::Message as _;
use buffa_types::google::protobuf::Timestamp as WireTimestamp;
use connectrpc::ConnectError;
use wingbeat_idl::{ids, time};
use wingbeat_model::{
    Action, ActionKind, ActionOutcome, Attempt, AttemptEnd, Failure, FailureClass, Phase, RelationKind, Run,
    Timestamp,
};
use wingbeat_proto::flyteidl2::common::{
    ActionPhase, EnrichedIdentity, Relation, RelationType, User, UserIdentifier, enriched_identity,
};
use wingbeat_proto::flyteidl2::core::{
    CatalogCacheStatus, ExecutionError, Literal, LogContext, execution_error,
};
use wingbeat_proto::flyteidl2::core::{PodLogContext, container_error};
use wingbeat_proto::flyteidl2::task::{OutputReferences, TaskSpec};
use wingbeat_proto::flyteidl2::workflow::{
    self as wire, ActionAttempt, ActionDetails, ActionMetadata, ActionStatus, ActionType, ConditionAction,
    ErrorInfo, PhaseTransition, RunSource, TraceAction, action_details, action_metadata, error_info,
};

use crate::platform::{Platform, read_error};

/// The name that attempts give for where they ran, until there are clusters.
const CLUSTER: &str = "local";

/// A person by subject.
pub(crate) fn identity(subject: &str) -> EnrichedIdentity {
    let id = UserIdentifier { subject: subject.to_owned(), ..Default::default() };
    let user = User { id: id.into(), ..Default::default() };
    EnrichedIdentity {
        principal: Some(enriched_identity::Principal::User(Box::new(user))),
        ..Default::default()
    }
}

/// A phase.
pub(crate) fn phase(phase: Phase) -> buffa::EnumValue<ActionPhase> {
    buffa::EnumValue::from(phase.number())
}

/// A run as lists show it: its root action.
pub(crate) fn run(org: &str, run: &Run, root: &Action) -> wire::Run {
    wire::Run {
        action: action(org, run, root).into(),
        labels: run.labels.iter().cloned().collect(),
        ..Default::default()
    }
}

/// An action as lists show it.
pub(crate) fn action(org: &str, run: &Run, action: &Action) -> wire::Action {
    wire::Action {
        id: ids::wire_action(org, &run.key, &action.key.name).into(),
        metadata: metadata(org, run, action).into(),
        status: status(action).into(),
        ..Default::default()
    }
}

/// What an action is.
pub(crate) fn metadata(org: &str, run: &Run, action: &Action) -> ActionMetadata {
    let relation = run.relation.as_ref().filter(|_| action.parent.is_none()).map(|relation| Relation {
        related_to: ids::wire_run(org, &relation.run).into(),
        relation_type: relation_type(relation.kind).into(),
        ..Default::default()
    });
    ActionMetadata {
        parent: action.parent.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        group: action.group.clone(),
        executed_by: identity(&run.created_by).into(),
        spec: Some(metadata_spec(org, action)),
        action_type: buffa::EnumValue::<ActionType>::from(action.kind as i32),
        environment_name: action.task.environment.clone(),
        funtion_name: action.task.short_name.clone(),
        source: buffa::EnumValue::<RunSource>::from(run.source),
        relation: relation.into(),
        ..Default::default()
    }
}

fn relation_type(kind: RelationKind) -> RelationType {
    match kind {
        RelationKind::Rerun => RelationType::RELATION_TYPE_RERUN,
        RelationKind::Recover => RelationType::RELATION_TYPE_RECOVER,
        RelationKind::Spawn => RelationType::RELATION_TYPE_SPAWN,
    }
}

fn metadata_spec(org: &str, action: &Action) -> action_metadata::Spec {
    let task = &action.task;
    match action.kind {
        ActionKind::Task => {
            let id = wingbeat_proto::flyteidl2::task::TaskIdentifier {
                org: org.to_owned(),
                project: task.project.clone(),
                domain: task.domain.clone(),
                name: task.name.clone(),
                version: task.version.clone(),
                ..Default::default()
            };
            action_metadata::Spec::Task(Box::new(wire::TaskActionMetadata {
                id: id.into(),
                task_type: task.task_type.clone(),
                short_name: task.short_name.clone(),
                queue: Some(action.queue.to_string()).filter(|queue| !queue.is_empty()),
                ..Default::default()
            }))
        }
        ActionKind::Trace => action_metadata::Spec::Trace(Box::new(wire::TraceActionMetadata {
            name: task.name.clone(),
            ..Default::default()
        })),
        ActionKind::Condition => action_metadata::Spec::Condition(Box::new(wire::ConditionActionMetadata {
            name: task.name.clone(),
            ..Default::default()
        })),
    }
}

/// Where an action stands.
pub(crate) fn status(action: &Action) -> ActionStatus {
    let ended = action.ended_at();
    ActionStatus {
        phase: phase(action.phase()),
        start_time: time::timestamp(action.created_at).into(),
        end_time: ended.map(time::timestamp).into(),
        attempts: attempts(action),
        cache_status: buffa::EnumValue::<CatalogCacheStatus>::from(action.cache_status as i32),
        duration_ms: ended.map(|at| at.since(action.created_at).as_micros().unsigned_abs() / 1_000),
        ..Default::default()
    }
}

/// How many attempts clients see. A result that was reused had none here; the stock client reads the last one's
/// logs and report all the same, so the reuse itself is shown as one.
pub(crate) fn attempts(action: &Action) -> u32 {
    if is_reused(action) { 1 } else { action.attempts }
}

fn is_reused(action: &Action) -> bool {
    let has_result = action.outcome().is_some_and(|outcome| !outcome.output_uri().is_empty());
    action.attempts == 0 && action.kind == ActionKind::Task && has_result
}

/// The one attempt of a reused result: it took no time, and its outputs are those of whoever computed them.
fn reuse(action: &Action) -> ActionAttempt {
    let at = action.ended_at().map(time::timestamp);
    let folder = action.outcome().map(ActionOutcome::output_uri).unwrap_or_default();
    let outputs = OutputReferences { output_uri: outputs_file(folder), ..Default::default() };
    let transition = PhaseTransition {
        phase: phase(action.phase()),
        start_time: at.clone().into(),
        end_time: at.clone().into(),
        ..Default::default()
    };
    ActionAttempt {
        phase: phase(action.phase()),
        start_time: at.clone().into(),
        end_time: at.into(),
        attempt: 1,
        outputs: outputs.into(),
        cache_status: buffa::EnumValue::<CatalogCacheStatus>::from(action.cache_status as i32),
        phase_transitions: vec![transition],
        cluster: CLUSTER.to_owned(),
        ..Default::default()
    }
}

/// An error as a parent task sees it.
pub(crate) fn execution_error(failure: &Failure) -> ExecutionError {
    let recoverability = if failure.recoverable {
        container_error::Kind::RECOVERABLE
    } else {
        container_error::Kind::NON_RECOVERABLE
    };
    let kind = match (failure.wire_kind, failure.class) {
        (0, FailureClass::User) => execution_error::ErrorKind::USER.into(),
        (0, FailureClass::System | FailureClass::Infrastructure) if failure.worker.is_empty() => {
            execution_error::ErrorKind::SYSTEM.into()
        }
        (number, _) => buffa::EnumValue::from(number),
    };
    ExecutionError {
        code: failure.code.clone(),
        message: failure.message.clone(),
        kind,
        worker: failure.worker.clone(),
        recoverability: recoverability.into(),
        ..Default::default()
    }
}

/// An error as people see it.
pub(crate) fn error_info(failure: &Failure) -> ErrorInfo {
    let kind = match failure.class {
        FailureClass::User => error_info::Kind::KIND_USER,
        FailureClass::System | FailureClass::Infrastructure => error_info::Kind::KIND_SYSTEM,
    };
    ErrorInfo {
        message: failure.message.clone(),
        kind: kind.into(),
        code: failure.code.clone(),
        ..Default::default()
    }
}

/// Everything about one action. Reads its spec and attempts.
pub(crate) async fn details(
    platform: &Platform,
    org: &str,
    run: &Run,
    action: &Action,
) -> Result<ActionDetails, ConnectError> {
    let attempts = platform.store.list_attempts(&action.key).await.map_err(|error| read_error(&error))?;
    let (spec, metadata) = details_spec(platform, org, run, action).await?;
    let shown = if is_reused(action) { vec![reuse(action)] } else { attempts.iter().map(attempt).collect() };
    Ok(ActionDetails {
        id: ids::wire_action(org, &run.key, &action.key.name).into(),
        metadata: metadata.into(),
        status: status(action).into(),
        result: result(action),
        spec: Some(spec),
        attempts: shown,
        ..Default::default()
    })
}

async fn details_spec(
    platform: &Platform,
    org: &str,
    run: &Run,
    action: &Action,
) -> Result<(action_details::Spec, ActionMetadata), ConnectError> {
    let mut metadata = metadata(org, run, action);
    let bytes = platform.spec(&action.spec).await?;
    let bytes = bytes.ok_or_else(|| ConnectError::data_loss("the action's spec is not in the store"))?;
    let unreadable = |_| ConnectError::data_loss("the action's stored spec cannot be decoded");
    let spec = match action.kind {
        ActionKind::Task => {
            action_details::Spec::Task(Box::new(TaskSpec::decode_from_slice(&bytes).map_err(unreadable)?))
        }
        ActionKind::Trace => {
            let mut trace = TraceAction::decode_from_slice(&bytes).map_err(unreadable)?;
            action_details::Spec::Trace(Box::new(trace.spec.take().unwrap_or_default()))
        }
        ActionKind::Condition => {
            let condition = ConditionAction::decode_from_slice(&bytes).map_err(unreadable)?;
            if let Some(action_metadata::Spec::Condition(named)) = &mut metadata.spec {
                named.r#type = condition.r#type.clone();
            }
            action_details::Spec::Condition(Box::new(condition))
        }
    };
    Ok((spec, metadata))
}

fn result(action: &Action) -> Option<action_details::Result> {
    match action.outcome()? {
        ActionOutcome::Failed(failure) | ActionOutcome::TimedOut(failure) => {
            Some(action_details::Result::ErrorInfo(Box::new(error_info(failure))))
        }
        ActionOutcome::Aborted(abort) => Some(action_details::Result::AbortInfo(Box::new(wire::AbortInfo {
            reason: abort.reason.clone(),
            aborted_by: Some(identity(&abort.by)).filter(|_| !abort.by.is_empty()).into(),
            ..Default::default()
        }))),
        ActionOutcome::Succeeded { value: Some(value), signalled_by, .. } => {
            Some(action_details::Result::SignalInfo(Box::new(wire::SignalInfo {
                signalled_by: identity(signalled_by).into(),
                output: Literal::decode_from_slice(value).ok().into(),
                ..Default::default()
            })))
        }
        ActionOutcome::Succeeded { value: None, .. } | ActionOutcome::Recovered { .. } => None,
    }
}

fn attempt(attempt: &Attempt) -> ActionAttempt {
    let last = attempt.phases.last().map_or(Phase::Queued, |seen| seen.phase);
    let ended = attempt.phases.last().filter(|_| attempt.end.is_some()).map(|seen| seen.at);
    let start = attempt.phases.first().map(|seen| seen.at).unwrap_or_default();
    let (error, output_uri) = match &attempt.end {
        Some(AttemptEnd::Failed(failure) | AttemptEnd::TimedOut(failure)) => {
            (Some(error_info(failure)), None)
        }
        Some(AttemptEnd::Succeeded { output_uri }) => (None, Some(output_uri)),
        Some(AttemptEnd::Aborted { .. }) | None => (None, None),
    };
    let outputs = OutputReferences {
        output_uri: output_uri.map(|folder| outputs_file(folder)).unwrap_or_default(),
        report_uri: attempt.report_uri.clone().unwrap_or_default(),
        ..Default::default()
    };
    ActionAttempt {
        phase: phase(last),
        start_time: time::timestamp(start).into(),
        end_time: ended.map(time::timestamp).into(),
        error_info: error.into(),
        attempt: attempt.key.attempt,
        outputs: outputs.into(),
        logs_available: attempt.phases.iter().any(|seen| seen.phase == Phase::Running),
        cache_status: buffa::EnumValue::<CatalogCacheStatus>::from(attempt.cache_status as i32),
        cluster_events: cluster_events(attempt),
        phase_transitions: transitions(attempt),
        cluster: CLUSTER.to_owned(),
        log_context: log_context(attempt).into(),
        ..Default::default()
    }
}

/// The file of outputs in an attempt's folder.
pub(crate) fn outputs_file(folder: &str) -> String {
    format!("{}/outputs.pb", folder.trim_end_matches('/'))
}

fn transitions(attempt: &Attempt) -> Vec<PhaseTransition> {
    let ends = attempt.phases.iter().skip(1).map(|next| Some(next.at)).chain(std::iter::once(None));
    let steps = attempt.phases.iter().zip(ends);
    let wire = |at: Timestamp| -> WireTimestamp { time::timestamp(at) };
    steps
        .map(|(seen, end)| PhaseTransition {
            phase: phase(seen.phase),
            start_time: wire(seen.at).into(),
            end_time: end.or(Some(seen.at).filter(|_| seen.phase.is_terminal())).map(wire).into(),
            ..Default::default()
        })
        .collect()
}

/// What happened around an attempt, in words.
pub(crate) fn cluster_events(attempt: &Attempt) -> Vec<wire::ClusterEvent> {
    let told = attempt.phases.iter().filter_map(|seen| {
        let (reason, message) = match seen.phase {
            Phase::Initializing => ("Assigned", format!("given to executor session {}", attempt.session.0)),
            Phase::Running => ("Started", format!("process started ({})", attempt.isolation)),
            Phase::Queued
            | Phase::WaitingForResources
            | Phase::Succeeded
            | Phase::Failed
            | Phase::Aborted
            | Phase::TimedOut
            | Phase::Paused
            | Phase::Recovered => return None,
        };
        Some((seen.at, reason.to_owned(), message, wire::cluster_event::Type::TYPE_NORMAL))
    });
    let end = attempt.end.as_ref().and_then(|end| {
        let at = attempt.phases.last()?.at;
        let (reason, message) = match end {
            AttemptEnd::Failed(failure) | AttemptEnd::TimedOut(failure) => {
                (failure.code.clone(), &failure.message)
            }
            AttemptEnd::Aborted { reason } => ("Aborted".to_owned(), reason),
            AttemptEnd::Succeeded { .. } => return None,
        };
        Some((at, reason, message.clone(), wire::cluster_event::Type::TYPE_WARNING))
    });
    told.chain(end)
        .map(|(at, reason, message, kind)| wire::ClusterEvent {
            occurred_at: time::timestamp(at).into(),
            message,
            r#type: kind.into(),
            reason,
            source_component: "executor".to_owned(),
            count: 1,
            ..Default::default()
        })
        .collect()
}

/// Where an attempt's logs are, in the words of the API: the executor plays the pod.
pub(crate) fn log_context(attempt: &Attempt) -> LogContext {
    let name = format!("{}-{}", attempt.key.action.name, attempt.key.attempt);
    let pod = PodLogContext {
        namespace: CLUSTER.to_owned(),
        pod_name: name.clone(),
        primary_container_name: "main".to_owned(),
        ..Default::default()
    };
    LogContext { pods: vec![pod], primary_pod_name: name, ..Default::default() }
}

/// Lists show what type of value a condition waits for; it is in its spec.
pub(crate) async fn name_condition_type(
    platform: &Platform,
    row: &Action,
    action: &mut wire::Action,
) -> Result<(), ConnectError> {
    if row.kind != ActionKind::Condition {
        return Ok(());
    }
    let bytes = platform.spec(&row.spec).await?;
    let condition =
        bytes.and_then(|bytes| ConditionAction::decode_from_slice(&bytes).ok()).unwrap_or_default();
    if let Some(metadata) = action.metadata.as_option_mut()
        && let Some(action_metadata::Spec::Condition(named)) = &mut metadata.spec
    {
        named.r#type = condition.r#type;
    }
    Ok(())
}
