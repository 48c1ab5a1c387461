//! A call of a task. Inside a task the controller runs it, wherever that is; outside, it is a call of the function.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskPoll, Poll};

use wingbeat_proto::flyteidl2::core::KeyValuePair;
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral};

use crate::context::Scope;
use crate::controller::ChildCall;
use crate::failure::{Error, Result};
use crate::spec;
use crate::task::{BoxFuture, TaskDef};
use crate::value::Outputs;

/// A task with its inputs, to be awaited. Nothing happens before that. Dropping it while it runs aborts the child.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    task: &'static TaskDef,
    state: State<T>,
    group: Option<Arc<str>>,
    queue: Option<String>,
}

enum State<T> {
    /// Not yet polled.
    Fresh(Box<dyn Arguments<T>>),
    Running(BoxFuture<Result<T>>),
    Done,
}

/// The arguments of a call, whose types only the macro knows.
trait Arguments<T>: Send {
    fn encode(&self) -> Result<Vec<NamedLiteral>>;
    fn run(self: Box<Self>) -> BoxFuture<Result<T>>;
}

struct ArgumentsOf<A, T> {
    arguments: A,
    encode: fn(&A) -> Result<Vec<NamedLiteral>>,
    run: fn(A) -> BoxFuture<Result<T>>,
}

impl<A: Send, T> Arguments<T> for ArgumentsOf<A, T> {
    fn encode(&self) -> Result<Vec<NamedLiteral>> {
        (self.encode)(&self.arguments)
    }

    fn run(self: Box<Self>) -> BoxFuture<Result<T>> {
        (self.run)(self.arguments)
    }
}

/// What `#[task]` makes of a function's body.
pub fn call<A: Send + 'static, T: Outputs>(
    task: &'static TaskDef,
    arguments: A,
    encode: fn(&A) -> Result<Vec<NamedLiteral>>,
    run: fn(A) -> BoxFuture<Result<T>>,
) -> Call<T> {
    let state = State::Fresh(Box::new(ArgumentsOf { arguments, encode, run }));
    Call { task, state, group: None, queue: None }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("task", self.task).finish_non_exhaustive()
    }
}

impl<T> Call<T> {
    /// The task.
    pub fn task(&self) -> &'static TaskDef {
        self.task
    }

    /// Under which name people see it together with others.
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Where it waits and runs.
    pub fn on_queue(mut self, queue: impl Into<String>) -> Self {
        self.queue = Some(queue.into());
        self
    }

    /// The task and its inputs, for whoever starts a run of it.
    ///
    /// # Errors
    /// A value has no form on the wire; or the call was awaited already.
    pub fn into_inputs(self) -> Result<(&'static TaskDef, Vec<NamedLiteral>)> {
        match &self.state {
            State::Fresh(arguments) => Ok((self.task, arguments.encode()?)),
            State::Running(_) | State::Done => Err(Error::new("this call was awaited already")),
        }
    }
}

impl<T: Outputs> Call<T> {
    /// Waits for the result, in a task that is no `async fn`.
    ///
    /// # Errors
    /// What the task failed with.
    pub fn wait(self) -> Result<T> {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime.block_on(self),
            Err(_) => futures::executor::block_on(self),
        }
    }

    fn start(
        task: &'static TaskDef,
        arguments: Box<dyn Arguments<T>>,
        placing: Placing,
    ) -> BoxFuture<Result<T>> {
        let Some(mut scope) = Scope::current() else { return arguments.run() };
        if placing.group.is_some() {
            scope.group = placing.group;
        }
        let literals = arguments.encode();
        Box::pin(async move {
            let literals = run_child(task, literals?, &scope, placing.queue).await?;
            Ok(T::from_literals(&literals)?)
        })
    }
}

/// Where a call goes and under which name it is seen.
struct Placing {
    group: Option<Arc<str>>,
    queue: Option<String>,
}

impl<T: Outputs> Future for Call<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, waker: &mut TaskPoll<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let State::Fresh(_) = &this.state
            && let State::Fresh(arguments) = std::mem::replace(&mut this.state, State::Done)
        {
            let placing = Placing { group: this.group.take(), queue: this.queue.take() };
            this.state = State::Running(Self::start(this.task, arguments, placing));
        }
        let State::Running(future) = &mut this.state else {
            panic!("a call of {:?} was awaited again after its end", this.task);
        };
        let polled = future.as_mut().poll(waker);
        if polled.is_ready() {
            this.state = State::Done;
        }
        polled
    }
}

async fn run_child(
    task: &'static TaskDef,
    literals: Vec<NamedLiteral>,
    scope: &Scope,
    queue: Option<String>,
) -> Result<Vec<NamedLiteral>> {
    if scope.within.is_some() {
        return Err(within_a_step(task.full_name()));
    }
    let parent = &scope.task;
    if let Some(local) = &parent.local {
        return local.run_child(task, literals, scope).await;
    }
    let call = ChildCall {
        parent: parent.identity(),
        group: scope.group.as_deref().map(ToOwned::to_owned),
        task: spec::made(task, &parent.run.serialization)?,
        inputs: Inputs { literals, context: context(&scope.values), ..Default::default() },
        queue: queue.or_else(|| task.settings().queue.map(ToOwned::to_owned)),
    };
    Ok(parent.controller.run_child(call).await?.literals)
}

/// Steps are recorded whole: a child in one would have no place in the tree of actions.
pub(crate) fn within_a_step(name: &str) -> Error {
    let text = format!("task `{name}` is called in a traced step; a step may not call tasks");
    Error::user("TraceDoesNotAllowNestedTasks", text).not_recoverable()
}

/// Values that go down with inputs.
pub(crate) fn context(values: &std::collections::BTreeMap<String, String>) -> Vec<KeyValuePair> {
    let pairs = values.iter().map(|(key, value)| KeyValuePair {
        key: key.clone(),
        value: value.clone(),
        ..Default::default()
    });
    pairs.collect()
}
