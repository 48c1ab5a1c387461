//! What time does. After every wake that was due, the next one lies in the future.

use wingbeat_model::{ActionOutcome, AttemptEnd, Backoff, FailureClass, Phase, Policy, Span, State};

use super::world::{World, cached, condition, done, failed, with_policy};
use crate::{Effect, ReportKind, wake_at};

fn limited(change: impl FnOnce(&mut Policy)) -> World {
    World::with_run(|new| new.root = with_policy(new.root.clone(), change))
}

fn code(world: &World, name: &str) -> String {
    let Some(ActionOutcome::TimedOut(failure)) = world.action(name).outcome() else {
        panic!("{name} is {:?}", world.phase(name));
    };
    failure.code.clone()
}

/// Wakes an action at the time it asked for.
fn wake_when_due(world: &mut World, name: &str) {
    let at = wake_at(world.action(name)).expect("it wants to be woken");
    world.pass(at.since(world.now));
    world.wake(name);
    assert!(!world.wrote.is_empty(), "a wake that is due changes the row");
    assert_ne!(wake_at(world.action(name)), Some(at));
}

#[test]
fn nothing_is_due_without_limits() {
    let mut world = World::with_run(|_| {});
    assert_eq!(wake_at(world.action("a0")), None);
    world.wake("a0");
    assert!(world.wrote.is_empty());
}

#[test]
fn a_wake_before_its_time_changes_nothing() {
    let mut world = limited(|policy| policy.deadline = Some(Span::from_secs(60)));
    world.wake("a0");
    assert!(world.wrote.is_empty());
}

#[test]
fn an_action_that_waits_too_long_for_a_place_times_out() {
    let mut world = limited(|policy| policy.max_queued = Some(Span::from_secs(5)));
    wake_when_due(&mut world, "a0");
    assert_eq!(code(&world, "a0"), "QUEUED_TIMEOUT_EXCEEDED");
    assert_eq!(world.action("a0").attempts, 0);
}

#[test]
fn an_action_that_waits_too_long_for_the_cache_times_out() {
    let mut world = World::running();
    world.add(cached("one", true));
    world.add(with_policy(cached("two", true), |policy| policy.max_queued = Some(Span::from_secs(5))));
    wake_when_due(&mut world, "two");
    assert_eq!(code(&world, "two"), "QUEUED_TIMEOUT_EXCEEDED");
    assert!(world.reserved_by("one"));
}

#[test]
fn time_in_backoff_is_not_time_in_the_queue() {
    let mut world = limited(|policy| {
        policy.user_retries = 1;
        policy.backoff = Some(Backoff { base: Span::from_secs(60), factor: 1.0, cap: None });
        policy.max_queued = Some(Span::from_secs(5));
    });
    world.start("a0");
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    wake_when_due(&mut world, "a0");
    let State::Queued { since, .. } = world.action("a0").state else { panic!("it is queued") };
    assert_eq!(wake_at(world.action("a0")), Some(since + Span::from_secs(5)));
    wake_when_due(&mut world, "a0");
    assert_eq!(code(&world, "a0"), "QUEUED_TIMEOUT_EXCEEDED");
}

#[test]
fn an_attempt_that_runs_too_long_is_stopped_and_then_times_out() {
    for last_word in [ReportKind::Stopped, failed(FailureClass::System)] {
        let mut world = limited(|policy| policy.max_runtime = Some(Span::from_secs(5)));
        world.start("a0");
        world.effects.clear();
        wake_when_due(&mut world, "a0");
        assert!(matches!(&world.effects[..], [Effect::Stop { .. }]));
        assert_eq!(world.phase("a0"), Phase::Running, "the process may still live");
        world.say("a0", last_word).expect("it counts");
        assert_eq!(code(&world, "a0"), "MAX_RUNTIME_EXCEEDED");
        assert!(matches!(world.attempt("a0", 1).end, Some(AttemptEnd::TimedOut(_))));
    }
}

#[test]
fn a_result_that_beats_the_stop_counts() {
    let mut world = limited(|policy| policy.max_runtime = Some(Span::from_secs(5)));
    world.start("a0");
    wake_when_due(&mut world, "a0");
    world.say("a0", done()).expect("it counts");
    assert_eq!(world.phase("a0"), Phase::Succeeded);
}

#[test]
fn an_attempt_that_ran_too_long_uses_up_a_user_retry() {
    let mut world = limited(|policy| {
        policy.max_runtime = Some(Span::from_secs(5));
        policy.user_retries = 1;
    });
    world.start("a0");
    wake_when_due(&mut world, "a0");
    world.say("a0", ReportKind::Stopped).expect("it counts");
    assert_eq!((world.phase("a0"), world.action("a0").spent.user), (Phase::Queued, 1));
    assert!(matches!(world.attempt("a0", 1).end, Some(AttemptEnd::TimedOut(_))));
}

#[test]
fn a_deadline_ends_everything_whatever_is_left() {
    let mut world = limited(|policy| {
        policy.deadline = Some(Span::from_secs(5));
        policy.user_retries = 9;
    });
    world.start("a0");
    world.effects.clear();
    wake_when_due(&mut world, "a0");
    assert_eq!(code(&world, "a0"), "DEADLINE_EXCEEDED");
    assert!(matches!(&world.effects[..], [Effect::Stop { .. }]));
    assert!(world.attempt("a0", 1).held);
    world.say("a0", ReportKind::Stopped).expect("the stop is confirmed");
    assert!(!world.attempt("a0", 1).held);
}

#[test]
fn a_condition_that_nobody_answers_times_out() {
    let mut world = World::running();
    world.add(condition("q", Some(Span::from_secs(5))));
    wake_when_due(&mut world, "q");
    assert_eq!(code(&world, "q"), "ConditionTimedOut");
}

#[test]
fn children_of_an_action_that_times_out_are_aborted() {
    let mut world = limited(|policy| policy.deadline = Some(Span::from_secs(5)));
    world.start("a0");
    world.spawn("c");
    wake_when_due(&mut world, "a0");
    world.settle();
    assert_eq!(world.phase("c"), Phase::Aborted);
}
