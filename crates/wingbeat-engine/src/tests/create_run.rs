//! What creating a run does.

use wingbeat_model::{Digest, Phase, ReplayKey, RunId};

use super::world::{RUN, World, key, new_run};
use crate::{Command, Reject, Reply};

#[test]
fn a_run_begins_with_its_root_queued_and_nothing_counted() {
    let world = World::with_run(|_| {});
    assert_eq!(world.phase("a0"), Phase::Queued);
    assert_eq!((world.run().running, world.run().waiting_parents), (0, 0));
    assert_eq!(world.action("a0").attempts, 0);
    assert_eq!(&*world.action("a0").queue, "of-run", "an action that names no queue takes the run's");
    assert_eq!(world.wrote.specs.len(), 2);
}

#[test]
fn a_taken_name_is_refused() {
    let mut world = World::with_run(|_| {});
    let again = world.send(Command::CreateRun(Box::new(new_run(RunId(2), "r1"))));
    assert_eq!(again, Err(Reject::RunExists("r1".to_owned())));
    assert!(!world.rows.runs.contains_key(&RunId(2)));
}

#[test]
fn two_runs_of_one_name_in_one_batch_become_one() {
    let mut world = World::empty();
    let replies = world.batch(vec![
        Command::CreateRun(Box::new(new_run(RunId(5), "same"))),
        Command::CreateRun(Box::new(new_run(RunId(6), "same"))),
    ]);
    assert_eq!(replies, vec![Ok(Reply::RunCreated(RunId(5))), Err(Reject::RunExists("same".to_owned()))]);
}

#[test]
fn the_same_request_again_is_answered_with_the_first_run() {
    let replay = Some((ReplayKey("ada/CreateRun/1".to_owned()), Digest([3; 32])));
    let mut world = World::with_run(|new| new.replay.clone_from(&replay));
    let mut again = new_run(RunId(2), "r2");
    again.replay = replay;
    assert_eq!(world.ok(Command::CreateRun(Box::new(again))), Reply::RunCreated(RUN));
    assert!(world.wrote.is_empty());
}

#[test]
fn another_body_under_the_same_request_id_is_a_new_request() {
    let request = ReplayKey("ada/CreateRun/1".to_owned());
    let mut world = World::with_run(|new| new.replay = Some((request.clone(), Digest([3; 32]))));
    let mut other = new_run(RunId(2), "r2");
    other.replay = Some((request, Digest([4; 32])));
    assert_eq!(world.ok(Command::CreateRun(Box::new(other))), Reply::RunCreated(RunId(2)));
}

#[test]
fn a_child_may_come_in_the_batch_that_creates_its_run() {
    let mut world = World::empty();
    let replies = world.batch(vec![
        Command::CreateRun(Box::new(new_run(RUN, "r1"))),
        Command::Enqueue(Box::new(super::world::cached("c", true))),
        Command::Claim { action: key("c"), session: super::world::session_id("s1") },
    ]);
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    assert_eq!(world.phase("c"), Phase::Initializing);
    assert_eq!(world.action("a0").live_children, 1);
    assert!(world.reserved_by("c"));
}
