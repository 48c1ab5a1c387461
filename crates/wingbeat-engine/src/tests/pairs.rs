//! Every state meets every event. The table is total by its type: a new state or event does not
//! compile before its row or column is written.

use wingbeat_model::{FailureClass, Fence, Phase, Recovery, RunId, ServerId, Span};

use super::world::{
    World, cached, condition, done, failed, fatal, key, new_run, session, session_id, started, task,
    with_policy,
};
use crate::{Command, NewAction, Report, ReportKind};

#[derive(Debug, Clone, Copy)]
enum Is {
    Queued,
    BackingOff,
    AwaitingCache,
    Claimed,
    Running,
    Stopping,
    Paused,
    Succeeded,
    Failed,
    Aborted,
    TimedOut,
    Recovered,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Claim,
    Started,
    Succeeded,
    UserFailure,
    SystemFailure,
    FatalFailure,
    Stopped,
    Abort,
    Signal,
    Wake,
    SessionLost,
    SameEnqueue,
}

const EVENTS: [Event; 12] = [
    Event::Claim,
    Event::Started,
    Event::Succeeded,
    Event::UserFailure,
    Event::SystemFailure,
    Event::FatalFailure,
    Event::Stopped,
    Event::Abort,
    Event::Signal,
    Event::Wake,
    Event::SessionLost,
    Event::SameEnqueue,
];

/// What follows: a phase, `==` for accepted without any change of the action, `no` for refused.
///
/// The action has one user retry, a limit of 60 s on waiting, and one of 60 s on running.
const TABLE: [(Is, [&str; EVENTS.len()]); 12] = [
    // Is                claim start succ. user  sys.  fatal stop  abort sign. wake  lost  again
    (Is::Queued, /*   */ ["IN", "no", "no", "no", "no", "no", "no", "AB", "no", "TO", "==", "=="]),
    (Is::BackingOff, /**/ ["no", "no", "no", "==", "==", "==", "==", "AB", "no", "QU", "==", "=="]),
    (Is::AwaitingCache, ["no", "no", "no", "no", "no", "no", "no", "AB", "no", "TO", "==", "=="]),
    (Is::Claimed, /*  */ ["no", "RU", "SU", "QU", "QU", "FA", "QU", "AB", "no", "==", "QU", "=="]),
    (Is::Running, /*  */ ["no", "==", "SU", "QU", "QU", "FA", "QU", "AB", "no", "RU", "QU", "=="]),
    (Is::Stopping, /* */ ["no", "==", "SU", "QU", "QU", "QU", "QU", "AB", "no", "==", "QU", "=="]),
    (Is::Paused, /*   */ ["no", "no", "no", "no", "no", "no", "no", "AB", "SU", "TO", "==", "=="]),
    (Is::Succeeded, /**/ ["no", "no", "==", "no", "no", "no", "==", "==", "no", "==", "==", "=="]),
    (Is::Failed, /*   */ ["no", "no", "no", "==", "==", "==", "==", "==", "no", "==", "==", "=="]),
    (Is::Aborted, /*  */ ["no", "==", "no", "no", "no", "no", "==", "==", "no", "==", "==", "=="]),
    (Is::TimedOut, /* */ ["no", "no", "no", "no", "no", "no", "no", "==", "no", "==", "==", "=="]),
    (Is::Recovered, /**/ ["no", "no", "no", "no", "no", "no", "no", "==", "no", "==", "==", "=="]),
];

const fn short(phase: Phase) -> &'static str {
    match phase {
        Phase::Queued => "QU",
        Phase::WaitingForResources => "WA",
        Phase::Initializing => "IN",
        Phase::Running => "RU",
        Phase::Succeeded => "SU",
        Phase::Failed => "FA",
        Phase::Aborted => "AB",
        Phase::TimedOut => "TO",
        Phase::Paused => "PA",
        Phase::Recovered => "RE",
    }
}

fn x(new: NewAction) -> NewAction {
    with_policy(new, |policy| {
        policy.user_retries = 1;
        policy.max_queued = Some(Span::from_secs(60));
        policy.max_runtime = Some(Span::from_secs(60));
    })
}

fn new_x(is: Is) -> NewAction {
    match is {
        Is::AwaitingCache => x(cached("x", true)),
        Is::Paused => condition("x", Some(Span::from_secs(60))),
        Is::Queued
        | Is::BackingOff
        | Is::Claimed
        | Is::Running
        | Is::Stopping
        | Is::Succeeded
        | Is::Failed
        | Is::Aborted
        | Is::TimedOut
        | Is::Recovered => x(task("x")),
    }
}

/// A world in which `x` of run 1 stands where it should.
fn world(is: Is) -> World {
    let mut world = World::empty();
    world.ok(Command::StartSession(session("s3", "three")));
    let mut new = new_run(super::world::RUN, "r1");
    if matches!(is, Is::Recovered) {
        source(&mut world);
        new.run.recovery = Some(Recovery { source: RunId(2), force_rerun: vec![] });
    }
    world.ok(Command::CreateRun(Box::new(new)));
    world.ok(Command::Claim { action: key("a0"), session: session_id("s3") });
    if matches!(is, Is::AwaitingCache) {
        world.add(cached("other", true));
    }
    world.add(new_x(is));
    match is {
        Is::Queued | Is::AwaitingCache | Is::Paused | Is::Recovered => {}
        Is::BackingOff => {
            world.start("x");
            world.say("x", failed(FailureClass::System)).expect("it counts");
        }
        Is::Claimed => assert!(world.claim("x").is_ok()),
        Is::Running => world.start("x"),
        Is::Stopping => {
            world.start("x");
            world.pass(Span::from_secs(61));
            world.wake("x");
        }
        Is::Succeeded => end(&mut world, done()),
        Is::Failed => end(&mut world, fatal()),
        Is::Aborted => {
            world.start("x");
            world.abort("x").expect("it is aborted");
        }
        Is::TimedOut => {
            world.pass(Span::from_secs(61));
            world.wake("x");
        }
    }
    world
}

fn end(world: &mut World, kind: ReportKind) {
    world.start("x");
    world.say("x", kind).expect("it counts");
}

/// Run 2, in which `x` has succeeded.
fn source(world: &mut World) {
    let mut new = new_run(RunId(2), "r2");
    new.root.key.run = RunId(2);
    world.ok(Command::CreateRun(Box::new(new)));
    let mut x = x(task("x"));
    x.key.run = RunId(2);
    let (action, session) = (x.key.clone(), session_id("s3"));
    world.add(x);
    world.ok(Command::Claim { action: action.clone(), session: session.clone() });
    let attempt = wingbeat_model::AttemptKey { action, attempt: 1 };
    let fence = world.rows.attempts[&attempt].fence;
    let report = Report { attempt, fence, session, at: world.now, kind: done() };
    world.ok(Command::Report(Box::new(report)));
}

/// Performs the event and says whether it was refused.
fn meet(world: &mut World, is: Is, event: Event) -> bool {
    let outcome = match event {
        Event::Claim => world.claim("x"),
        Event::Started => report(world, started()),
        Event::Succeeded => report(world, done()),
        Event::UserFailure => report(world, failed(FailureClass::User)),
        Event::SystemFailure => report(world, failed(FailureClass::System)),
        Event::FatalFailure => report(world, fatal()),
        Event::Stopped => report(world, ReportKind::Stopped),
        Event::Abort => world.abort("x"),
        Event::Signal => world.send(Command::Signal { action: key("x"), value: vec![1], by: String::new() }),
        Event::Wake => {
            world.pass(Span::from_secs(61));
            world.send(Command::Wake(key("x")))
        }
        Event::SessionLost => {
            let reply = world.send(Command::EndSession { session: session_id("s1"), server: ServerId::ONLY });
            world.settle();
            reply
        }
        Event::SameEnqueue => world.send(Command::Enqueue(Box::new(new_x(is)))),
    };
    outcome.is_err()
}

/// A report of `s1` on the newest attempt, or on a first one that there never was.
fn report(world: &mut World, kind: ReportKind) -> Result<crate::Reply, crate::Reject> {
    if world.action("x").attempts > 0 {
        return world.say("x", kind);
    }
    let attempt = wingbeat_model::AttemptKey { action: key("x"), attempt: 1 };
    let report = Report { attempt, fence: Fence(1), session: session_id("s1"), at: world.now, kind };
    world.send(Command::Report(Box::new(report)))
}

#[test]
fn every_state_meets_every_event() {
    let mut wrong = Vec::new();
    for (row, (is, expected)) in TABLE.into_iter().enumerate() {
        assert_eq!(is as usize, row, "rows stand in the order of the states");
        for (event, expected) in EVENTS.into_iter().zip(expected) {
            let mut world = world(is);
            let before = world.action("x").state.clone();
            let refused = meet(&mut world, is, event);
            let after = &world.action("x").state;
            let got = match (refused, *after == before) {
                (true, true) => "no",
                (false, true) => "==",
                (false, false) => short(world.phase("x")),
                (true, false) => "refused, but changed",
            };
            if got != expected {
                wrong.push(format!("{is:?} x {event:?}: {got}, expected {expected}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
