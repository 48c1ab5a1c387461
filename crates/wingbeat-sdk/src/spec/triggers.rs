//! What starts a deployed task by itself, as the platform's TaskTrigger.

use jiff::Timestamp;
use wingbeat_proto::flyteidl2::core::{KeyValuePair, LiteralType, SimpleType};
use wingbeat_proto::flyteidl2::task::{
    Cron, FixedRate, FixedRateUnit, Inputs, NamedLiteral, RunSpec, Schedule, TaskSpec, TaskTrigger,
    TaskTriggerSpec, TriggerAutomationSpec, TriggerAutomationSpecType, schedule, task_trigger_spec,
    trigger_automation_spec,
};

use crate::failure::{Error, Result};
use crate::remote;
use crate::settings::{Schedule as Times, Trigger};
use crate::value::Value as _;
use crate::wire::{KICKOFF_INPUT, is_simple, literal_of_text};

/// A trigger of a task. Whoever starts it later adds nothing but the time, so that all other inputs are here, those with
/// defaults included.
///
/// # Errors
/// Its inputs are not those of the task.
pub(crate) fn trigger(trigger: &Trigger, task: &TaskSpec) -> Result<TaskTrigger> {
    let inputs = inputs(trigger, task).map_err(|why| {
        let text = format!("trigger `{}` of `{}`: {why}", trigger.name, task.task_template.id.name);
        Error::user("BadTrigger", text).not_recoverable()
    })?;
    let spec = TaskTriggerSpec {
        active: trigger.active,
        run_spec: RunSpec::default().into(),
        input_wrapper: Some(task_trigger_spec::InputWrapper::Inputs(Box::new(inputs))),
        ..Default::default()
    };
    Ok(TaskTrigger {
        name: trigger.name.to_owned(),
        spec: spec.into(),
        automation_spec: automation(trigger).into(),
        ..Default::default()
    })
}

fn inputs(trigger: &Trigger, task: &TaskSpec) -> Result<Inputs, String> {
    let mut literals = Vec::new();
    for (name, text) in trigger.inputs {
        literals.push(literal_of_text(name, input_type(task, name)?, text)?);
    }
    let (time, mut context) = (trigger.time_input, Vec::new());
    if !time.is_empty() {
        if !is_simple(&input_type(task, time)?, SimpleType::DATETIME) {
            return Err(format!("`{time}` is to get its time, and is no point in time"));
        }
        // Only for what follows: no time is known before it starts.
        let value = Timestamp::UNIX_EPOCH.to_literal().map_err(|error| error.to_string())?;
        literals.retain(|literal| literal.name != time);
        literals.push(NamedLiteral { name: time.to_owned(), value: value.into(), ..Default::default() });
        context.push(KeyValuePair {
            key: KICKOFF_INPUT.to_owned(),
            value: time.to_owned(),
            ..Default::default()
        });
    }
    let given = Inputs { literals, context, ..Default::default() };
    let mut inputs = remote::complete(task, given).map_err(|error| error.to_string())?;
    inputs.literals.retain(|literal| literal.name != time);
    Ok(inputs)
}

fn input_type(task: &TaskSpec, name: &str) -> Result<LiteralType, String> {
    let variables = &task.task_template.interface.inputs.variables;
    let found = variables.iter().find(|variable| variable.key == name);
    let found = found.and_then(|variable| variable.value.r#type.as_option());
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = variables.iter().map(|variable| variable.key.as_str()).collect();
        format!("`{name}` is not one of its inputs, which are: {}", names.join(", "))
    })
}

fn automation(trigger: &Trigger) -> TriggerAutomationSpec {
    let expression = match trigger.schedule {
        Times::Cron { expression, timezone } => schedule::Expression::Cron(Box::new(Cron {
            expression: expression.to_owned(),
            timezone: timezone.to_owned(),
            ..Default::default()
        })),
        Times::EveryMinutes(value) => schedule::Expression::Rate(Box::new(FixedRate {
            value,
            unit: FixedRateUnit::FIXED_RATE_UNIT_MINUTE.into(),
            ..Default::default()
        })),
    };
    let schedule = Schedule {
        expression: Some(expression),
        kickoff_time_input_arg: trigger.time_input.to_owned(),
        ..Default::default()
    };
    TriggerAutomationSpec {
        r#type: TriggerAutomationSpecType::TYPE_SCHEDULE.into(),
        automation: Some(trigger_automation_spec::Automation::Schedule(Box::new(schedule))),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests;
