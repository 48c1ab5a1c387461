use wingbeat_proto::flyteidl2::core::{LiteralType, Parameter, Variable, parameter};
use wingbeat_proto::flyteidl2::task::{
    FixedRateUnit, Inputs, NamedParameter, TaskSpec, TaskTrigger, schedule, task_trigger_spec,
    trigger_automation_spec,
};

use super::{Schedule, Trigger, TriggerAutomationSpecType, trigger};
use crate::value::Value;
use crate::wire::variable;

/// A task with `at`, a point in time, `n`, and `text` whose default is `usual`.
fn task() -> TaskSpec {
    let mut task = TaskSpec::default();
    let template = task.task_template.get_or_insert_default();
    template.id.get_or_insert_default().name = "demo.report".to_owned();
    let types: [(&str, LiteralType); 3] = [
        ("at", jiff::Timestamp::literal_type()),
        ("n", i64::literal_type()),
        ("text", String::literal_type()),
    ];
    let variables = types.into_iter().flat_map(|(name, wire)| variable(name, wire).variables).collect();
    template.interface.get_or_insert_default().inputs.get_or_insert_default().variables = variables;
    let parameter = Parameter {
        var: Variable { r#type: String::literal_type().into(), ..Default::default() }.into(),
        behavior: Some(parameter::Behavior::Default(Box::new(literal("usual".to_owned())))),
        ..Default::default()
    };
    task.default_inputs =
        vec![NamedParameter { name: "text".to_owned(), parameter: parameter.into(), ..Default::default() }];
    task
}

fn literal(value: impl Value) -> wingbeat_proto::flyteidl2::core::Literal {
    value.to_literal().expect("it has a literal")
}

fn inputs_of(wire: &TaskTrigger) -> &Inputs {
    match &wire.spec.input_wrapper {
        Some(task_trigger_spec::InputWrapper::Inputs(inputs)) => inputs,
        _ => panic!("it has no inputs: {wire:?}"),
    }
}

fn schedule_of(wire: &TaskTrigger) -> &Schedule {
    assert_eq!(wire.automation_spec.r#type, TriggerAutomationSpecType::TYPE_SCHEDULE);
    match &wire.automation_spec.automation {
        Some(trigger_automation_spec::Automation::Schedule(schedule)) => schedule,
        _ => panic!("it has no schedule: {wire:?}"),
    }
}

const NIGHTLY: Trigger = Trigger::cron("nightly", "0 3 * * *").timezone("Europe/Berlin");

#[test]
fn a_trigger_says_when_and_with_what() {
    let wire = trigger(&NIGHTLY.time_input("at").inputs(&[("n", "4")]), &task()).unwrap();
    assert_eq!((wire.name.as_str(), wire.spec.active), ("nightly", true));
    assert_eq!(schedule_of(&wire).kickoff_time_input_arg, "at");
    let Some(schedule::Expression::Cron(cron)) = &schedule_of(&wire).expression else { panic!("no cron") };
    assert_eq!((cron.expression.as_str(), cron.timezone.as_str()), ("0 3 * * *", "Europe/Berlin"));

    let often = Trigger::every_minutes("often", 5).inactive().time_input("at").inputs(&[("n", "1")]);
    let wire = trigger(&often, &task()).unwrap();
    assert_eq!((wire.name.as_str(), wire.spec.active), ("often", false));
    let Some(schedule::Expression::Rate(rate)) = &schedule_of(&wire).expression else { panic!("no rate") };
    assert_eq!((rate.value, rate.unit.as_known()), (5, Some(FixedRateUnit::FIXED_RATE_UNIT_MINUTE)));
}

#[test]
fn its_inputs_hold_the_defaults_and_the_name_of_the_one_that_gets_the_time() {
    let wire = trigger(&NIGHTLY.time_input("at").inputs(&[("n", "4")]), &task()).unwrap();
    let inputs = inputs_of(&wire);
    let literals: Vec<_> =
        inputs.literals.iter().map(|one| (one.name.as_str(), one.value.as_option().unwrap())).collect();
    assert_eq!(literals, [("n", &literal(4i64)), ("text", &literal("usual".to_owned()))]);
    let context: Vec<_> = inputs.context.iter().map(|one| (one.key.as_str(), one.value.as_str())).collect();
    assert_eq!(context, [("_u_kickoff_time_input_arg", "at")]);

    let fixed = NIGHTLY.inputs(&[("at", "2026-01-02T03:04:05Z"), ("n", "4"), ("text", "other")]);
    let wire = trigger(&fixed, &task()).unwrap();
    let inputs = inputs_of(&wire);
    assert_eq!((inputs.literals.len(), inputs.context.len()), (3, 0));
    assert_eq!(inputs.literals[2].value.as_option(), Some(&literal("other".to_owned())));
}

#[test]
fn inputs_that_the_task_does_not_take_are_refused_by_name() {
    let refused = |trigger: &Trigger| super::trigger(trigger, &task()).unwrap_err().message().to_owned();
    for (wrong, words) in [
        (NIGHTLY.inputs(&[("m", "4")]), ["`m`", "at, n, text"]),
        (NIGHTLY.time_input("when"), ["`when`", "at, n, text"]),
        (NIGHTLY.time_input("n"), ["`n`", "no point in time"]),
        (NIGHTLY.time_input("at"), ["n", "nightly"]),
        (NIGHTLY.time_input("at").inputs(&[("n", "four")]), ["`n`", "expected int"]),
    ] {
        let text = refused(&wrong);
        assert!(text.starts_with("trigger `nightly` of `demo.report`: "), "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}
