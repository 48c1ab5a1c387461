//! What reports do: in time, twice, late, and from former owners.

use wingbeat_model::{AttemptEnd, FailureClass, Phase, ServerId, Span, Timestamp};

use super::world::{WRONG, World, done, failed, fatal, key, session_id, stale, started, with_policy};
use crate::{Command, Reject, Reply, Report, ReportKind};

#[test]
fn an_action_runs_and_succeeds() {
    let mut world = World::running();
    assert_eq!(world.phase("a0"), Phase::Running);
    world.say("a0", done()).expect("it counts");
    assert_eq!(world.phase("a0"), Phase::Succeeded);
    let attempt = world.attempt("a0", 1);
    let phases: Vec<Phase> = attempt.phases.iter().map(|seen| seen.phase).collect();
    assert_eq!(phases, [Phase::Queued, Phase::Initializing, Phase::Running, Phase::Succeeded]);
    assert!(!attempt.held);
    assert_eq!(world.run().running, 0);
}

#[test]
fn a_result_without_a_start_counts() {
    let mut world = World::with_run(|_| {});
    world.claim("a0").expect("it is claimed");
    world.say("a0", done()).expect("it counts");
    assert_eq!(world.phase("a0"), Phase::Succeeded);
    assert!(world.action("a0").started_at.is_some());
}

#[test]
fn a_report_said_twice_is_confirmed_and_changes_nothing() {
    for kind in [done(), fatal(), failed(FailureClass::System)] {
        let mut world = World::running();
        let report = world.report_of("a0", kind);
        world.ok(Command::Report(Box::new(report.clone())));
        world.ok(Command::Report(Box::new(report)));
        assert!(world.wrote.is_empty());
    }
    let mut world = World::running();
    world.say("a0", started()).expect("it counts");
    assert!(world.wrote.is_empty());
}

#[test]
fn a_start_that_comes_after_the_end_is_refused() {
    let mut world = World::with_run(|_| {});
    world.claim("a0").expect("it is claimed");
    let late = world.report_of("a0", started());
    world.say("a0", done()).expect("it counts");
    assert_eq!(world.send(Command::Report(Box::new(late))), Err(stale("a0", 1)));
    assert_eq!(world.phase("a0"), Phase::Succeeded);
}

#[test]
fn reports_of_a_wrong_fence_session_or_attempt_are_refused() {
    let mut world = World::running();
    let right = world.report_of("a0", done());
    let mut other_attempt = right.clone();
    other_attempt.attempt.attempt = 2;
    for (report, attempt) in [
        (Report { fence: WRONG, ..right.clone() }, 1),
        (Report { session: session_id("s2"), ..right.clone() }, 1),
        (other_attempt, 2),
    ] {
        assert_eq!(world.send(Command::Report(Box::new(report))), Err(stale("a0", attempt)));
    }
    assert_eq!(world.phase("a0"), Phase::Running);
}

#[test]
fn a_former_owner_cannot_end_the_attempt_of_the_present_one() {
    let mut world = World::running();
    let late = world.report_of("a0", done());
    world.ok(Command::EndSession { session: session_id("s1"), server: ServerId::ONLY });
    world.settle();
    world.pass(Span::from_secs(1));
    world.ok(Command::Claim { action: key("a0"), session: session_id("s2") });
    assert_eq!(world.send(Command::Report(Box::new(late))), Err(stale("a0", 1)));
    assert_eq!((world.phase("a0"), world.action("a0").attempts), (Phase::Initializing, 2));
}

#[test]
fn a_result_after_the_abort_frees_the_place_and_changes_no_phase() {
    let mut world = World::running();
    world.abort("a0").expect("it is aborted");
    assert!(world.attempt("a0", 1).held, "the process may live until the executor says it is gone");
    assert_eq!(world.say("a0", done()), Err(stale("a0", 1)));
    assert!(!world.attempt("a0", 1).held);
    assert_eq!(world.phase("a0"), Phase::Aborted);
}

#[test]
fn the_stop_that_was_asked_for_is_confirmed() {
    let mut world = World::running();
    world.abort("a0").expect("it is aborted");
    assert_eq!(world.say("a0", ReportKind::Stopped), Ok(Reply::Reported));
    assert!(!world.attempt("a0", 1).held);
    assert!(matches!(world.attempt("a0", 1).end, Some(AttemptEnd::Aborted { .. })));
}

#[test]
fn a_stop_that_nobody_asked_for_is_retried_by_the_system() {
    let mut world = World::running();
    world.say("a0", ReportKind::Stopped).expect("it counts");
    assert_eq!((world.phase("a0"), world.action("a0").spent.system), (Phase::Queued, 1));
}

#[test]
fn an_executors_clock_cannot_leave_the_time_between_claim_and_now() {
    for (said, early) in [(Timestamp::from_micros(0), true), (Timestamp::from_micros(i64::MAX), false)] {
        let mut world = World::with_run(|_| {});
        world.claim("a0").expect("it is claimed");
        let claimed_at = world.now;
        world.pass(Span::from_secs(9));
        let report = Report { at: said, ..world.report_of("a0", started()) };
        world.ok(Command::Report(Box::new(report)));
        let expected = if early { claimed_at } else { world.now };
        assert_eq!(world.action("a0").started_at, Some(expected));
    }
}

#[test]
fn children_of_an_action_that_ends_are_aborted() {
    let mut world = World::running();
    world.spawn("c");
    world.start("c");
    world.spawn("d");
    world.say("a0", done()).expect("it counts");
    world.settle();
    assert_eq!((world.phase("c"), world.phase("d")), (Phase::Aborted, Phase::Aborted));
    let Some(wingbeat_model::ActionOutcome::Aborted(abort)) = world.action("c").outcome() else {
        panic!("it is aborted");
    };
    assert_eq!(abort.reason, "parent ended");
}

#[test]
fn children_live_on_when_their_parent_is_retried() {
    let mut world = World::with_run(|new| new.root = with_policy(new.root.clone(), |p| p.user_retries = 1));
    world.start("a0");
    world.spawn("c");
    world.start("c");
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    world.settle();
    assert_eq!(world.phase("c"), Phase::Running);
    assert_eq!((world.run().running, world.run().waiting_parents), (1, 0));
}

#[test]
fn a_report_on_nothing_is_refused() {
    let mut world = World::running();
    let mut report = world.report_of("a0", done());
    report.attempt.action = key("nobody");
    assert!(world.send(Command::Report(Box::new(report))).is_err());
}

#[test]
fn a_start_that_is_told_after_the_abort_is_no_stale_report_while_the_place_is_held() {
    let mut world = World::with_run(|_| {});
    world.claim("a0").expect("it is claimed");
    let late = world.report_of("a0", started());
    world.abort("a0").expect("it is aborted");
    assert_eq!(world.send(Command::Report(Box::new(late.clone()))), Ok(Reply::Reported));
    assert!(world.attempt("a0", 1).held, "its process may live");
    assert_eq!(world.phase("a0"), Phase::Aborted);
    world.say("a0", ReportKind::Stopped).expect("it is gone");
    assert!(!world.attempt("a0", 1).held);
    assert!(matches!(world.send(Command::Report(Box::new(late))), Err(Reject::StaleAttempt { .. })));
}
