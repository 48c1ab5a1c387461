//! A local run as the controller of its tasks: children by their specs, steps and conditions in memory.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use async_trait::async_trait;
use buffa::Message as _;
use wingbeat_proto::flyteidl2::core::{Literal, SimpleType, literal_type};
use wingbeat_proto::flyteidl2::task::Outputs;
use wingbeat_types::content_hash;

use super::LocalRun;
use crate::condition::{CONDITION_FAILED, CONDITION_TIMED_OUT};
use crate::context::Scope;
use crate::controller::{
    ChildCall, ConditionCall, Controller, FoundTrace, OpenCondition, TraceCall, TraceOutcome, TraceStep,
};
use crate::error::TaskError;
use crate::failure::{Error, Result};
use crate::task;
use crate::value::Value;

/// Serves every task of a run; the run holds it.
pub(super) struct LocalController {
    run: Weak<LocalRun>,
    n_conditions: Mutex<u64>,
}

impl LocalController {
    pub(super) fn new(run: Weak<LocalRun>) -> Self {
        Self { run, n_conditions: Mutex::default() }
    }

    fn run(&self) -> Result<Arc<LocalRun>, TaskError> {
        let over = || TaskError::system("RunEnded", "the local run that this task belongs to is over");
        self.run.upgrade().ok_or_else(over)
    }
}

/// What a step is known by: the n-th call of it with the same inputs is the same in every attempt of its task.
fn step_key(call: &TraceCall) -> String {
    let inputs = content_hash(&call.inputs.encode_to_vec());
    let group = call.group.as_deref().unwrap_or_default();
    let within = call.within.as_deref().unwrap_or_default();
    format!("{}/{within}/{}/{group}/{inputs}", call.parent.action, call.identity)
}

#[async_trait]
impl Controller for LocalController {
    async fn run_child(&self, call: ChildCall) -> Result<Outputs, TaskError> {
        let run = self.run()?;
        let name = call.task.name();
        // A deployed task may be in any language; here are only the tasks of this binary.
        let task = task::find(name)?;
        let values = Scope::current().map(|scope| scope.values).unwrap_or_default();
        let literals = run.run_task(task, call.inputs.literals, values).await?;
        Ok(Outputs { literals, ..Default::default() })
    }

    async fn find_trace(&self, call: TraceCall) -> Result<FoundTrace, TaskError> {
        let run = self.run()?;
        let key = step_key(&call);
        let n_calls = Scope::current().map_or(0, |scope| {
            let mut steps = scope.task.steps.lock().unwrap_or_else(PoisonError::into_inner);
            let n_calls = steps.entry(key.clone()).or_default();
            *n_calls += 1;
            *n_calls
        });
        let action = format!("{key}/{n_calls}");
        let outcome = run.steps().get(&action).cloned();
        // A failure is found again only where no attempt can help it.
        let outcome = outcome.filter(|outcome| match outcome {
            TraceOutcome::Succeeded(_) => true,
            TraceOutcome::Failed(error) => !error.recoverable,
        });
        Ok(FoundTrace { step: TraceStep { call, action, started_at: SystemTime::now() }, outcome })
    }

    async fn record_trace(&self, step: TraceStep, outcome: TraceOutcome) -> Result<(), TaskError> {
        self.run()?.steps().insert(step.action, outcome);
        Ok(())
    }

    async fn open_condition(&self, call: ConditionCall) -> Result<OpenCondition, TaskError> {
        let mut n_conditions = self.n_conditions.lock().unwrap_or_else(PoisonError::into_inner);
        *n_conditions += 1;
        let action = format!("{}-cond-{}-{n_conditions}", call.parent.action, call.condition.name);
        Ok(OpenCondition { call, action })
    }

    async fn wait_condition(&self, open: OpenCondition) -> Result<Literal, TaskError> {
        let run = self.run()?;
        let condition = &open.call.condition;
        let answer = run.settings.answers.find(condition);
        let text = match condition.timeout.as_option() {
            None => answer.await?,
            Some(limit) => {
                let seconds = u64::try_from(limit.seconds).unwrap_or_default();
                let nanos = u32::try_from(limit.nanos).unwrap_or_default();
                let limit = std::time::Duration::new(seconds, nanos);
                tokio::time::timeout(limit, answer).await.map_err(|_| {
                    let text = format!("nobody answered `{}` in {limit:?}", condition.name);
                    TaskError::user(CONDITION_TIMED_OUT, text)
                })??
            }
        };
        Ok(parse(&condition.name, &text, condition.r#type.r#type.as_ref())?)
    }

    async fn finish(&self) {}
}

/// The text of an answer as a literal of its type.
fn parse(name: &str, text: &str, wanted: Option<&literal_type::Type>) -> Result<Literal> {
    let text = text.trim();
    let wrong = |expected: &str| {
        Error::user(CONDITION_FAILED, format!("the answer to `{name}` is no {expected}: `{text}`"))
    };
    let simple = match wanted {
        Some(literal_type::Type::Simple(simple)) => simple.as_known(),
        _ => None,
    };
    Ok(match simple {
        Some(SimpleType::BOOLEAN) => match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => true.to_literal()?,
            "false" | "no" | "n" | "0" => false.to_literal()?,
            _ => return Err(wrong("yes or no")),
        },
        Some(SimpleType::INTEGER) => text.parse::<i64>().map_err(|_| wrong("whole number"))?.to_literal()?,
        Some(SimpleType::FLOAT) => text.parse::<f64>().map_err(|_| wrong("number"))?.to_literal()?,
        _ => text.to_owned().to_literal()?,
    })
}
