//! Who gets a queued action, and when nobody does.

use wingbeat_model::{AttemptCause, FailureClass, Phase, ServerId, Span};

use super::world::{RUN, World, child_of, done, failed, key, new_run, session_id, task};
use crate::{Command, Effect, Reject, Reply};

#[test]
fn a_claim_makes_the_next_attempt_and_sends_it() {
    let mut world = World::with_run(|_| {});
    let Ok(Reply::Claimed { attempt: 1, fence }) = world.claim("a0") else { panic!("it is claimed") };
    let attempt = world.attempt("a0", 1);
    assert_eq!((attempt.fence, attempt.cause, attempt.held), (fence, AttemptCause::First, true));
    let phases: Vec<Phase> = attempt.phases.iter().map(|seen| seen.phase).collect();
    assert_eq!(phases, [Phase::Queued, Phase::Initializing]);
    let assign = Effect::Assign { attempt: attempt.key.clone(), fence, session: session_id("s1") };
    assert_eq!(world.effects, vec![assign]);
    assert_eq!(world.run().running, 1);
}

#[test]
fn an_action_is_claimed_once() {
    let mut world = World::with_run(|_| {});
    let claim = |session| Command::Claim { action: key("a0"), session: session_id(session) };
    let replies = world.batch(vec![claim("s1"), claim("s2")]);
    assert!(replies[0].is_ok());
    assert_eq!(replies[1], Err(Reject::NotQueued));
}

#[test]
fn what_is_made_is_claimed_in_the_same_batch() {
    let mut world = World::empty();
    let claim = |name| Command::Claim { action: key(name), session: session_id("s1") };
    let made = Command::CreateRun(Box::new(new_run(RUN, "r1")));
    let child = Command::Enqueue(Box::new(child_of("a0", "c")));
    let replies = world.batch(vec![made, claim("a0"), child, claim("c")]);
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    assert_eq!((world.phase("a0"), world.phase("c")), (Phase::Initializing, Phase::Initializing));
    assert_eq!((world.run().running, world.effects.len()), (2, 2));
}

#[test]
fn an_unknown_or_ended_session_gets_nothing() {
    let mut world = World::with_run(|_| {});
    world.ok(Command::EndSession { session: session_id("s2"), server: ServerId::ONLY });
    for session in ["s2", "s3"] {
        let claim = Command::Claim { action: key("a0"), session: session_id(session) };
        assert_eq!(world.send(claim), Err(Reject::NoSession));
    }
    assert!(matches!(world.claim("nobody"), Err(Reject::NoAction(_))));
}

#[test]
fn a_retry_is_not_claimed_before_its_backoff_is_over() {
    let mut world = World::running();
    world.say("a0", failed(FailureClass::System)).expect("it counts");
    assert_eq!(world.claim("a0"), Err(Reject::NotQueued));
    world.pass(Span::from_millis(500));
    assert!(matches!(world.claim("a0"), Ok(Reply::Claimed { attempt: 2, .. })));
}

#[test]
fn an_aborted_run_starts_nothing() {
    let mut world = World::running();
    world.spawn("c");
    world.abort("a0").expect("it is aborted");
    assert_eq!(world.claim("c"), Err(Reject::NotQueued));
}

#[test]
fn a_runs_cap_is_kept() {
    let mut world = World::with_run(|new| new.run.max_concurrency = Some(2));
    world.start("a0");
    for name in ["c", "d"] {
        world.spawn(name);
    }
    world.start("c");
    assert_eq!(world.claim("d"), Err(Reject::RunCap { cap: 2 }));
    world.say("c", done()).expect("it counts");
    assert!(world.claim("d").is_ok());
}

#[test]
fn waiting_parents_that_hold_the_whole_cap_let_one_more_run() {
    let mut world = World::with_run(|new| new.run.max_concurrency = Some(1));
    world.start("a0");
    world.spawn("c");
    world.spawn("d");
    world.start("c");
    assert_eq!(world.claim("d"), Err(Reject::RunCap { cap: 1 }));
    world.add(child_of("c", "g"));
    world.start("g");
    assert_eq!((world.run().running, world.run().waiting_parents), (3, 2));
    world.say("g", done()).expect("it counts");
    assert_eq!(world.add(task("c")), Reply::AlreadyEnqueued);
    assert_eq!(world.claim("d"), Err(Reject::RunCap { cap: 1 }), "`c` works again");
}

#[test]
fn an_attempt_never_goes_back_in_time_although_the_clock_is_set_back() {
    let mut world = World::with_run(|_| {});
    world.claim("a0").expect("it is claimed");
    world.now = world.now - Span::from_secs(600);
    world.say("a0", done()).expect("the report counts");
    let times: Vec<_> = world.attempt("a0", 1).phases.iter().map(|seen| seen.at).collect();
    assert_eq!(times.len(), 3);
    assert!(times.is_sorted(), "{times:?}");
}
