//! Runs that a platform executes: a bundle is uploaded, a run is created, watched, and its results are fetched.
//!
//! What the user's task is in its language was decided before: tasks come as specs, values as literals. Reads are
//! repeated while the server is away for a moment; writes too, under one request id by which the server knows them.

mod error;
mod handle;
mod upload;

use std::time::Duration;

use buffa_types::google::protobuf::Duration as WireDuration;
use connectrpc::client::CallOptions;
use connectrpc::{ConnectError, ErrorCode};
use tokio::time::sleep;
use wingbeat_client::{Client, ServerAddr, Settings, Web};
use wingbeat_proto::flyteidl2::common::{
    Filter, ListRequest, OffloadedInputData, ProjectIdentifier, RunIdentifier, Sort, filter, sort,
};
use wingbeat_proto::flyteidl2::dataproxy::{UploadInputsRequest, upload_inputs_request};
use wingbeat_proto::flyteidl2::task::{
    DeployTaskRequest, GetTaskDetailsRequest, Inputs, ListTasksRequest, RunSpec, TaskDetails, TaskIdentifier,
    TaskSpec, TaskTrigger, list_tasks_request,
};
use wingbeat_proto::flyteidl2::workflow::{CreateRunRequest, create_run_request};
use wingbeat_types::{InputError, complete_inputs};

pub use self::error::RemoteError;
pub use self::handle::{LogLine, RunHandle};

/// Tries of one call while the server is away, as often as the stock client's.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// A platform, and the project that is meant there. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Remote {
    client: Client,
    web: Web,
    org: String,
    project: String,
    domain: String,
}

/// Which task is to run.
#[derive(Debug, Clone)]
pub enum RunTask {
    /// One that comes with the call.
    Spec(Box<TaskSpec>),
    /// A deployed one, whole: see [`Remote::task`].
    Deployed(Box<TaskDetails>),
}

/// How a run is to be.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Its name; the server makes one otherwise.
    pub name: Option<String>,
    /// Environment, labels, cache, queue and the rest, as the platform takes them.
    pub spec: RunSpec,
}

/// A deployed task as people name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskReference {
    /// The project, if not the one that is meant anyway.
    pub project: Option<String>,
    /// The domain, if not the one that is meant anyway.
    pub domain: Option<String>,
    /// Its full name: `environment.task`.
    pub name: String,
    /// Its version; the latest otherwise.
    pub version: Option<String>,
}

impl Remote {
    /// The platform and project that `settings` name. Nothing is sent before the first call, which has to be made in
    /// a tokio runtime, as this has.
    pub fn new(settings: &Settings) -> Self {
        Self::with_client(settings.client(), &settings.org, &settings.project, &settings.domain)
    }

    /// A project of the platform at `addr`, which is shown nothing.
    pub fn at(addr: ServerAddr, org: &str, project: &str, domain: &str) -> Self {
        Self::with_client(Client::new(addr), org, project, domain)
    }

    /// A project of the platform that `client` speaks to: for tasks, whose process was told these.
    pub(crate) fn with_client(client: Client, org: &str, project: &str, domain: &str) -> Self {
        Self {
            client,
            web: Web::default(),
            org: org.to_owned(),
            project: project.to_owned(),
            domain: domain.to_owned(),
        }
    }

    /// Creates a run.
    ///
    /// # Errors
    /// [`RemoteError::Inputs`]: they do not fit the task. Otherwise the platform refused it or could not be asked.
    pub async fn run(
        &self,
        task: RunTask,
        inputs: Inputs,
        options: RunOptions,
    ) -> Result<RunHandle, RemoteError> {
        let (spec, deployed) = match task {
            RunTask::Spec(spec) => (self.located(*spec), None),
            RunTask::Deployed(mut details) => {
                (details.spec.take().unwrap_or_default(), details.task_id.take())
            }
        };
        let inputs = complete(&spec, inputs)?;
        let offloaded = self.upload_inputs(&spec, deployed.as_ref(), inputs, &options).await?;
        let id = match &options.name {
            Some(name) => create_run_request::Id::RunId(Box::new(self.run_id(name))),
            None => create_run_request::Id::ProjectId(Box::new(self.project_id())),
        };
        let task = match deployed {
            Some(id) => create_run_request::Task::TaskId(Box::new(id)),
            None => create_run_request::Task::TaskSpec(Box::new(spec)),
        };
        let request = CreateRunRequest {
            id: Some(id),
            task: Some(task),
            input_wrapper: Some(create_run_request::InputWrapper::OffloadedInputData(Box::new(offloaded))),
            run_spec: options.spec.into(),
            ..Default::default()
        };
        let client = self.client.runs();
        let call = |options| client.create_run_with_options(request.clone(), options);
        let mut answer = write("create the run", call).await?.into_owned();
        let action = answer.run.get_or_insert_default().action.take().unwrap_or_default();
        let mut id = action.id.into_option().unwrap_or_default();
        let run = id.run.take().filter(|run| !run.name.is_empty()).ok_or(RemoteError::NoRun)?;
        Ok(RunHandle::new(self.clone(), run))
    }

    /// A run that exists, by its name in this project.
    pub fn existing_run(&self, name: &str) -> RunHandle {
        RunHandle::new(self.clone(), self.run_id(name))
    }

    /// Deploys a task; deploying the same version again is harmless. No triggers leave those alone that it has.
    ///
    /// # Errors
    /// The platform refused it or could not be asked.
    pub async fn deploy(
        &self,
        spec: TaskSpec,
        triggers: Vec<TaskTrigger>,
    ) -> Result<TaskIdentifier, RemoteError> {
        let spec = self.located(spec);
        let of = &spec.task_template.id;
        let task_id = TaskIdentifier {
            org: of.org.clone(),
            project: of.project.clone(),
            domain: of.domain.clone(),
            name: of.name.clone(),
            version: of.version.clone(),
            ..Default::default()
        };
        let request = DeployTaskRequest {
            task_id: task_id.clone().into(),
            spec: spec.into(),
            triggers,
            ..Default::default()
        };
        let client = self.client.tasks();
        let call = |options| client.deploy_task_with_options(request.clone(), options);
        match write("deploy the task", call).await {
            Ok(_) => Ok(task_id),
            Err(error) if error.code() == Some(ErrorCode::AlreadyExists) => Ok(task_id),
            Err(error) => Err(error),
        }
    }

    /// A deployed task, whole, so that it can be run, or called by another task.
    ///
    /// # Errors
    /// [`RemoteError::NoTask`]: nothing of this name or version is deployed.
    pub async fn task(&self, reference: &TaskReference) -> Result<TaskDetails, RemoteError> {
        let missing =
            || RemoteError::NoTask { name: reference.name.clone(), version: reference.version.clone() };
        let version = match &reference.version {
            Some(version) => version.clone(),
            None => self.latest_version(reference).await?.ok_or_else(missing)?,
        };
        let task_id = TaskIdentifier {
            org: self.org.clone(),
            project: reference.project.clone().unwrap_or_else(|| self.project.clone()),
            domain: reference.domain.clone().unwrap_or_else(|| self.domain.clone()),
            name: reference.name.clone(),
            version,
            ..Default::default()
        };
        let request = GetTaskDetailsRequest { task_id: task_id.into(), ..Default::default() };
        let client = self.client.tasks();
        let call = |options| client.get_task_details_with_options(request.clone(), options);
        match write("get the task", call).await {
            Ok(answer) => answer.into_owned().details.into_option().ok_or_else(missing),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => Err(missing()),
            Err(error) => Err(error),
        }
    }

    async fn latest_version(&self, reference: &TaskReference) -> Result<Option<String>, RemoteError> {
        let by_name = Filter {
            function: filter::Function::EQUAL.into(),
            field: "name".to_owned(),
            values: vec![reference.name.clone()],
            ..Default::default()
        };
        let newest = Sort {
            key: "created_at".to_owned(),
            direction: sort::Direction::DESCENDING.into(),
            ..Default::default()
        };
        let list =
            ListRequest { limit: 1, filters: vec![by_name], sort_by: newest.into(), ..Default::default() };
        let mut project = self.project_id();
        if let Some(name) = &reference.project {
            project.name.clone_from(name);
        }
        if let Some(domain) = &reference.domain {
            project.domain.clone_from(domain);
        }
        let request = ListTasksRequest {
            request: list.into(),
            scope_by: Some(list_tasks_request::ScopeBy::ProjectId(Box::new(project))),
            ..Default::default()
        };
        let client = self.client.tasks();
        let call = |options| client.list_tasks_with_options(request.clone(), options);
        let answer = write("list the task's versions", call).await?.into_owned();
        Ok(answer.tasks.into_iter().next().map(|task| task.task_id.version.clone()))
    }

    async fn upload_inputs(
        &self,
        spec: &TaskSpec,
        deployed: Option<&TaskIdentifier>,
        inputs: Inputs,
        options: &RunOptions,
    ) -> Result<OffloadedInputData, RemoteError> {
        let id = match &options.name {
            Some(name) => upload_inputs_request::Id::RunId(Box::new(self.run_id(name))),
            None => upload_inputs_request::Id::ProjectId(Box::new(self.project_id())),
        };
        let task = match deployed {
            Some(id) => upload_inputs_request::Task::TaskId(Box::new(id.clone())),
            None => upload_inputs_request::Task::TaskSpec(Box::new(spec.clone())),
        };
        let request = UploadInputsRequest {
            id: Some(id),
            task: Some(task),
            inputs: inputs.into(),
            base_dir: options.spec.run_base_dir.clone(),
            queue: options.spec.queue.clone(),
            ..Default::default()
        };
        let client = self.client.data_proxy();
        let call = |options| client.upload_inputs_with_options(request.clone(), options);
        let answer = write("upload the inputs", call).await?.into_owned();
        Ok(answer.offloaded_input_data.into_option().unwrap_or_default())
    }

    /// The spec with what its author left open: where it is.
    fn located(&self, mut spec: TaskSpec) -> TaskSpec {
        let id = spec.task_template.get_or_insert_default().id.get_or_insert_default();
        for (part, default) in
            [(&mut id.org, &self.org), (&mut id.project, &self.project), (&mut id.domain, &self.domain)]
        {
            if part.is_empty() {
                part.clone_from(default);
            }
        }
        spec
    }

    fn project_id(&self) -> ProjectIdentifier {
        ProjectIdentifier {
            organization: self.org.clone(),
            name: self.project.clone(),
            domain: self.domain.clone(),
            ..Default::default()
        }
    }

    fn run_id(&self, name: &str) -> RunIdentifier {
        RunIdentifier {
            org: self.org.clone(),
            project: self.project.clone(),
            domain: self.domain.clone(),
            name: name.to_owned(),
            ..Default::default()
        }
    }
}

/// Inputs with the task's defaults, in the order of its interface: what a run or a call of a deployed task takes.
///
/// # Errors
/// The first input that does not fit.
pub fn complete(spec: &TaskSpec, inputs: Inputs) -> Result<Inputs, InputError> {
    let interface = &spec.task_template.interface;
    let mut inputs = complete_inputs(interface, &spec.default_inputs, inputs)?;
    let place = |name: &str| interface.inputs.variables.iter().position(|variable| variable.key == name);
    inputs.literals.sort_by_key(|literal| place(&literal.name));
    Ok(inputs)
}

/// Makes a call, again while the server is away, always under the same request id.
async fn write<T, F>(what: &'static str, call: impl Fn(CallOptions) -> F) -> Result<T, RemoteError>
where
    F: Future<Output = Result<T, ConnectError>>,
{
    let request_id = format!("{:032x}", rand::random::<u128>());
    let mut wait = FIRST_WAIT;
    for tries in 1.. {
        let options = CallOptions::default().with_header("x-request-id", request_id.clone());
        // On the heap: requests with whole tasks in them are large.
        match Box::pin(call(options)).await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.code == ErrorCode::Unavailable && tries < TRIES => {
                sleep(wait).await;
                wait *= 2;
            }
            Err(answer) => return Err(RemoteError::Call { what, answer }),
        }
    }
    unreachable!("the last try returns")
}

/// A span of the wire.
fn wire_duration(span: Duration) -> WireDuration {
    WireDuration::from(span)
}
