use wingbeat_proto::flyteidl2::task::{FixedRateUnit, TaskTrigger, schedule, trigger_automation_spec};

use super::{Schedule, Trigger, TriggerAutomationSpecType, trigger};

fn schedule_of(wire: &TaskTrigger) -> &Schedule {
    assert_eq!(wire.automation_spec.r#type, TriggerAutomationSpecType::TYPE_SCHEDULE);
    match &wire.automation_spec.automation {
        Some(trigger_automation_spec::Automation::Schedule(schedule)) => schedule,
        _ => panic!("it has no schedule: {wire:?}"),
    }
}

#[test]
fn a_trigger_is_deployed_with_its_times_and_the_input_for_them() {
    let nightly = Trigger::cron("nightly", "0 3 * * *").timezone("Europe/Berlin").time_input("at");
    let wire = trigger(&nightly);
    assert_eq!((wire.name.as_str(), wire.spec.active), ("nightly", true));
    assert_eq!(schedule_of(&wire).kickoff_time_input_arg, "at");
    let Some(schedule::Expression::Cron(cron)) = &schedule_of(&wire).expression else { panic!("no cron") };
    assert_eq!((cron.expression.as_str(), cron.timezone.as_str()), ("0 3 * * *", "Europe/Berlin"));

    let wire = trigger(&Trigger::every_minutes("often", 5).inactive());
    assert_eq!((wire.name.as_str(), wire.spec.active), ("often", false));
    let Some(schedule::Expression::Rate(rate)) = &schedule_of(&wire).expression else { panic!("no rate") };
    assert_eq!((rate.value, rate.unit.as_known()), (5, Some(FixedRateUnit::FIXED_RATE_UNIT_MINUTE)));
}
