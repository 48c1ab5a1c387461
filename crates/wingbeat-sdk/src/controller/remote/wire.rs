//! Messages of the actions service: what is sent for a call, and what the answers mean.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use buffa::Message as _;
use buffa_types::google::protobuf::{StringValue, Timestamp};
use bytes::Bytes;
use connectrpc::{ConnectError, ErrorCode};
use wingbeat_client::{TASK_LOGIN_ADVICE, is_final};
use wingbeat_proto::flyteidl2::actions::{
    AbortRequest, Action, EnqueueRequest, WatchForUpdatesRequest, WatchForUpdatesResponse, action,
    watch_for_updates_request, watch_for_updates_response,
};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, ActionPhase, RunIdentifier};
use wingbeat_proto::flyteidl2::core::ErrorDocument;
use wingbeat_proto::flyteidl2::task::{OutputReferences, TaskIdentifier, TraceSpec};
use wingbeat_proto::flyteidl2::workflow::{ActionUpdate, TaskAction, TraceAction};

use super::naming::ChildName;
use crate::controller::core::event::{Answer, EndPhase, Event, Update, WatchEnd};
use crate::controller::{ActionIdentity, CalledTask, ChildCall, ConditionCall, TraceOutcome, TraceStep};
use crate::error::TaskError;
use crate::storage::{self, MAX_INLINE_BYTES};

/// Everything that has to be done for an action before and by its Enqueue.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// Written first, by URI.
    pub(crate) files: Vec<(String, Bytes)>,
    /// Then sent, with the task in it.
    request: EnqueueRequest,
    task: Option<Arc<CalledTask>>,
}

impl Launch {
    /// What is sent.
    pub(crate) fn request(&self) -> EnqueueRequest {
        let mut request = self.request.clone();
        if let Some(called) = &self.task
            && let Some(action::Spec::Task(task)) = &mut request.action.get_or_insert_default().spec
        {
            called.put_into(task);
        }
        request
    }
}

/// What to do for a child.
///
/// # Errors
/// Its inputs are too large.
pub(crate) fn child(call: ChildCall, name: &ChildName, run_base: &str) -> Result<Launch, TaskError> {
    let inputs = call.inputs.encode_to_vec();
    storage::check_size("the inputs of a child", inputs.len(), MAX_INLINE_BYTES)?;
    let template = &call.task.spec().task_template.id;
    let id = TaskIdentifier {
        org: template.org.clone(),
        project: template.project.clone(),
        domain: template.domain.clone(),
        name: template.name.clone(),
        version: template.version.clone(),
        ..Default::default()
    };
    let key = name.cache_key.as_ref();
    let task = TaskAction {
        id: id.into(),
        cache_key: key.map(|key| StringValue { value: key.clone(), ..Default::default() }).into(),
        queue: call.queue.unwrap_or_default(),
        ..Default::default()
    };
    let spec = action::Spec::Task(Box::new(task));
    let place = Place { parent: &call.parent, action: &name.action, group: call.group, run_base };
    Ok(Launch { task: Some(call.task), ..place.launch(spec, vec![("inputs.pb", inputs)]) })
}

/// What to do to record a step.
///
/// # Errors
/// Its inputs or outputs are too large.
pub(crate) fn trace(step: TraceStep, outcome: &TraceOutcome, run_base: &str) -> Result<Launch, TaskError> {
    let TraceStep { call, action: name, started_at } = step;
    let inputs = call.inputs.encode_to_vec();
    storage::check_size("the inputs of a step", inputs.len(), MAX_INLINE_BYTES)?;
    let (phase, file, bytes) = match outcome {
        TraceOutcome::Succeeded(outputs) => {
            let bytes = outputs.encode_to_vec();
            storage::check_size("the outputs of a step", bytes.len(), MAX_INLINE_BYTES)?;
            (ActionPhase::ACTION_PHASE_SUCCEEDED, "outputs.pb", bytes)
        }
        TraceOutcome::Failed(error) => {
            (ActionPhase::ACTION_PHASE_FAILED, "error.pb", ErrorDocument::from(error).encode_to_vec())
        }
    };
    let outputs = match outcome {
        TraceOutcome::Succeeded(_) => storage::join(&storage::join(run_base, &name), "outputs.pb"),
        TraceOutcome::Failed(_) => String::new(),
    };
    let trace = TraceAction {
        name: call.name,
        phase: phase.into(),
        start_time: timestamp(started_at).into(),
        end_time: timestamp(SystemTime::now()).into(),
        outputs: OutputReferences { output_uri: outputs, ..Default::default() }.into(),
        spec: TraceSpec { interface: call.interface.into(), ..Default::default() }.into(),
        ..Default::default()
    };
    let place = Place { parent: &call.parent, action: &name, group: call.group, run_base };
    Ok(place.launch(action::Spec::Trace(Box::new(trace)), vec![("inputs.pb", inputs), (file, bytes)]))
}

/// What to do to ask people for a value. The platform wants a place for inputs, though there are none.
pub(crate) fn condition(call: ConditionCall, name: &str, run_base: &str) -> Launch {
    let place = Place { parent: &call.parent, action: name, group: call.group, run_base };
    place.launch(action::Spec::Condition(Box::new(call.condition)), Vec::new())
}

/// Where an action stands in its run.
struct Place<'a> {
    parent: &'a ActionIdentity,
    action: &'a str,
    group: Option<String>,
    run_base: &'a str,
}

impl Place<'_> {
    fn launch(self, spec: action::Spec, files: Vec<(&str, Vec<u8>)>) -> Launch {
        let folder = storage::join(self.run_base, self.action);
        let action = Action {
            action_id: action_id(self.parent, self.action).into(),
            parent_action_name: Some(self.parent.action.clone()),
            input_uri: storage::join(&folder, "inputs.pb"),
            run_output_base: self.run_base.to_owned(),
            group: self.group.unwrap_or_default(),
            spec: Some(spec),
            ..Default::default()
        };
        let files = files
            .into_iter()
            .map(|(name, bytes)| (storage::join(&folder, name), Bytes::from(bytes)))
            .collect();
        let request = EnqueueRequest { action: action.into(), ..Default::default() };
        Launch { files, request, task: None }
    }
}

fn action_id(of: &ActionIdentity, action: &str) -> ActionIdentifier {
    let run = RunIdentifier {
        org: of.org.clone(),
        project: of.project.clone(),
        domain: of.domain.clone(),
        name: of.run.clone(),
        ..Default::default()
    };
    ActionIdentifier { run: run.into(), name: action.to_owned(), ..Default::default() }
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = i32::try_from(since.subsec_nanos()).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or_default(), nanos)
}

/// The request to watch the children of `parent`.
pub(crate) fn watch(parent: &ActionIdentity) -> WatchForUpdatesRequest {
    let id = Box::new(action_id(parent, &parent.action));
    let filter = Some(watch_for_updates_request::Filter::ParentActionId(id));
    WatchForUpdatesRequest { filter, ..Default::default() }
}

/// The request to abort a child.
pub(crate) fn abort(parent: &ActionIdentity, action: &str) -> AbortRequest {
    let reason = Some("its parent does not wait for it any more".to_owned());
    AbortRequest { action_id: action_id(parent, action).into(), reason, ..Default::default() }
}

/// What a message of the watch tells; an empty one tells nothing.
pub(crate) fn news(message: WatchForUpdatesResponse) -> Option<Event> {
    match message.message? {
        watch_for_updates_response::Message::ActionUpdate(news) => update(*news).map(Event::Updated),
        watch_for_updates_response::Message::ControlMessage(control) => {
            control.sentinel.then_some(Event::SnapshotEnded)
        }
    }
}

fn update(mut news: ActionUpdate) -> Option<Update> {
    if news.action_id.name.is_empty() {
        return None;
    }
    Some(Update {
        name: Arc::from(news.action_id.name.as_str()),
        ended: news.phase.as_known().and_then(end_phase),
        error: news.error.take().map(Box::new),
        output_uri: std::mem::take(&mut news.output_uri),
        value: news.value.take().map(Box::new),
    })
}

/// A phase of a later version is taken for one of a life that goes on.
fn end_phase(phase: ActionPhase) -> Option<EndPhase> {
    match phase {
        ActionPhase::ACTION_PHASE_SUCCEEDED | ActionPhase::ACTION_PHASE_RECOVERED => {
            Some(EndPhase::Succeeded)
        }
        ActionPhase::ACTION_PHASE_FAILED => Some(EndPhase::Failed),
        ActionPhase::ACTION_PHASE_ABORTED => Some(EndPhase::Aborted),
        ActionPhase::ACTION_PHASE_TIMED_OUT => Some(EndPhase::TimedOut),
        ActionPhase::ACTION_PHASE_UNSPECIFIED
        | ActionPhase::ACTION_PHASE_QUEUED
        | ActionPhase::ACTION_PHASE_WAITING_FOR_RESOURCES
        | ActionPhase::ACTION_PHASE_INITIALIZING
        | ActionPhase::ACTION_PHASE_RUNNING
        | ActionPhase::ACTION_PHASE_PAUSED => None,
    }
}

/// What the answer to an Enqueue means.
pub(crate) fn answer(error: &ConnectError) -> Answer {
    let hint = retry_after(error);
    let is_refusal = is_final(error)
        || matches!(
            error.code,
            ErrorCode::InvalidArgument
                | ErrorCode::NotFound
                | ErrorCode::PermissionDenied
                | ErrorCode::Unauthenticated
                | ErrorCode::Unimplemented
                | ErrorCode::OutOfRange
        );
    if error.code == ErrorCode::AlreadyExists {
        Answer::Accepted
    } else if error.code == ErrorCode::ResourceExhausted {
        Answer::Exhausted { hint }
    } else if error.code == ErrorCode::Aborted {
        Answer::Refused(TaskError::system("RunAborted", told(error)))
    } else if is_refusal {
        let message = format!("the platform refuses the action: {}", told(error));
        Answer::Refused(TaskError::system("EnqueueRefused", message))
    } else {
        // Also what later versions may add: sending again is safe.
        Answer::Unavailable { hint, message: told(error) }
    }
}

/// What the end of a watch means.
pub(crate) fn watch_end(error: &ConnectError) -> WatchEnd {
    let is_refusal = is_final(error)
        || matches!(
            error.code,
            ErrorCode::InvalidArgument
                | ErrorCode::PermissionDenied
                | ErrorCode::Unauthenticated
                | ErrorCode::Unimplemented
        );
    if is_refusal { WatchEnd::Refused(told(error)) } else { WatchEnd::Lost(told(error)) }
}

/// What people in front of a task's error are told.
pub(crate) fn told(error: &ConnectError) -> String {
    advised(error, TASK_LOGIN_ADVICE)
}

/// Code and message: neither holds anything of the request. And what to do about a login, where one is wanted.
pub(crate) fn advised(error: &ConnectError, login: &str) -> String {
    let text =
        format!("{}: {}", error.code.as_str(), error.message.as_deref().unwrap_or("no reason was given"));
    if error.code == ErrorCode::Unauthenticated { format!("{text}; {login}") } else { text }
}

/// When the platform wishes to be asked again.
fn retry_after(error: &ConnectError) -> Option<Duration> {
    let text = error.response_headers().get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connectrpc::ConnectError;

    use super::{Answer, WatchEnd, answer, told, watch_end};

    #[test]
    fn the_answer_to_an_enqueue_decides_what_happens_next() {
        assert_eq!(answer(&ConnectError::already_exists("x")), Answer::Accepted);
        let header = (http::header::RETRY_AFTER, http::HeaderValue::from_static("7"));
        let busy = ConnectError::resource_exhausted("x").with_headers([header].into_iter().collect());
        assert_eq!(answer(&busy), Answer::Exhausted { hint: Some(Duration::from_secs(7)) });
        for refusal in
            [ConnectError::aborted("x"), ConnectError::invalid_argument("x"), ConnectError::not_found("x")]
        {
            assert!(matches!(answer(&refusal), Answer::Refused(_)), "{refusal}");
        }
        for trouble in [
            ConnectError::unavailable("x"),
            ConnectError::internal("x"),
            ConnectError::failed_precondition("x"),
            ConnectError::deadline_exceeded("x"),
        ] {
            assert!(matches!(answer(&trouble), Answer::Unavailable { .. }), "{trouble}");
        }
    }

    #[test]
    fn a_task_is_advised_what_a_task_can_follow() {
        let text = told(&ConnectError::unauthenticated("who are you?"));
        assert!(text.contains(" EAGER_API_KEY") && !text.contains("FLYTE_API_KEY"), "{text}");
    }

    #[test]
    fn only_a_refusal_ends_a_watch_for_good() {
        assert!(matches!(watch_end(&ConnectError::permission_denied("x")), WatchEnd::Refused(_)));
        for passing in
            [ConnectError::canceled("x"), ConnectError::not_found("x"), ConnectError::internal("x")]
        {
            assert!(matches!(watch_end(&passing), WatchEnd::Lost(_)), "{passing}");
        }
    }
}
