//! What a task's code can ask about the run around it. A task-local value carries it, so that a function deep inside
//! needs no argument for it; code that runs in a task of its own on the runtime takes it along with [`carried`].

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::controller::remote::RemoteSettings;
use crate::controller::{ActionIdentity, Controller};
use crate::data;
use crate::deployed::DeployedTasks;
use crate::failure::{Error, Result};
use crate::local::LocalRun;
use crate::report::Tabs;
use crate::spec::Serialization;
use crate::storage::Storage;

tokio::task_local! {
    static CURRENT: Scope;
}

/// What all tasks of a run share.
#[derive(Debug)]
pub(crate) struct RunContext {
    pub(crate) org: String,
    pub(crate) project: String,
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) started_at: Timestamp,
    /// How tasks that are called are made known to the platform.
    pub(crate) serialization: Serialization,
}

/// Where an attempt's files go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Folder of `outputs.pb` and the report.
    pub(crate) outputs: String,
    /// Folder of files that the task makes.
    pub(crate) raw_data: String,
    pub(crate) checkpoint: String,
    /// Empty in a first attempt.
    pub(crate) previous_checkpoint: String,
}

/// One attempt of one task.
pub(crate) struct TaskContext {
    pub(crate) run: Arc<RunContext>,
    pub(crate) action: String,
    /// From 0.
    pub(crate) attempt: u32,
    pub(crate) places: Places,
    pub(crate) report: Tabs,
    pub(crate) controller: Arc<dyn Controller>,
    pub(crate) storage: Storage,
    /// The platform that runs it, if one does.
    pub(crate) platform: Option<RemoteSettings>,
    /// Deployed tasks that it called, as they were at the first call.
    pub(crate) deployed: tokio::sync::Mutex<DeployedTasks>,
    /// The run, where it is a local one.
    pub(crate) local: Option<Arc<LocalRun>>,
    /// How often each step was called, by its key; for local runs.
    pub(crate) steps: Mutex<BTreeMap<String, u64>>,
}

impl TaskContext {
    pub(crate) fn identity(&self) -> ActionIdentity {
        ActionIdentity {
            org: self.run.org.clone(),
            project: self.run.project.clone(),
            domain: self.run.domain.clone(),
            run: self.run.name.clone(),
            action: self.action.clone(),
        }
    }

    /// Writes the report, if there is anything in it.
    pub(crate) async fn flush_report(&self) -> Result<()> {
        match self.report.page() {
            Some(page) => {
                let uri = data::join(&self.places.outputs, "report.html");
                data::write_with(&uri, page.into(), &self.storage).await
            }
            None => Ok(()),
        }
    }

    /// Writes the report at the end of an attempt. How the attempt ended does not depend on it.
    pub(crate) async fn leave_report(&self) {
        if let Err(error) = self.flush_report().await {
            tracing::warn!(action = self.action, %error, "the report could not be written");
        }
    }
}

/// A place in the code of a task: the task, and what surrounds the place.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) task: Arc<TaskContext>,
    pub(crate) group: Option<Arc<str>>,
    /// The step, if it is in one.
    pub(crate) within: Option<Arc<str>>,
    /// Goes down to every child.
    pub(crate) values: Arc<BTreeMap<String, String>>,
}

impl Scope {
    pub(crate) fn new(task: Arc<TaskContext>, values: Arc<BTreeMap<String, String>>) -> Self {
        Self { task, group: None, within: None, values }
    }

    /// Where this code runs; none outside of tasks.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    pub(crate) async fn enter<T>(self, future: impl Future<Output = T>) -> T {
        CURRENT.scope(self, future).await
    }

    pub(crate) fn enter_sync<T>(self, function: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, function)
    }
}

/// The run around this code.
///
/// # Errors
/// The code runs outside of tasks.
pub fn ctx() -> Result<Context> {
    let scope = Scope::current();
    let outside = || Error::user("OutsideOfTask", "this works only in a task; start one with `run`");
    scope.map(Context).ok_or_else(|| outside().not_recoverable())
}

/// Takes this place's context into a future that runs elsewhere: `tokio::spawn(carried(work()))`.
pub fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let scope = Scope::current();
    async move {
        match scope {
            Some(scope) => scope.enter(future).await,
            None => future.await,
        }
    }
}

/// Puts the children, steps and conditions of a future into a group, under whose name people see them together.
pub async fn group<F: Future>(name: &str, future: F) -> F::Output {
    match Scope::current() {
        Some(scope) => Scope { group: Some(name.into()), ..scope }.enter(future).await,
        None => future.await,
    }
}

/// Gives a value to every task that is called in a future, and to those that these call.
pub async fn with_value<F: Future>(key: &str, value: &str, future: F) -> F::Output {
    match Scope::current() {
        Some(scope) => {
            let mut values = (*scope.values).clone();
            values.insert(key.to_owned(), value.to_owned());
            Scope { values: Arc::new(values), ..scope }.enter(future).await
        }
        None => future.await,
    }
}

/// The run around a task's code.
#[derive(Clone)]
pub struct Context(pub(crate) Scope);

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("run", &self.run_name()).field("action", &self.action_name()).finish()
    }
}

impl Context {
    /// Name of the run.
    pub fn run_name(&self) -> &str {
        &self.0.task.run.name
    }

    /// Name of the action; `a0` is the root.
    pub fn action_name(&self) -> &str {
        &self.0.task.action
    }

    /// Organisation.
    pub fn org(&self) -> &str {
        &self.0.task.run.org
    }

    /// Project.
    pub fn project(&self) -> &str {
        &self.0.task.run.project
    }

    /// Domain.
    pub fn domain(&self) -> &str {
        &self.0.task.run.domain
    }

    /// Which attempt this is, from 0.
    pub fn attempt(&self) -> u32 {
        self.0.task.attempt
    }

    /// When the run began: the same in every attempt and in every task of it.
    pub fn run_start_time(&self) -> Timestamp {
        self.0.task.run.started_at
    }

    /// Whether it is a local run.
    pub fn is_local(&self) -> bool {
        self.0.task.local.is_some()
    }

    /// A value that came down from above, by [`with_value`] or with the run.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.values.get(key).map(String::as_str)
    }

    /// What an attempt leaves to the next one.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { task: self.0.task.clone() }
    }

    /// The page that the task writes for people. The task has to say `report` in its options to have it shown.
    pub fn report(&self) -> Report {
        Report { task: self.0.task.clone(), tab: None }
    }
}

/// What an attempt leaves to the next one: one object.
pub struct Checkpoint {
    task: Arc<TaskContext>,
}

impl Checkpoint {
    /// What the attempt before this one saved; none, if it saved nothing or was not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn load(&self) -> Result<Option<Vec<u8>>> {
        match self.task.places.previous_checkpoint.as_str() {
            "" => Ok(None),
            uri => data::find(uri).await,
        }
    }

    /// Replaces what the next attempt will load.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn save(&self, bytes: impl Into<Vec<u8>>) -> Result<()> {
        data::write(&self.task.places.checkpoint, bytes.into()).await
    }
}

/// A tab of the page that a task writes for people.
pub struct Report {
    task: Arc<TaskContext>,
    tab: Option<String>,
}

impl Report {
    /// Another tab.
    #[must_use]
    pub fn tab(&self, name: impl Into<String>) -> Self {
        Self { task: self.task.clone(), tab: Some(name.into()) }
    }

    /// Adds HTML. It is written when the task ends, or at a [`Self::flush`].
    pub fn html(&self, html: impl AsRef<str>) {
        self.task.report.add(self.tab.as_deref(), html.as_ref());
    }

    /// Adds text, in which HTML means nothing.
    pub fn text(&self, text: impl AsRef<str>) {
        self.html(format!("<p>{}</p>", crate::report::escape(text.as_ref())));
    }

    /// Makes HTML all that the tab has.
    pub fn replace(&self, html: impl AsRef<str>) {
        self.task.report.replace(self.tab.as_deref(), html.as_ref());
    }

    /// Writes what there is, for people who look while the task runs.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn flush(&self) -> Result<()> {
        self.task.flush_report().await
    }
}
