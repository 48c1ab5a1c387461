//! The controller of a task process. Nothing is connected before a task asks for something.

use std::sync::Arc;

use async_trait::async_trait;
use wingbeat_sdk::controller::{
    ChildCall, ConditionCall, Controller, FoundTrace, OpenCondition, TraceCall, TraceOutcome, TraceStep,
};
use wingbeat_sdk::error::TaskError;
use wingbeat_sdk::failure::Result;
use wingbeat_sdk::process::ProcessSettings;
use wingbeat_sdk::wire::{Literal, WireOutputs};

pub(crate) fn controller(_: &ProcessSettings) -> Result<Arc<dyn Controller>> {
    Ok(Arc::new(Unconnected))
}

/// Serves tasks that ask for nothing: whoever started the process named no platform.
struct Unconnected;

fn unconnected(what: &str) -> TaskError {
    let text = format!("the task {what}, and no platform is named: _U_EP_OVERRIDE is not set");
    TaskError::system("NoPlatform", text).not_recoverable()
}

#[async_trait]
impl Controller for Unconnected {
    async fn run_child(&self, call: ChildCall) -> Result<WireOutputs, TaskError> {
        Err(unconnected(&format!("calls `{}`", call.spec.task_template.id.name)))
    }

    async fn find_trace(&self, call: TraceCall) -> Result<FoundTrace, TaskError> {
        Err(unconnected(&format!("calls the step `{}`", call.name)))
    }

    async fn record_trace(&self, step: TraceStep, _: TraceOutcome) -> Result<(), TaskError> {
        Err(unconnected(&format!("records the step `{}`", step.call.name)))
    }

    async fn open_condition(&self, call: ConditionCall) -> Result<OpenCondition, TaskError> {
        Err(unconnected(&format!("asks people for `{}`", call.condition.name)))
    }

    async fn wait_condition(&self, condition: OpenCondition) -> Result<Literal, TaskError> {
        Err(unconnected(&format!("waits for `{}`", condition.call.condition.name)))
    }

    async fn finish(&self) {}
}
