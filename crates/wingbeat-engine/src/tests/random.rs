//! Random sequences of commands. Whatever comes, the invariants hold after every transaction (the world
//! checks them), and a fair driver brings every run to its end.

use proptest::prelude::{Strategy, any, prop, proptest};
use proptest::test_runner::Config;
use wingbeat_model::{
    Action, ActionKey, Attempt, Backoff, FailureClass, Phase, RunId, ServerId, Session, Span, State,
};

use super::world::{
    RUN, World, cached, child_of, condition, done, failed, fatal, key, new_run, session_id, started, trace,
    with_policy,
};
use crate::{Command, NewAction, Report, ReportKind, wake_at};

const NAMES: [&str; 7] = ["a0", "b", "c", "d", "e", "f", "g"];

/// One command, described by numbers that mean something in any state.
#[derive(Debug, Clone, Copy)]
struct Step {
    what: u8,
    who: usize,
    whom: usize,
    detail: u8,
    millis: u16,
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = (0..16_u8, 0..NAMES.len(), 0..NAMES.len(), any::<u8>(), 0..4_000_u16)
        .prop_map(|(what, who, whom, detail, millis)| Step { what, who, whom, detail, millis });
    prop::collection::vec(prop::collection::vec(step, 1..4), 1..50)
}

fn new_action(step: Step) -> NewAction {
    let (name, parent) = (NAMES[step.who], NAMES[step.whom]);
    let new = match step.who {
        6 if step.detail.is_multiple_of(2) => condition(name, Some(Span::from_secs(5))),
        6 => trace(name, None),
        2 | 3 | 5 => cached(name, true),
        _ => child_of(parent, name),
    };
    let new = NewAction { parent: Some(wingbeat_model::ActionName::stored(parent)), ..new };
    with_policy(new, |policy| {
        policy.user_retries = 2;
        policy.backoff = Some(Backoff { base: Span::from_secs(1), factor: 2.0, cap: None });
        policy.max_runtime = Some(Span::from_secs(6));
        policy.max_queued = (step.who == 3).then_some(Span::from_secs(4));
        policy.deadline = (step.who == 4).then_some(Span::from_secs(20));
    })
}

fn newest(world: &World, name: &str) -> Option<Attempt> {
    let of = |attempt: &&Attempt| attempt.key.action == key(name);
    world.rows.attempts.values().rfind(of).cloned()
}

fn report(world: &World, step: Step, kind: ReportKind) -> Option<Command> {
    let mine = |attempt: &&Attempt| attempt.key.action == key(NAMES[step.who]);
    let attempts: Vec<&Attempt> = world.rows.attempts.values().filter(mine).collect();
    let attempt = attempts.get(usize::from(step.detail) % attempts.len().max(1))?;
    let (fence, session) = (attempt.fence, attempt.session.clone());
    let report = Report { attempt: attempt.key.clone(), fence, session, at: world.now, kind };
    Some(Command::Report(Box::new(report)))
}

fn newest_session(world: &World) -> Option<wingbeat_model::SessionId> {
    let open = world.rows.sessions.values().filter(|session| session.ended_at.is_none());
    open.map(|session| session.id.clone()).next_back()
}

fn command(world: &World, step: Step) -> Option<Command> {
    let action = key(NAMES[step.who]);
    match step.what {
        0..=3 => Some(Command::Enqueue(Box::new(new_action(step)))),
        4 | 5 => Some(Command::Claim { action, session: newest_session(world)? }),
        6 => report(world, step, started()),
        7 => report(world, step, done()),
        8 => report(world, step, failed(FailureClass::User)),
        9 => {
            let kind = if step.detail.is_multiple_of(2) { failed(FailureClass::System) } else { fatal() };
            report(world, step, kind)
        }
        10 => report(world, step, ReportKind::Stopped),
        11 if step.detail < 60 => {
            let caller = step.detail.is_multiple_of(2).then(|| newest(world, NAMES[step.whom])).flatten();
            let caller = caller.map(|attempt| wingbeat_model::AttemptIdentity {
                action: attempt.key.action,
                attempt: attempt.key.attempt,
                fence: attempt.fence,
            });
            Some(Command::Abort { action, reason: String::new(), by: String::new(), caller })
        }
        12 => Some(Command::Signal { action, value: vec![step.detail % 2], by: String::new() }),
        13 => Some(Command::Wake(action)),
        14 if step.detail % 32 == 15 => Some(Command::DrainExecutor(format!("e{}", step.detail / 32 % 2))),
        14 if step.detail % 32 == 31 => {
            Some(Command::LeaveSession(session_id(&format!("s{}", step.detail / 32))))
        }
        14 if step.detail < 100 => {
            let id = session_id(&format!("s{}", step.detail % 8));
            let executor = format!("e{}", step.detail % 2);
            Some(Command::StartSession(Session::new(id, executor, ServerId::ONLY, world.now)))
        }
        _ => world.rows.follow_ups.first().cloned().map(Command::FollowUp),
    }
}

/// Does what a driver does until nothing is left: no action may be stuck.
fn drive_to_the_end(world: &mut World) {
    let last = Session::new(session_id("z"), "last".to_owned(), ServerId::ONLY, world.now);
    world.ok(Command::StartSession(last));
    for _ in 0..200 {
        world.settle();
        let live = |action: &&Action| !action.phase().is_terminal();
        let live: Vec<Action> = world.rows.actions.values().filter(live).cloned().collect();
        if live.is_empty() {
            return;
        }
        for action in live {
            push(world, &action.key);
        }
        world.pass(Span::from_secs(1));
    }
    panic!("something never ends: {:#?}", world.rows.actions);
}

fn push(world: &mut World, key: &ActionKey) {
    let action = world.rows.actions[key].clone();
    if wake_at(&action).is_some_and(|at| at <= world.now) {
        world.ok(Command::Wake(key.clone()));
        return;
    }
    match action.state {
        State::Queued { .. } => {
            let _ = world.send(Command::Claim { action: key.clone(), session: session_id("z") });
        }
        State::Claimed { .. } | State::Running { .. } => {
            world.say(key.name.as_str(), done()).expect("the owner's report counts");
        }
        State::Paused { .. } => {
            world.ok(Command::Signal { action: key.clone(), value: vec![1], by: String::new() });
        }
        State::AwaitingCache { .. } | State::Done { .. } => {}
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_commands_keep_the_invariants_and_every_run_ends(batches in steps()) {
        let mut world = World::empty();
        let mut new = new_run(RUN, "r1");
        new.run.max_concurrency = Some(2);
        new.root = with_policy(new.root, |policy| policy.user_retries = 2);
        world.ok(Command::CreateRun(Box::new(new)));
        world.ok(Command::CreateRun(Box::new(new_run(RunId(2), "r2"))));
        for batch in batches {
            world.pass(Span::from_millis(batch.iter().map(|step| i64::from(step.millis)).sum()));
            let commands = batch.iter().filter_map(|step| command(&world, *step)).collect();
            world.batch(commands);
        }
        let root = ActionKey::root(RunId(2));
        world.ok(Command::Abort { action: root, reason: String::new(), by: String::new(), caller: None });
        drive_to_the_end(&mut world);
        assert_ne!(world.phase("a0"), Phase::Queued);
    }
}
