//! Durable steps: functions whose results are recorded, so that the next attempt of a task does not run them again.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use wingbeat_proto::flyteidl2::task::{Inputs, NamedLiteral, Outputs as WireOutputs};

use crate::context::Scope;
use crate::controller::{TraceCall, TraceOutcome};
use crate::error::TaskError;
use crate::failure::Result;
use crate::panics;
use crate::spec;
use crate::task::{BoxFuture, StepDef};
use crate::value::Outputs;

/// What `#[trace]` makes of a function's body. Outside of tasks nothing is recorded.
///
/// # Errors
/// What the function failed with, now or in an earlier attempt; or the platform cannot record the step.
pub async fn step<A, T, R>(
    step: &'static StepDef,
    arguments: A,
    encode: fn(&A) -> Result<Vec<NamedLiteral>>,
    run: R,
) -> Result<T>
where
    A: Send + 'static,
    T: Outputs,
    R: FnOnce(A) -> BoxFuture<Result<T>>,
{
    let Some(scope) = Scope::current() else { return run(arguments).await };
    let call = trace_call(step, encode(&arguments)?, &scope);
    let controller = scope.task.controller.clone();
    let found = controller.find_trace(call).await?;
    match found.outcome {
        Some(TraceOutcome::Succeeded(outputs)) => return Ok(T::from_literals(&outputs.literals)?),
        Some(TraceOutcome::Failed(error)) => return Err(error.into()),
        None => {}
    }
    let within = Some(Arc::from(found.step.action.as_str()));
    let result = Scope { within, ..scope }.enter(panics::catch(run(arguments))).await;
    let outcome = match &result {
        Ok(value) => {
            TraceOutcome::Succeeded(WireOutputs { literals: value.to_literals()?, ..Default::default() })
        }
        Err(error) => TraceOutcome::Failed(TaskError::from(error.clone())),
    };
    controller.record_trace(found.step, outcome).await?;
    result
}

fn trace_call(step: &StepDef, literals: Vec<NamedLiteral>, scope: &Scope) -> TraceCall {
    TraceCall {
        parent: scope.task.identity(),
        within: scope.within.as_deref().map(ToOwned::to_owned),
        group: scope.group.as_deref().map(ToOwned::to_owned),
        name: step.name.to_owned(),
        identity: format!("{}-{}", step.name, spec::hex(&Sha256::digest(step.source))),
        interface: spec::interface(step.params, (step.outputs)()),
        inputs: Inputs { literals, ..Default::default() },
    }
}
