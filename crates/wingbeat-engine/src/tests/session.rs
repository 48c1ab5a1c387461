//! What happens when executors come, come back and are lost.

use wingbeat_model::{AttemptEnd, FailureClass, Phase, Policy, ServerId, Session, Span};

use super::world::{World, done, key, session, session_id, started, task, with_policy};
use crate::{Command, Effect, Office, Reject, Reply, resume};

fn lose(world: &mut World) {
    world.ok(Command::EndSession { session: session_id("s1"), server: ServerId::ONLY });
    world.settle();
}

#[test]
fn what_a_lost_session_ran_is_retried_as_an_infrastructure_failure() {
    let mut world = World::running();
    world.spawn("c");
    world.claim("c").expect("it is claimed");
    lose(&mut world);
    for name in ["a0", "c"] {
        assert_eq!((world.phase(name), world.action(name).spent.system), (Phase::Queued, 1));
        let attempt = world.attempt(name, 1);
        assert!(!attempt.held);
        let Some(AttemptEnd::Failed(failure)) = &attempt.end else { panic!("{attempt:?}") };
        assert_eq!((failure.code.as_str(), failure.class), ("ExecutorLost", FailureClass::Infrastructure));
    }
    assert_eq!(world.run().running, 0);
}

#[test]
fn a_session_is_lost_once() {
    let mut world = World::running();
    lose(&mut world);
    world.ok(Command::EndSession { session: session_id("s1"), server: ServerId::ONLY });
    assert!(world.wrote.is_empty());
    world.ok(Command::EndSession { session: session_id("never"), server: ServerId::ONLY });
    assert!(world.wrote.is_empty());
}

#[test]
fn places_of_aborted_attempts_end_with_their_session() {
    let mut world = World::running();
    world.abort("a0").expect("it is aborted");
    lose(&mut world);
    assert!(!world.attempt("a0", 1).held);
    assert_eq!(world.phase("a0"), Phase::Aborted);
}

#[test]
fn an_attempt_that_was_being_stopped_for_time_has_timed_out() {
    let limit = |policy: &mut Policy| policy.max_runtime = Some(Span::from_secs(5));
    let mut world = World::with_run(|new| new.root = with_policy(new.root.clone(), limit));
    world.start("a0");
    world.pass(Span::from_secs(6));
    world.wake("a0");
    lose(&mut world);
    assert_eq!(world.phase("a0"), Phase::TimedOut);
}

#[test]
fn a_new_session_of_an_executor_ends_its_former_one() {
    let mut world = World::running();
    world.ok(Command::StartSession(session("s1b", "one")));
    assert!(world.rows.sessions[&session_id("s1")].ended_at.is_some());
    assert!(world.rows.sessions[&session_id("s2")].ended_at.is_none(), "another executor's");
    world.settle();
    assert_eq!(world.phase("a0"), Phase::Queued);
}

#[test]
fn a_reconnect_changes_nothing_and_a_lost_session_does_not_come_back() {
    let mut world = World::running();
    world.ok(Command::StartSession(session("s1", "one")));
    assert!(world.wrote.is_empty());
    lose(&mut world);
    assert_eq!(world.send(Command::StartSession(session("s1", "one"))), Err(Reject::NoSession));
}

#[test]
fn a_session_that_has_moved_is_not_lost_with_its_former_server() {
    let mut world = World::running();
    let moved = Session { server: ServerId(2), ..session("s1", "one") };
    world.ok(Command::StartSession(moved));
    lose(&mut world);
    assert!(world.attempt("a0", 1).held, "it is with server 2 now");
    world.ok(Command::EndSession { session: session_id("s1"), server: ServerId(2) });
    world.settle();
    assert!(!world.attempt("a0", 1).held);
}

#[test]
fn a_server_gives_nothing_to_the_executor_of_another() {
    let mut world = World::running();
    world.spawn("c");
    world.office = Some(Office { server: ServerId(2), epoch: 0 });
    assert_eq!(world.claim("c"), Err(Reject::NoSession));
    world.office = Some(Office { server: ServerId::ONLY, epoch: 0 });
    world.claim("c").expect("it is its own");
}

#[test]
fn a_former_holder_of_the_duty_wakes_nobody() {
    let mut world = World::running();
    world.add(with_policy(task("c"), |policy| policy.max_runtime = Some(Span::from_secs(5))));
    world.claim("c").expect("it is claimed");
    world.say("c", started()).expect("it runs");
    world.now = world.now + Span::from_secs(60);
    world.epoch = 3;
    world.office = Some(Office { server: ServerId::ONLY, epoch: 2 });
    world.ok(Command::Wake(key("c")));
    assert!(world.wrote.is_empty(), "another server sees to it");
    world.office = Some(Office { server: ServerId::ONLY, epoch: 3 });
    world.ok(Command::Wake(key("c")));
    assert!(!world.wrote.is_empty(), "its time is over");
}

#[test]
fn a_report_that_comes_before_the_loss_is_worked_off_counts() {
    let mut world = World::running();
    world.ok(Command::EndSession { session: session_id("s1"), server: ServerId::ONLY });
    assert_eq!(world.say("a0", done()), Ok(Reply::Reported));
    world.settle();
    assert_eq!((world.phase("a0"), world.action("a0").attempts), (Phase::Succeeded, 1));
}

#[test]
fn many_attempts_are_lost_in_chunks() {
    let mut world = World::running();
    let names: Vec<String> = (0..1_200).map(|n| format!("c{n}")).collect();
    world.batch(names.iter().map(|name| Command::Enqueue(Box::new(task(name)))).collect());
    let claim = |name: &String| Command::Claim { action: super::world::key(name), session: session_id("s1") };
    world.batch(names.iter().map(claim).collect());
    assert_eq!(world.run().running, 1_201);
    lose(&mut world);
    assert_eq!(world.run().running, 0);
}

#[test]
fn effects_that_a_crash_swallowed_follow_from_the_rows() {
    let mut world = World::with_run(|_| {});
    world.claim("a0").expect("it is claimed");
    let again = |world: &World| resume(world.action("a0"), world.attempt("a0", 1));
    assert!(matches!(again(&world), Some(Effect::Assign { .. })));
    world.abort("a0").expect("it is aborted");
    assert!(matches!(again(&world), Some(Effect::Stop { .. })));
    let _ = world.say("a0", done());
    assert_eq!(again(&world), None);
}

#[test]
fn an_attempt_is_not_assigned_by_the_row_of_a_later_one() {
    let mut world = World::with_run(|_| {});
    world.claim("a0").expect("it is claimed");
    let attempt = world.attempt("a0", 1);
    let mut later = world.action("a0").clone();
    later.attempts += 1;
    assert!(matches!(resume(&later, attempt), Some(Effect::Stop { .. })));
    let mut other_owner = attempt.clone();
    other_owner.fence.0 += 1;
    assert!(matches!(resume(world.action("a0"), &other_owner), Some(Effect::Stop { .. })));
}

#[test]
fn an_executor_drains_in_the_life_that_was_meant() {
    let mut world = World::running();
    world.ok(Command::DrainExecutor("one".to_owned()));
    assert!(world.rows.sessions[&session_id("s1")].draining);
    assert!(!world.rows.sessions[&session_id("s2")].draining, "another executor's");
    assert!(world.attempt("a0", 1).held, "what runs goes on");
    world.ok(Command::DrainExecutor("one".to_owned()));
    assert!(world.wrote.is_empty(), "it was known");
    let moved = Session { server: ServerId(2), ..session("s1", "one") };
    world.ok(Command::StartSession(moved));
    assert!(world.rows.sessions[&session_id("s1")].draining, "wherever it goes");
    world.ok(Command::StartSession(session("s1b", "one")));
    assert!(!world.rows.sessions[&session_id("s1b")].draining, "a new life");
}

#[test]
fn only_executors_that_are_there_drain() {
    let mut world = World::running();
    let reject = Reject::NoExecutor("three".to_owned());
    assert_eq!(world.send(Command::DrainExecutor("three".to_owned())), Err(reject));
    lose(&mut world);
    let reject = Reject::NoExecutor("one".to_owned());
    assert_eq!(world.send(Command::DrainExecutor("one".to_owned())), Err(reject));
}

#[test]
fn an_executor_that_drains_is_given_nothing_new() {
    let mut world = World::running();
    world.spawn("c");
    world.ok(Command::DrainExecutor("one".to_owned()));
    assert_eq!(world.claim("c"), Err(Reject::Draining));
    let says_so = Session { draining: true, ..session("s2", "two") };
    world.ok(Command::StartSession(says_so));
    let claim = Command::Claim { action: key("c"), session: session_id("s2") };
    assert_eq!(world.send(claim), Err(Reject::Draining), "it says so itself");
}

#[test]
fn a_drained_session_ends_when_nothing_is_its_any_more() {
    let leave = || Command::LeaveSession(session_id("s1"));
    let mut world = World::running();
    assert_eq!(world.send(leave()), Err(Reject::NotDrained), "nobody asked it to drain");
    world.ok(Command::DrainExecutor("one".to_owned()));
    assert_eq!(world.send(leave()), Err(Reject::NotDrained), "a0 is its");
    world.say("a0", done()).expect("it ends");
    world.ok(leave());
    assert!(world.rows.sessions[&session_id("s1")].ended_at.is_some());
    assert!(world.rows.follow_ups.is_empty(), "nothing is to be given up");
    world.ok(leave());
    assert!(world.wrote.is_empty(), "the answer may have been lost");
}

#[test]
fn what_the_same_transaction_gives_keeps_a_session() {
    let mut world = World::running();
    world.say("a0", done()).expect("it ends");
    let mut other = World::running();
    other.spawn("c");
    for world in [&mut world, &mut other] {
        let claim = Command::Claim { action: key("c"), session: session_id("s1") };
        let drain = Command::DrainExecutor("one".to_owned());
        world.batch(vec![claim, drain, Command::LeaveSession(session_id("s1"))]);
    }
    assert!(world.rows.sessions[&session_id("s1")].ended_at.is_some(), "nothing was given");
    assert!(other.rows.sessions[&session_id("s1")].ended_at.is_none());
}
