//! The calls that the load consists of.

use std::error::Error;
use std::fs;

use wingbeat_client::{Client, Connection, ServerAddr, is_terminal};
use wingbeat_proto::flyteidl2::actions::{
    Action, EnqueueRequest, WatchForUpdatesRequest, WatchForUpdatesResponse, WatchForUpdatesResponseView,
    action, watch_for_updates_request, watch_for_updates_response,
};
use wingbeat_proto::flyteidl2::common::{ActionIdentifier, ActionPhase, ProjectIdentifier, RunIdentifier};
use wingbeat_proto::flyteidl2::core::{
    Container, Identifier, KeyValuePair, ResourceType, TaskTemplate, task_template,
};
use wingbeat_proto::flyteidl2::task::{GetTaskDetailsRequest, TaskIdentifier, TaskSpec};
use wingbeat_proto::flyteidl2::workflow::{
    AbortRunRequest, CreateRunRequest, GetActionDataURIsRequest, TaskAction, WatchActionDetailsRequest,
    WatchActionDetailsResponse, create_run_request,
};

pub(crate) type Anyhow = Box<dyn Error + Send + Sync>;

const PROJECT: &str = wingbeat_client::DEFAULT_PROJECT;
const DOMAIN: &str = wingbeat_client::DEFAULT_DOMAIN;
const ROOT: &str = "a0";

/// How long a root waits for its children: longer than any measurement.
const ROOT_MS: u32 = 36_000_000;

/// Milliseconds that the simulated executor lets an attempt live.
const SIM_MS: &str = "WINGBEAT_SIM_MS";

pub(crate) struct Platform {
    pub(crate) client: Client,
}

/// A stream of messages from the server.
pub(crate) type Stream<M> =
    connectrpc::client::ServerStream<<Connection as connectrpc::client::ClientTransport>::ResponseBody, M>;

/// A run whose root stays alive, and where its data goes.
pub(crate) struct Run {
    pub(crate) id: RunIdentifier,
    base: String,
}

/// What children run.
pub(crate) struct ChildTask {
    id: TaskIdentifier,
    spec: TaskSpec,
}

impl ChildTask {
    /// One that takes `sim_ms` on a simulated executor.
    pub(crate) fn simulated(sim_ms: u32) -> Self {
        let id = TaskIdentifier {
            project: PROJECT.to_owned(),
            domain: DOMAIN.to_owned(),
            name: "load.child".to_owned(),
            version: "1".to_owned(),
            ..Default::default()
        };
        Self { id, spec: task_spec("load.child", sim_ms) }
    }
}

pub(crate) struct Watch {
    stream: Stream<WatchForUpdatesResponseView<'static>>,
}

impl Platform {
    pub(crate) fn new(addr: ServerAddr) -> Self {
        Self { client: Client::new(addr) }
    }

    /// Where the server is.
    pub(crate) fn addr(&self) -> ServerAddr {
        self.client.addr().clone()
    }

    /// Creates a run of one task and waits for its end.
    pub(crate) async fn one_run(&self) -> Result<(), Anyhow> {
        self.one_run_of(simulated(0)).await
    }

    /// The same with a task that is told apart: simulated, or deployed and without required inputs.
    pub(crate) async fn one_run_of(&self, task: create_run_request::Task) -> Result<(), Anyhow> {
        let id = self.create_run(task).await?;
        let request = WatchActionDetailsRequest { action_id: action(&id, ROOT).into(), ..Default::default() };
        let mut stream = self.client.runs().watch_action_details(request).await?;
        while let Some(message) = stream.message::<WatchActionDetailsResponse>().await? {
            let phase = message.to_owned_message().details.status.phase.as_known();
            match phase {
                Some(ActionPhase::ACTION_PHASE_SUCCEEDED) => return Ok(()),
                Some(phase) if is_terminal(phase) => {
                    return Err(format!("run {} ended as {phase:?}", id.name).into());
                }
                _ => {}
            }
        }
        Err(format!("the watch of run {} ended before the run did", id.name).into())
    }

    /// Creates a run whose root lives long enough to get children.
    pub(crate) async fn run_with_waiting_root(&self) -> Result<Run, Anyhow> {
        self.run_with_root(simulated(ROOT_MS)).await
    }

    /// The same with a root that is told apart: simulated, or deployed and without required inputs.
    pub(crate) async fn run_with_root(&self, root: create_run_request::Task) -> Result<Run, Anyhow> {
        let id = self.create_run(root).await?;
        let request = GetActionDataURIsRequest { action_id: action(&id, ROOT).into(), ..Default::default() };
        let uris = self.client.runs().get_action_data_ur_is(request).await?.into_owned();
        let base = run_base(&id, &uris.inputs_uri)
            .ok_or_else(|| format!("no data folder of run {} can be told from {uris:?}", id.name))?;
        Ok(Run { id, base })
    }

    /// Stores what all children are given, which is nothing. As a parent does on one machine: in the folder that it is told.
    pub(crate) fn store_inputs(run: &Run) -> Result<(), Anyhow> {
        fs::create_dir_all(&run.base)?;
        Ok(fs::write(inputs_of(run), b"")?)
    }

    /// A deployed task, as children run it.
    pub(crate) async fn deployed_child(&self, written: &str) -> Result<ChildTask, Anyhow> {
        let id = deployed_id(written)?;
        let request = GetTaskDetailsRequest { task_id: id.into(), ..Default::default() };
        let details = self.client.tasks().get_task_details(request).await?.into_owned().details;
        Ok(ChildTask { id: (*details.task_id).clone(), spec: (*details.spec).clone() })
    }

    /// Opens the watch and reads up to the end of the snapshot.
    pub(crate) async fn watch_children(&self, run: &Run) -> Result<Watch, Anyhow> {
        let parent = action(&run.id, ROOT);
        let filter = Some(watch_for_updates_request::Filter::ParentActionId(Box::new(parent)));
        let request = WatchForUpdatesRequest { filter, ..Default::default() };
        let mut watch = Watch { stream: self.client.actions().watch_for_updates(request).await? };
        while !matches!(watch.next().await?, watch_for_updates_response::Message::ControlMessage(_)) {}
        Ok(watch)
    }

    /// Adds a child.
    pub(crate) async fn enqueue(&self, run: &Run, name: &str, task: &ChildTask) -> Result<(), Anyhow> {
        let spec = TaskAction {
            id: TaskIdentifier { org: run.id.org.clone(), ..task.id.clone() }.into(),
            spec: task.spec.clone().into(),
            ..Default::default()
        };
        let child = Action {
            action_id: action(&run.id, name).into(),
            parent_action_name: Some(ROOT.to_owned()),
            input_uri: inputs_of(run),
            run_output_base: run.base.clone(),
            spec: Some(action::Spec::Task(Box::new(spec))),
            ..Default::default()
        };
        let request = EnqueueRequest { action: child.into(), ..Default::default() };
        self.client.actions().enqueue(request).await?;
        Ok(())
    }

    pub(crate) async fn abort(&self, run: &Run) -> Result<(), Anyhow> {
        let reason = Some("the measurement is over".to_owned());
        let request = AbortRunRequest { run_id: run.id.clone().into(), reason, ..Default::default() };
        self.client.runs().abort_run(request).await?;
        Ok(())
    }

    async fn create_run(&self, task: create_run_request::Task) -> Result<RunIdentifier, Anyhow> {
        let request = CreateRunRequest {
            id: Some(create_run_request::Id::ProjectId(Box::new(project()))),
            task: Some(task),
            ..Default::default()
        };
        let answer = self.client.runs().create_run(request).await?.into_owned();
        Ok(answer.run.action.id.run.clone().into_option().ok_or("the new run has no identifier")?)
    }
}

impl Watch {
    /// Name of the next child that ended; `None` for news that are no end.
    pub(crate) async fn next_terminal(&mut self) -> Result<Option<String>, Anyhow> {
        let watch_for_updates_response::Message::ActionUpdate(update) = self.next().await? else {
            return Ok(None);
        };
        let ended = update.phase.as_known().is_some_and(is_terminal);
        Ok(ended.then(|| update.action_id.name.clone()))
    }

    async fn next(&mut self) -> Result<watch_for_updates_response::Message, Anyhow> {
        loop {
            let message = self.stream.message::<WatchForUpdatesResponse>().await?;
            let message = message.ok_or("the watch ended before the children did")?;
            if let Some(message) = message.to_owned_message().message {
                return Ok(message);
            }
        }
    }
}

fn inputs_of(run: &Run) -> String {
    format!("{}/inputs.pb", run.base)
}

/// A deployed task as a person writes it: `environment.function@version`.
pub(crate) fn deployed(written: &str) -> Result<create_run_request::Task, Anyhow> {
    Ok(create_run_request::Task::TaskId(Box::new(deployed_id(written)?)))
}

fn deployed_id(written: &str) -> Result<TaskIdentifier, Anyhow> {
    let (name, version) = written.split_once('@').ok_or_else(|| {
        format!("a deployed task is written as environment.function@version, not `{written}`")
    })?;
    Ok(TaskIdentifier {
        project: PROJECT.to_owned(),
        domain: DOMAIN.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Default::default()
    })
}

/// A task that takes this long on a simulated executor.
pub(crate) fn simulated(sim_ms: u32) -> create_run_request::Task {
    create_run_request::Task::TaskSpec(Box::new(task_spec("load.root", sim_ms)))
}

/// Where a run's data goes. A task is told by its executor; from outside it follows from where inputs
/// lie: `<root>/offloaded-inputs/<org>/<project>/<domain>/<hash>/inputs.pb`, or below the run's folder.
fn run_base(run: &RunIdentifier, inputs_uri: &str) -> Option<String> {
    let below_run = format!("/{}/", run.name);
    if let Some(at) = inputs_uri.find(&below_run) {
        return Some(inputs_uri[..at + below_run.len() - 1].to_owned());
    }
    let (root, rest) = inputs_uri.split_once("/offloaded-inputs/")?;
    let scope: Vec<&str> = rest.split('/').take(3).collect();
    Some(format!("{root}/runs/{}/{}", scope.join("/"), run.name))
}

/// Where all runs of the load are.
pub(crate) fn project() -> ProjectIdentifier {
    ProjectIdentifier { name: PROJECT.to_owned(), domain: DOMAIN.to_owned(), ..Default::default() }
}

pub(crate) fn action(run: &RunIdentifier, name: &str) -> ActionIdentifier {
    ActionIdentifier { run: run.clone().into(), name: name.to_owned(), ..Default::default() }
}

fn task_spec(name: &str, sim_ms: u32) -> TaskSpec {
    let id = Identifier {
        resource_type: ResourceType::TASK.into(),
        project: PROJECT.to_owned(),
        domain: DOMAIN.to_owned(),
        name: name.to_owned(),
        version: "1".to_owned(),
        ..Default::default()
    };
    let env = KeyValuePair { key: SIM_MS.to_owned(), value: sim_ms.to_string(), ..Default::default() };
    let container = Container {
        image: "simulated".to_owned(),
        args: vec!["a0".to_owned()],
        env: vec![env],
        ..Default::default()
    };
    let template = TaskTemplate {
        id: id.into(),
        r#type: "python".to_owned(),
        target: Some(task_template::Target::Container(Box::new(container))),
        ..Default::default()
    };
    TaskSpec { task_template: template.into(), short_name: name.to_owned(), ..Default::default() }
}
