//! What an abort ends, what it leaves, and what it tells executors.

use wingbeat_model::{ActionOutcome, AttemptEnd, FailureClass, Phase};

use super::world::{WRONG, World, child_of, condition, done, failed, fatal, key, stale, task};
use crate::{Command, Effect, Reject, Reply};

#[test]
fn a_queued_action_ends_at_once() {
    let mut world = World::with_run(|_| {});
    world.abort("a0").expect("it is aborted");
    let Some(ActionOutcome::Aborted(abort)) = world.action("a0").outcome() else { panic!("it is aborted") };
    assert_eq!((abort.reason.as_str(), abort.by.as_str()), ("enough", "ada"));
    assert_eq!(world.run().abort.as_ref(), Some(abort));
    assert!(world.effects.is_empty());
}

#[test]
fn a_running_action_ends_at_once_and_its_process_is_stopped() {
    let mut world = World::running();
    world.effects.clear();
    world.abort("a0").expect("it is aborted");
    assert!(matches!(&world.effects[..], [Effect::Stop { reason, .. }] if reason == "enough"));
    let attempt = world.attempt("a0", 1);
    assert_eq!(attempt.end, Some(AttemptEnd::Aborted { reason: "enough".to_owned() }));
    assert!(attempt.held);
    assert_eq!(world.run().running, 0);
}

#[test]
fn nothing_overwrites_an_end() {
    for (end, phase) in [(done(), Phase::Succeeded), (fatal(), Phase::Failed)] {
        let mut world = World::running();
        world.say("a0", end).expect("it counts");
        assert_eq!(world.abort("a0"), Ok(Reply::Aborted));
        assert_eq!(world.phase("a0"), phase);
        assert!(world.wrote.is_empty());
    }
}

#[test]
fn the_abort_of_a_root_reaches_all_below_it() {
    let mut world = World::running();
    for (parent, name) in [("a0", "c"), ("c", "g"), ("g", "h")] {
        world.add(child_of(parent, name));
        world.start(name);
    }
    world.add(condition("q", None));
    world.effects.clear();
    world.abort("a0").expect("it is aborted");
    world.settle();
    for name in ["c", "g", "h", "q"] {
        let Some(ActionOutcome::Aborted(abort)) = world.action(name).outcome() else { panic!("{name}") };
        assert_eq!((abort.reason.as_str(), abort.by.as_str()), ("enough", "ada"));
    }
    assert_eq!(world.effects.len(), 4);
    assert_eq!((world.run().running, world.run().waiting_parents), (0, 0));
}

#[test]
fn the_abort_of_a_child_leaves_its_siblings_and_its_run() {
    let mut world = World::running();
    world.spawn("c");
    world.spawn("d");
    world.abort("c").expect("it is aborted");
    world.settle();
    assert_eq!((world.phase("c"), world.phase("d")), (Phase::Aborted, Phase::Queued));
    assert_eq!(world.run().abort, None);
}

#[test]
fn a_cascade_is_worked_off_in_chunks() {
    let mut world = World::running();
    let spawn = |n| Command::Enqueue(Box::new(task(&format!("c{n}"))));
    world.batch((0..2_500).map(spawn).collect());
    world.abort("a0").expect("it is aborted");
    world.settle();
    assert_eq!(world.action("a0").live_children, 0);
}

#[test]
fn a_cascade_spares_the_children_of_a_parent_that_runs_again() {
    let mut world = World::with_run(|new| {
        new.root = super::world::with_policy(new.root.clone(), |policy| policy.user_retries = 1);
    });
    world.start("a0");
    world.spawn("c");
    world.start("c");
    world.add(child_of("c", "g"));
    world.say("c", failed(FailureClass::User)).expect("it counts");
    world.say("a0", failed(FailureClass::User)).expect("it counts");
    world.add(task("c"));
    world.settle();
    assert_eq!((world.phase("c"), world.phase("g")), (Phase::Queued, Phase::Queued));
}

#[test]
fn a_former_attempt_aborts_nothing() {
    let mut world = World::running();
    world.spawn("c");
    let mut caller = world.caller("a0");
    caller.fence = WRONG;
    let abort =
        Command::Abort { action: key("c"), reason: String::new(), by: String::new(), caller: Some(caller) };
    assert_eq!(world.send(abort), Err(stale("a0", 1)));
    assert_eq!(world.phase("c"), Phase::Queued);
}

#[test]
fn an_abort_without_a_reason_gets_one() {
    let mut world = World::with_run(|_| {});
    let (reason, by) = (String::new(), String::new());
    world.ok(Command::Abort { action: key("a0"), reason, by, caller: None });
    assert_eq!(world.run().abort.as_ref().map(|abort| abort.reason.as_str()), Some("aborted by user"));
}

#[test]
fn what_is_not_there_cannot_be_aborted() {
    let mut world = World::running();
    assert!(matches!(world.abort("nobody"), Err(Reject::NoAction(_))));
}
