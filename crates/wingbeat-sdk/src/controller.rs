//! What a running task may ask of whatever runs it: children, durable steps, values from people.
//!
//! Local runs and remote ones implement [`Controller`] alike, so that the same task code runs on both. Everything here
//! speaks in wire messages: what a value is in the user's language is decided by the SDK above.

mod called;
mod core;
pub mod remote;

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use wingbeat_proto::flyteidl2::core::{Literal, TypedInterface};
use wingbeat_proto::flyteidl2::task::{Inputs, Outputs};
use wingbeat_proto::flyteidl2::workflow::ConditionAction;

pub use self::called::CalledTask;
use crate::error::TaskError;

/// What a running task may ask for. One controller serves one attempt of one task.
///
/// Names of children, steps and conditions depend on what was asked before in the same scope: the n-th call of a task
/// with the same inputs is the same child in every attempt. Calls are counted when their future is first polled, so
/// a task that polls them in another order in another attempt still meets its children as long as their inputs differ.
#[async_trait]
pub trait Controller: Send + Sync {
    /// Runs a child to its end. Dropping the future aborts the child.
    ///
    /// # Errors
    /// What the child failed with; or a system error, when the platform could not be asked.
    async fn run_child(&self, call: ChildCall) -> Result<Outputs, TaskError>;

    /// Names a step, and finds what an earlier attempt recorded for it.
    ///
    /// # Errors
    /// The platform could not be asked.
    async fn find_trace(&self, call: TraceCall) -> Result<FoundTrace, TaskError>;

    /// Records how a step ended. When this returns, later attempts will find it.
    ///
    /// # Errors
    /// It could not be recorded; the task should fail rather than go on.
    async fn record_trace(&self, step: TraceStep, outcome: TraceOutcome) -> Result<(), TaskError>;

    /// Asks people for a value, without waiting for it.
    ///
    /// # Errors
    /// The platform refused the condition or could not be asked.
    async fn open_condition(&self, call: ConditionCall) -> Result<OpenCondition, TaskError>;

    /// Waits until somebody gives the value.
    ///
    /// # Errors
    /// Nobody did in time, somebody aborted it, or the platform could not be asked.
    async fn wait_condition(&self, condition: OpenCondition) -> Result<Literal, TaskError>;

    /// The task ends: children that are still alive are aborted, and everything is closed. Harmless when repeated.
    async fn finish(&self);
}

/// An action of a run: the one that runs the task.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActionIdentity {
    /// Organisation, as the platform calls it.
    pub org: String,
    /// Project.
    pub project: String,
    /// Domain.
    pub domain: String,
    /// The run's name.
    pub run: String,
    /// The action's name; `a0` is the root.
    pub action: String,
}

/// A call of another task.
#[derive(Debug, Clone)]
pub struct ChildCall {
    /// Who calls.
    pub parent: ActionIdentity,
    /// Under which name people see it together with others; a part of the child's identity.
    pub group: Option<String>,
    /// The task, whole: also a deployed one is called by its spec. Shared by all calls of it.
    pub task: Arc<CalledTask>,
    /// Literals in the order of the interface, and the context that goes down with them.
    pub inputs: Inputs,
    /// Where it runs, if not where its parent does.
    pub queue: Option<String>,
}

/// A call of a step: a part of the task's own code whose result is kept.
#[derive(Debug, Clone)]
pub struct TraceCall {
    /// Whose step it is.
    pub parent: ActionIdentity,
    /// The step in which it is called, if it is.
    pub within: Option<String>,
    /// Under which name people see it together with others; a part of the step's identity.
    pub group: Option<String>,
    /// Name of the function.
    pub name: String,
    /// What has to stay the same for a recorded result to count: name and version of the code.
    pub identity: String,
    /// What the function takes and gives.
    pub interface: TypedInterface,
    /// Literals in the order of the interface.
    pub inputs: Inputs,
}

/// A named step: what [`Controller::record_trace`] is told about.
#[derive(Debug, Clone)]
pub struct TraceStep {
    /// The call.
    pub call: TraceCall,
    /// Its name among the run's actions; steps and conditions inside name it as `within`.
    pub action: String,
    /// When it began.
    pub started_at: SystemTime,
}

/// A named step and, if an earlier attempt came to its end, what it gave.
#[derive(Debug, Clone)]
pub struct FoundTrace {
    /// The step.
    pub step: TraceStep,
    /// What it gave: then its code is not run again.
    pub outcome: Option<TraceOutcome>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceOutcome {
    /// With these outputs.
    Succeeded(Outputs),
    /// With this error. Only one that no attempt can help is found again.
    Failed(TaskError),
}

/// A question to people.
#[derive(Debug, Clone)]
pub struct ConditionCall {
    /// Who asks.
    pub parent: ActionIdentity,
    /// The step in which it is asked, if it is.
    pub within: Option<String>,
    /// Under which name people see it together with others.
    pub group: Option<String>,
    /// Name, type, prompt and the rest, as the platform takes them.
    pub condition: ConditionAction,
}

/// A question that was asked.
#[derive(Debug, Clone)]
pub struct OpenCondition {
    /// The call.
    pub call: ConditionCall,
    /// Its name among the run's actions.
    pub action: String,
}
