//! Which budget pays, how long a retry waits, and what stays when nothing is left.

use wingbeat_model::{ActionOutcome, AttemptCause, Backoff, Failure, FailureClass, Phase, Span, State};

use super::world::{World, done, failed, failure, fatal, with_policy};
use crate::ReportKind;
use crate::retry::delay;

fn retried(user_retries: u32, backoff: Option<Backoff>) -> World {
    let mut world = World::with_run(|new| {
        new.root = with_policy(new.root.clone(), |policy| {
            policy.user_retries = user_retries;
            policy.backoff = backoff;
        });
    });
    world.start("a0");
    world
}

fn waits(world: &World) -> Span {
    let State::Queued { since, not_before } = world.action("a0").state else { panic!("it is queued") };
    not_before.since(since)
}

#[test]
fn a_user_failure_uses_up_a_user_retry() {
    let mut world = retried(1, None);
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    assert_eq!((world.phase("a0"), waits(&world)), (Phase::Queued, Span::ZERO));
    assert!(world.action("a0").reopens_since.is_some());
    world.start("a0");
    assert_eq!(world.attempt("a0", 2).cause, AttemptCause::User);
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    assert_eq!((world.phase("a0"), world.action("a0").attempts), (Phase::Failed, 2));
}

#[test]
fn user_retries_wait_as_the_spec_says() {
    let backoff = Backoff { base: Span::from_secs(2), factor: 3.0, cap: Some(Span::from_secs(10)) };
    let mut world = retried(3, Some(backoff));
    for seconds in [2, 6, 10] {
        world.say("a0", failed(FailureClass::User)).expect("it counts");
        assert_eq!(waits(&world), Span::from_secs(seconds));
        world.pass(Span::from_secs(10));
        world.start("a0");
    }
}

#[test]
fn what_cannot_recover_ends_at_once() {
    let mut world = retried(5, None);
    world.say("a0", fatal()).expect("it counts");
    assert_eq!((world.phase("a0"), world.action("a0").attempts), (Phase::Failed, 1));
}

#[test]
fn system_failures_have_a_budget_of_their_own() {
    for class in [FailureClass::System, FailureClass::Infrastructure] {
        let mut world = retried(0, None);
        for millis in [500, 1_000, 2_000] {
            world.say("a0", failed(class)).expect("it counts");
            assert_eq!(waits(&world), Span::from_millis(millis));
            assert_eq!(world.action("a0").reopens_since, None);
            world.pass(Span::from_secs(10));
            world.start("a0");
        }
        assert_eq!(world.attempt("a0", 4).cause, AttemptCause::System);
        world.say("a0", failed(class)).expect("it counts");
        let Some(ActionOutcome::Failed(failure)) = world.action("a0").outcome() else {
            panic!("it has failed");
        };
        assert_eq!(
            (failure.code.as_str(), failure.message.as_str()),
            ("ValueError", "no (after 4 attempts)")
        );
        assert_eq!(world.action("a0").spent.user, 0);
    }
}

#[test]
fn an_executor_that_is_told_to_end_uses_up_no_budget() {
    let mut world = retried(0, None);
    for n in 1..=6 {
        let failure =
            Failure { code: "ExecutorShutdown".to_owned(), ..failure(FailureClass::Infrastructure) };
        world.say("a0", ReportKind::Failed { failure, report_uri: None }).expect("it counts");
        let spent = world.action("a0").spent;
        assert_eq!((spent.user, spent.system, spent.preempted), (0, 0, n));
        world.pass(Span::from_secs(10));
        world.start("a0");
        assert_eq!(world.attempt("a0", n + 1).cause, AttemptCause::Preempted);
    }
}

#[test]
fn a_retry_can_succeed() {
    let mut world = retried(1, None);
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    world.start("a0");
    world.say("a0", done()).expect("it counts");
    assert_eq!(world.phase("a0"), Phase::Succeeded);
}

#[test]
fn waits_grow_to_their_cap_and_never_overflow() {
    let endless = Backoff { base: Span::from_secs(1), factor: 2.0, cap: None };
    let capped = Backoff { cap: Some(Span::from_secs(60)), ..endless };
    let shrinking = Backoff { factor: 0.5, ..endless };
    for (backoff, n, wait) in [
        (endless, 0, Span::from_secs(1)),
        (endless, 4, Span::from_secs(16)),
        (endless, u32::MAX, Span::from_micros(i64::MAX)),
        (capped, 3, Span::from_secs(8)),
        (capped, 1_000, Span::from_secs(60)),
        (shrinking, 5, Span::from_secs(1)),
    ] {
        assert_eq!(delay(&backoff, n), wait, "{backoff:?} {n}");
    }
}
