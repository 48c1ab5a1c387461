//! The controller of a task process. Nothing is connected before a task asks for something.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use wingbeat_sdk::controller::remote::{RemoteController, RemoteSettings};
use wingbeat_sdk::controller::{
    ChildCall, ConditionCall, Controller, FoundTrace, OpenCondition, TraceCall, TraceOutcome, TraceStep,
};
use wingbeat_sdk::error::TaskError;
use wingbeat_sdk::process::ProcessSettings;
use wingbeat_sdk::wire::{Literal, WireOutputs};

use crate::environment;

/// What serves a task of these settings: the platform that the environment names, which is added to them.
pub(crate) fn controller(settings: &mut ProcessSettings, run_base: String) -> Arc<dyn Controller> {
    match RemoteSettings::from_variables(&variables(settings, run_base)) {
        Ok(known) => {
            let known = RemoteSettings { storage: settings.storage.clone(), ..known };
            settings.platform = Some(known.clone());
            Arc::new(RemoteController::new(known))
        }
        Err(error) => Arc::new(Unconnected { reason: error.to_string() }),
    }
}

/// The environment, in which flags of the command line stand for the variables that they are known by.
fn variables(settings: &ProcessSettings, run_base: String) -> HashMap<String, String> {
    let told = [
        ("_U_RUN_BASE", &run_base),
        ("_U_ORG_NAME", &settings.serialization.org),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", &settings.serialization.project),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", &settings.serialization.domain),
        ("RUN_NAME", &settings.run),
        ("ACTION_NAME", &settings.action),
    ];
    let told = told.map(|(name, value)| (name.to_owned(), value.clone()));
    environment::variables().chain(told).collect()
}

/// Serves tasks that ask for nothing: whoever started the process named no platform that can be reached.
struct Unconnected {
    reason: String,
}

impl Unconnected {
    fn refuse(&self, what: &str) -> TaskError {
        TaskError::system("NoPlatform", format!("the task {what}, and {}", self.reason)).not_recoverable()
    }
}

#[async_trait]
impl Controller for Unconnected {
    async fn run_child(&self, call: ChildCall) -> Result<WireOutputs, TaskError> {
        Err(self.refuse(&format!("calls `{}`", call.task.name())))
    }

    async fn find_trace(&self, call: TraceCall) -> Result<FoundTrace, TaskError> {
        Err(self.refuse(&format!("calls the step `{}`", call.name)))
    }

    async fn record_trace(&self, step: TraceStep, _: TraceOutcome) -> Result<(), TaskError> {
        Err(self.refuse(&format!("records the step `{}`", step.call.name)))
    }

    async fn open_condition(&self, call: ConditionCall) -> Result<OpenCondition, TaskError> {
        Err(self.refuse(&format!("asks people for `{}`", call.condition.name)))
    }

    async fn wait_condition(&self, condition: OpenCondition) -> Result<Literal, TaskError> {
        Err(self.refuse(&format!("waits for `{}`", condition.call.condition.name)))
    }

    async fn finish(&self) {}
}
