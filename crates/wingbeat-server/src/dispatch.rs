//! Turns what the engine decided into messages for executors: assignments with everything that a
//! process needs to start, and stops.

use std::sync::Arc;

use buffa::Message as _;
use tokio::sync::mpsc;
use wingbeat_blob::{BlobStore, RunPaths, ScopeKey};
use wingbeat_engine::{Command, Report, ReportKind};
use wingbeat_model::{Action, ActionKey, AttemptKey, Digest, Fence, Run, RunId, SessionId, Span, Timestamp};
use wingbeat_model::{Failure, FailureClass};
use wingbeat_proto::flyteidl2::core::TaskTemplate;
use wingbeat_proto::flyteidl2::task::{RunSpec, TaskSpec};
use wingbeat_proto::wingbeat::executor::v1::{self as wire, server_message};
use wingbeat_store::{Metadata, ReadError};

use crate::driver::DriverHandle;
use crate::kept::Kept;
use crate::sessions::Sessions;

/// Time between SIGTERM and SIGKILL.
const STOP_GRACE: Span = Span::from_secs(10);

/// One message to send.
#[derive(Debug, Clone)]
pub enum Order {
    /// Start an attempt.
    Assign {
        /// Which.
        attempt: AttemptKey,
        /// Its fence.
        fence: Fence,
        /// Whose.
        session: SessionId,
        /// What its row says of what is to be done; read when it is not at hand.
        work: Option<Work>,
    },
    /// Stop an attempt's process.
    Stop {
        /// Which.
        attempt: AttemptKey,
        /// Its fence.
        fence: Fence,
        /// Whose.
        session: SessionId,
        /// Why, for people.
        reason: String,
    },
}

/// What an attempt does. An action's row says it.
#[derive(Debug, Clone)]
pub struct Work {
    spec: Digest,
    input_uri: String,
    run: Option<Box<Run>>,
}

impl Work {
    /// Of an action, and of its run if that is at hand: nobody has read the row of one that begins.
    pub(crate) fn new(action: &Action, run: Option<&Run>) -> Self {
        let run = run.map(|run| Box::new(run.clone()));
        Self { spec: action.spec, input_uri: action.input_uri.clone(), run }
    }
}

/// Why an assignment could not be made. The attempt is worked out anew when its session connects again.
#[derive(Debug, thiserror::Error)]
enum AssignError {
    #[error("could not read what the attempt runs")]
    Read(#[from] ReadError),
    #[error("{0} is not in the store")]
    Missing(&'static str),
    #[error("a stored spec cannot be decoded")]
    Decode(#[from] buffa::DecodeError),
    #[error("a stored name makes no path")]
    Path(#[from] wingbeat_blob::PathError),
}

/// Hands orders to the task that sends them.
#[derive(Clone)]
pub struct Dispatcher(mpsc::UnboundedSender<Order>);

impl Dispatcher {
    /// A dispatcher and what its task reads.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Order>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Sends soon; orders keep their order.
    pub fn send(&self, order: Order) {
        // A closed channel means shutdown; the order is worked out anew from the rows at the next start.
        let _ = self.0.send(order);
    }
}

/// What the sending task works with.
pub struct Sender {
    store: Arc<dyn Metadata>,
    blob: BlobStore,
    sessions: Sessions,
    driver: DriverHandle,
    again: Dispatcher,
    templates: Kept<Digest, Arc<TaskTemplate>>,
    runs: Kept<RunId, Arc<RunTerms>>,
    envs: Kept<Digest, Arc<Env>>,
}

/// Environment variables of runs with one spec.
type Env = Vec<(String, String)>;

/// What all attempts of a run share.
struct RunTerms {
    run: Run,
    env: Arc<Env>,
}

impl Sender {
    /// Sends what orders ask for.
    pub fn new(
        store: Arc<dyn Metadata>,
        blob: BlobStore,
        sessions: Sessions,
        driver: DriverHandle,
        again: Dispatcher,
    ) -> Self {
        let (templates, runs, envs) = (Kept::default(), Kept::default(), Kept::default());
        Self { store, blob, sessions, driver, again, templates, runs, envs }
    }

    /// Works until the dispatcher is gone.
    pub async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Assign { attempt, fence, session, work } => {
                    self.assign(attempt, fence, &session, work).await;
                }
                Order::Stop { attempt, fence, session, reason } => {
                    let stop = wire::Stop {
                        r#ref: attempt_ref(&attempt, fence).into(),
                        reason,
                        ..Default::default()
                    };
                    self.sessions.send(&session, message(server_message::Kind::Stop(Box::new(stop))));
                }
            }
        }
    }

    async fn assign(&mut self, attempt: AttemptKey, fence: Fence, session: &SessionId, work: Option<Work>) {
        if !self.sessions.is_open(session) {
            // It is worked out anew where the session connects.
            return;
        }
        match self.assignment(&attempt, fence, work).await {
            Ok(assignment) => {
                let kind = server_message::Kind::Assignment(Box::new(assignment));
                self.sessions.send(session, message(kind));
            }
            Err(error) => {
                let action = attempt.action.name.as_str();
                tracing::error!(run_id = attempt.action.run.0, action, %error, "assignment could not be made");
                self.not_assigned(attempt, fence, session, &error).await;
            }
        }
    }

    /// Nobody else would notice: what may work later is tried again, the rest fails the attempt.
    async fn not_assigned(
        &self,
        attempt: AttemptKey,
        fence: Fence,
        session: &SessionId,
        error: &AssignError,
    ) {
        let session = session.clone();
        if matches!(error, AssignError::Read(ReadError::Unavailable(_))) {
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            self.again.send(Order::Assign { attempt, fence, session, work: None });
            return;
        }
        let failure = Failure {
            class: FailureClass::System,
            code: "AssignmentFailed".to_owned(),
            message: format!("the server could not prepare the attempt: {error}"),
            recoverable: false,
            worker: String::new(),
            wire_kind: 2,
        };
        let kind = ReportKind::Failed { failure, report_uri: None };
        let report = Report { attempt, fence, session, at: Timestamp::from_micros(i64::MAX), kind };
        // Refused only when the attempt is somebody else's by now; nobody else would say it again.
        while let Err(error) = self.driver.submit(Command::Report(Box::new(report.clone()))).await
            && error.is_transient()
        {
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
    }

    async fn assignment(
        &mut self,
        attempt: &AttemptKey,
        fence: Fence,
        work: Option<Work>,
    ) -> Result<wire::Assignment, AssignError> {
        let action = &attempt.action;
        let work = match work {
            Some(work) => work,
            None => self.work(action).await?,
        };
        let terms = self.run_terms(action.run, work.run).await?;
        let template = self.template(work.spec).await?;
        let (run, key) = (&terms.run, &terms.run.key);
        let scope = ScopeKey { org: &key.scope.org, project: &key.scope.project, domain: &key.scope.domain };
        let paths = RunPaths::new(scope, key.name())?.attempt(action.name.as_str(), attempt.attempt)?;
        let folder = |number: u32| attempt_folder(run, action, number);
        let previous = attempt.attempt.checked_sub(1).filter(|number| *number > 0);
        let raw = if run.raw_prefix.is_empty() {
            self.blob.uri(&paths.raw)
        } else {
            paths.raw_under(&run.raw_prefix)
        };
        Ok(wire::Assignment {
            r#ref: attempt_ref(attempt, fence).into(),
            org: key.scope.org.to_string(),
            project: key.scope.project.to_string(),
            domain: key.scope.domain.to_string(),
            run: key.name().to_owned(),
            template: template.as_ref().clone().into(),
            input_uri: crate::use_cases::inputs::file_of(&work.input_uri),
            run_output_base: run.base.clone(),
            output_prefix: folder(attempt.attempt),
            raw_data_prefix: raw,
            checkpoint_uri: format!("{}/_flytecheckpoints", folder(attempt.attempt)),
            prev_checkpoint_uri: previous
                .map(|n| format!("{}/_flytecheckpoints", folder(n)))
                .unwrap_or_default(),
            env: terms.env.iter().cloned().collect(),
            run_start_time: wire_time(run.start_time).into(),
            stop_grace: buffa_types::google::protobuf::Duration::from(STOP_GRACE.to_std()).into(),
            log_prefix: paths.logs.as_str().to_owned(),
            ..Default::default()
        })
    }

    async fn work(&self, action: &ActionKey) -> Result<Work, AssignError> {
        let row = self.store.find_action(action).await?.ok_or(AssignError::Missing("the action"))?;
        Ok(Work::new(&row, None))
    }

    async fn run_terms(&mut self, id: RunId, run: Option<Box<Run>>) -> Result<Arc<RunTerms>, AssignError> {
        if let Some(known) = self.runs.get(&id) {
            return Ok(known);
        }
        let run = match run {
            Some(run) => *run,
            None => self.store.get_runs(&[id]).await?.pop().ok_or(AssignError::Missing("the run"))?,
        };
        let env = self.env(run.spec).await?;
        let terms = Arc::new(RunTerms { run, env });
        self.runs.put(id, terms.clone());
        Ok(terms)
    }

    async fn env(&mut self, digest: Digest) -> Result<Arc<Env>, AssignError> {
        if let Some(known) = self.envs.get(&digest) {
            return Ok(known);
        }
        let bytes = self.store.find_spec(&digest).await?.ok_or(AssignError::Missing("the run's spec"))?;
        let spec = RunSpec::decode_from_slice(&bytes)?;
        let env = spec.envs.values.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect();
        let env = Arc::new(env);
        self.envs.put(digest, Arc::clone(&env));
        Ok(env)
    }

    async fn template(&mut self, digest: Digest) -> Result<Arc<TaskTemplate>, AssignError> {
        if let Some(known) = self.templates.get(&digest) {
            return Ok(known);
        }
        let bytes = self.store.find_spec(&digest).await?.ok_or(AssignError::Missing("the task's spec"))?;
        let mut spec = TaskSpec::decode_from_slice(&bytes)?;
        let template = Arc::new(spec.task_template.take().unwrap_or_default());
        self.templates.put(digest, template.clone());
        Ok(template)
    }
}

/// The folder of an attempt: outputs.pb, error.pb and report.html lie in it.
pub fn attempt_folder(run: &Run, action: &ActionKey, attempt: u32) -> String {
    format!("{}{}/{attempt}", run.base, action.name)
}

/// The file of an action's inputs; clients name the file or the folder it lies in.
pub fn input_file(action: &Action) -> String {
    crate::use_cases::inputs::file_of(&action.input_uri)
}

/// Wraps a message of the server.
pub fn message(kind: server_message::Kind) -> wire::ServerMessage {
    wire::ServerMessage { kind: Some(kind), ..Default::default() }
}

/// An attempt as executors name it.
pub fn attempt_ref(attempt: &AttemptKey, fence: Fence) -> wire::AttemptRef {
    wire::AttemptRef {
        run_id: attempt.action.run.0,
        action: attempt.action.name.as_str().to_owned(),
        attempt: attempt.attempt,
        fence: fence.0,
        ..Default::default()
    }
}

fn wire_time(at: Timestamp) -> buffa_types::google::protobuf::Timestamp {
    let (seconds, nanos) = at.to_parts();
    buffa_types::google::protobuf::Timestamp::from_unix(seconds, nanos)
}
