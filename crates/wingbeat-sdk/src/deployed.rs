//! Calls of tasks that are deployed on the platform, in whatever language they are: by name, with inputs by name.

use std::collections::HashMap;
use std::sync::Arc;

use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

use crate::call;
use crate::context::{Scope, ctx};
use crate::controller::{CalledTask, ChildCall};
use crate::failure::{Error, Result};
use crate::remote::{self, Remote, RemoteError, TaskReference};
use crate::value::{Outputs, Value, ValueError};

/// What an attempt knows of deployed tasks.
#[derive(Default)]
pub(crate) struct DeployedTasks {
    /// Asked for all of them: one connection, and one login.
    remote: Option<Remote>,
    tasks: HashMap<String, Arc<CalledTask>>,
}

/// A call of the deployed task `name` (`environment.task`) of the run's project and domain, in its latest version.
pub fn deployed(name: impl Into<String>) -> Deployed {
    let reference = TaskReference { name: name.into(), ..TaskReference::default() };
    Deployed { reference, literals: Vec::new(), queue: None, wrong: None }
}

/// A call of a deployed task, to be made with [`Deployed::call`].
#[derive(Debug, Clone)]
#[must_use = "nothing is called until `call`"]
pub struct Deployed {
    reference: TaskReference,
    literals: Vec<NamedLiteral>,
    queue: Option<String>,
    /// The first input that has no form on the wire.
    wrong: Option<ValueError>,
}

impl Deployed {
    /// Of another project.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.reference.project = Some(project.into());
        self
    }

    /// Of another domain.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.reference.domain = Some(domain.into());
        self
    }

    /// In this version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.reference.version = Some(version.into());
        self
    }

    /// Where it waits and runs.
    pub fn on_queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// One of its inputs. Those that have a default may be left out.
    pub fn input(mut self, name: impl Into<String>, value: &impl Value) -> Self {
        let name = name.into();
        match value.to_literal() {
            Ok(value) => {
                self.literals.push(NamedLiteral { name, value: value.into(), ..Default::default() });
            }
            Err(error) => self.wrong = self.wrong.or(Some(error.within(&name))),
        }
        self
    }

    /// Runs it as a child, and waits for what it gives.
    ///
    /// # Errors
    /// There is no such task, the inputs do not fit it, it failed, or this is no task of a platform.
    pub async fn call<T: Outputs>(self) -> Result<T> {
        let scope = ctx()?.0;
        if let Some(error) = self.wrong {
            return Err(error.into());
        }
        if scope.within.is_some() {
            return Err(call::within_a_step(&self.reference.name));
        }
        let task = task_of(&scope, &self.reference).await?;
        let inputs =
            Inputs { literals: self.literals, context: call::context(&scope.values), ..Default::default() };
        let call = ChildCall {
            parent: scope.task.identity(),
            group: scope.group.as_deref().map(ToOwned::to_owned),
            inputs: remote::complete(task.spec(), inputs)?,
            task,
            queue: self.queue,
        };
        let outputs = scope.task.controller.run_child(call).await?;
        Ok(T::from_literals(&outputs.literals)?)
    }
}

/// The task, fetched once in an attempt: the latest version must not change under it.
async fn task_of(scope: &Scope, reference: &TaskReference) -> Result<Arc<CalledTask>> {
    let Some(platform) = &scope.task.platform else {
        let text = format!("`{}` is deployed on a platform, and this is no task of one", reference.name);
        return Err(Error::system("NoPlatform", text).not_recoverable());
    };
    let key = format!("{reference:?}");
    let mut deployed = scope.task.deployed.lock().await;
    if let Some(task) = deployed.tasks.get(&key) {
        return Ok(Arc::clone(task));
    }
    let remote = deployed.remote.get_or_insert_with(|| platform.remote());
    let mut details = remote.task(reference).await.map_err(RemoteError::of_a_task)?;
    let task = CalledTask::new(details.spec.take().unwrap_or_default());
    deployed.tasks.insert(key, Arc::clone(&task));
    Ok(task)
}
