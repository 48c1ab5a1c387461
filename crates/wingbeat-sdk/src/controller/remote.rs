//! The controller of a task that a platform runs: children are enqueued there and watched from here.
//!
//! Nothing is connected before the first child, step or condition, so a leaf task costs nothing. What is done when is
//! decided by the state machine in `core`; files are written and read by [`Storage`](crate::storage::Storage).

mod driver;
mod naming;
mod settings;
mod wire;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use buffa::Message as _;
use http::{HeaderName, HeaderValue};
use wingbeat_client::Client;
use wingbeat_proto::flyteidl2::core::{ErrorDocument, Literal};
use wingbeat_proto::flyteidl2::task::Outputs;

use self::driver::{Driver, Means};
use self::naming::Naming;
pub use self::naming::inherited_context;
pub use self::settings::{ControllerLimits, RemoteSettings, SettingsError};
use self::wire::Launch;
pub(crate) use self::wire::{advised, told};
use super::core::event::{Ask, Completion, End, EndPhase};
use super::{
    ChildCall, ConditionCall, Controller, FoundTrace, OpenCondition, TraceCall, TraceOutcome, TraceStep,
};
use crate::condition::{CONDITION_FAILED, CONDITION_TIMED_OUT};
use crate::error::{ABORTED, TIMED_OUT, TaskError};
use crate::storage::{self, MAX_INLINE_BYTES};

/// Code of a result that the platform promised and nobody can read.
const OUTPUTS_MISSING: &str = "ChildOutputsMissing";

/// See the module's text. Lives as long as one attempt of one task.
pub struct RemoteController {
    settings: RemoteSettings,
    naming: Naming,
    driver: Mutex<Option<Arc<Driver>>>,
    is_finished: AtomicBool,
}

impl std::fmt::Debug for RemoteController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteController").field("identity", &self.settings.identity).finish_non_exhaustive()
    }
}

impl RemoteController {
    /// A controller that connects when it is first asked for something, in the tokio runtime that asks.
    pub fn new(settings: RemoteSettings) -> Self {
        Self {
            settings,
            naming: Naming::default(),
            driver: Mutex::new(None),
            is_finished: AtomicBool::new(false),
        }
    }

    async fn ask(&self, name: &str, ask: Ask, launch: Option<Launch>) -> Result<Completion, TaskError> {
        match self.driver()?.ask(name, ask, launch).await {
            Completion::Failed(error) => Err(error),
            completion @ (Completion::Ended(_) | Completion::Accepted | Completion::Unknown) => {
                Ok(completion)
            }
        }
    }

    fn driver(&self) -> Result<Arc<Driver>, TaskError> {
        let mut driver = self.driver.lock().expect("nobody panics while holding it");
        if self.is_finished.load(Ordering::Acquire) {
            let message = "the task has ended; it can ask for nothing any more";
            return Err(TaskError::system("TaskFinished", message));
        }
        if let Some(driver) = &*driver {
            return Ok(Arc::clone(driver));
        }
        let settings = &self.settings;
        let client = self.client()?;
        let means = Means {
            actions: client.actions(),
            client,
            identity: settings.identity.clone(),
            storage: settings.storage.clone(),
            limits: settings.limits.into(),
            calls_per_second: settings.limits.calls_per_second,
        };
        Ok(Arc::clone(driver.insert(Arc::new(Driver::start(means)))))
    }

    /// A client whose calls say for which action they are made, as the stock SDK's do.
    fn client(&self) -> Result<Client, TaskError> {
        let identity = &self.settings.identity;
        let headers = [
            ("x-actions-project", &identity.project),
            ("x-actions-domain", &identity.domain),
            ("x-actions-run", &identity.run),
            ("x-actions-parent-action", &identity.action),
        ];
        let mut client = self.settings.client();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| {
                TaskError::system("BadIdentity", format!("`{value}` cannot stand in a header"))
            })?;
            client = client.with_header(HeaderName::from_static(name), value);
        }
        Ok(client)
    }

    async fn outputs(&self, uri: &str) -> Result<Outputs, TaskError> {
        let bytes = self.settings.storage.read(uri, MAX_INLINE_BYTES).await?;
        Outputs::decode_from_slice(&bytes).map_err(|error| {
            TaskError::system("ChildOutputsUnreadable", format!("`{uri}` holds no outputs: {error}"))
        })
    }

    async fn child_outputs(&self, end: &End, action: &str, has_outputs: bool) -> Result<Outputs, TaskError> {
        if !has_outputs {
            return Ok(Outputs::default());
        }
        if end.output_uri.is_empty() {
            let message = format!(
                "action {action} has ended well, but the platform does not say where its outputs are"
            );
            return Err(TaskError::system(OUTPUTS_MISSING, message));
        }
        self.outputs(&storage::join(&end.output_uri, "outputs.pb")).await
    }

    /// What a failed child says of its failure: as the platform tells it, or as the child wrote it.
    async fn child_error(&self, end: &End, action: &str) -> TaskError {
        if let Some(error) = &end.error {
            return TaskError::from(&**error);
        }
        let folder = storage::join(&storage::join(&self.settings.run_base, action), "1");
        let uri = storage::join(&folder, "error.pb");
        let read = self.settings.storage.read(&uri, MAX_INLINE_BYTES).await;
        match read.ok().and_then(|bytes| ErrorDocument::decode_from_slice(&bytes).ok()) {
            Some(document) => TaskError::from(&document),
            None => TaskError::system("Unknown", format!("action {action} failed, and nobody says why")),
        }
    }
}

fn aborted(action: &str) -> TaskError {
    TaskError::user(ABORTED, format!("action {action} was aborted"))
}

fn timed_out(end: &End, action: &str) -> TaskError {
    match &end.error {
        Some(error) => TaskError::from(&**error),
        None => TaskError::user(TIMED_OUT, format!("action {action} ran out of time")),
    }
}

#[async_trait]
impl Controller for RemoteController {
    async fn run_child(&self, call: ChildCall) -> Result<Outputs, TaskError> {
        let name = self.naming.child(&call);
        let has_outputs = !call.task.spec().task_template.interface.outputs.variables.is_empty();
        let launch = wire::child(call, &name, &self.settings.run_base)?;
        let completion = self.ask(&name.action, Ask::Child, Some(launch)).await?;
        let Completion::Ended(end) = completion else { return Err(unexpected(&name.action)) };
        let error = match end.phase {
            EndPhase::Succeeded => return self.child_outputs(&end, &name.action, has_outputs).await,
            EndPhase::Failed => self.child_error(&end, &name.action).await,
            EndPhase::Aborted => aborted(&name.action),
            EndPhase::TimedOut => timed_out(&end, &name.action),
        };
        // Whether its parent may try again is for the parent's own retries to say, as with the stock SDK: platforms
        // that do not tell whether a child's error was recoverable would otherwise end every parent.
        Err(TaskError { recoverable: true, ..error })
    }

    async fn find_trace(&self, call: TraceCall) -> Result<FoundTrace, TaskError> {
        let action = self.naming.trace(&call);
        let completion = self.ask(&action, Ask::Recorded, None).await?;
        let outcome = match completion {
            Completion::Ended(end) => match (end.phase, &end.error) {
                (EndPhase::Succeeded, _) if !end.output_uri.is_empty() => {
                    Some(TraceOutcome::Succeeded(self.outputs(&end.output_uri).await?))
                }
                // A failure that may pass is not replayed: it would poison every attempt.
                (EndPhase::Failed, Some(error)) => Some(TaskError::from(&**error))
                    .filter(|error| !error.recoverable)
                    .map(TraceOutcome::Failed),
                (EndPhase::Succeeded | EndPhase::Failed | EndPhase::Aborted | EndPhase::TimedOut, _) => None,
            },
            Completion::Accepted | Completion::Unknown | Completion::Failed(_) => None,
        };
        Ok(FoundTrace { step: TraceStep { call, action, started_at: SystemTime::now() }, outcome })
    }

    async fn record_trace(&self, step: TraceStep, outcome: TraceOutcome) -> Result<(), TaskError> {
        let name = step.action.clone();
        let launch = wire::trace(step, &outcome, &self.settings.run_base)?;
        self.ask(&name, Ask::Record, Some(launch)).await.map(drop)
    }

    async fn open_condition(&self, call: ConditionCall) -> Result<OpenCondition, TaskError> {
        let action = self.naming.condition(&call);
        let launch = wire::condition(call.clone(), &action, &self.settings.run_base);
        self.ask(&action, Ask::Open, Some(launch)).await?;
        Ok(OpenCondition { call, action })
    }

    async fn wait_condition(&self, condition: OpenCondition) -> Result<Literal, TaskError> {
        let name = &condition.call.condition.name;
        let completion = self.ask(&condition.action, Ask::Value, None).await?;
        let Completion::Ended(end) = completion else { return Err(unexpected(&condition.action)) };
        match (end.phase, &end.value) {
            (EndPhase::Succeeded, Some(value)) => Ok((**value).clone()),
            (EndPhase::Succeeded, None) => {
                let message =
                    format!("condition {name} was given a value, but the platform does not say which");
                Err(TaskError::system(OUTPUTS_MISSING, message))
            }
            (EndPhase::TimedOut, _) => {
                let message = format!("nobody gave condition {name} a value in time");
                Err(TaskError::user(CONDITION_TIMED_OUT, message))
            }
            (EndPhase::Aborted, _) => Err(TaskError::user(ABORTED, format!("condition {name} was aborted"))),
            (EndPhase::Failed, _) => {
                let why = end.error.as_ref().map_or("nobody says why", |error| &error.message);
                Err(TaskError::user(CONDITION_FAILED, format!("condition {name} failed: {why}")))
            }
        }
    }

    async fn finish(&self) {
        let driver = {
            let mut driver = self.driver.lock().expect("nobody panics while holding it");
            self.is_finished.store(true, Ordering::Release);
            driver.take()
        };
        if let Some(driver) = driver {
            driver.finish().await;
        }
    }
}

fn unexpected(action: &str) -> TaskError {
    TaskError::system("Unknown", format!("it is not known how action {action} ended"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::TcpListener;

    use wingbeat_proto::flyteidl2::task::TaskSpec;

    use super::{Controller as _, RemoteController, RemoteSettings};
    use crate::controller::ChildCall;

    fn settings(endpoint: String) -> RemoteSettings {
        let variables = [
            ("_U_ORG_NAME", "o".to_owned()),
            ("FLYTE_INTERNAL_EXECUTION_PROJECT", "p".to_owned()),
            ("FLYTE_INTERNAL_EXECUTION_DOMAIN", "d".to_owned()),
            ("RUN_NAME", "r1".to_owned()),
            ("ACTION_NAME", "a0".to_owned()),
            ("_U_RUN_BASE", "/nowhere".to_owned()),
            ("_U_EP_OVERRIDE", endpoint),
            ("_U_INSECURE", "true".to_owned()),
        ];
        let variables: HashMap<_, _> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        RemoteSettings::from_variables(&variables).unwrap()
    }

    #[tokio::test]
    async fn a_task_without_children_never_connects() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let settings = settings(listener.local_addr().unwrap().to_string());
        let call = ChildCall {
            parent: settings.identity.clone(),
            group: None,
            task: crate::controller::CalledTask::new(TaskSpec::default()),
            inputs: wingbeat_proto::flyteidl2::task::Inputs::default(),
            queue: None,
        };
        let controller = RemoteController::new(settings);
        controller.finish().await;
        controller.finish().await;
        assert_eq!(controller.run_child(call).await.unwrap_err().code, "TaskFinished");
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}
