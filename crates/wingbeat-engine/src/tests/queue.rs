//! Queues: what operators say of them, and what that does to claims.

use wingbeat_model::{QueueChange, QueueName};

use super::world::{World, child_of, done, started};
use crate::{Command, NewAction, NewBody, Reject};

fn gpu() -> QueueName {
    QueueName::of("gpu")
}

fn put(change: QueueChange) -> Command {
    Command::PutQueue { name: gpu(), change }
}

fn capped(cap: u32) -> QueueChange {
    QueueChange { max_running: Some(Some(cap)), ..QueueChange::default() }
}

/// A child of the root that names the queue `gpu`.
fn in_gpu(name: &str) -> NewAction {
    let mut new = child_of("a0", name);
    if let NewBody::Task { queue, .. } = &mut new.body {
        *queue = "gpu".into();
    }
    new
}

fn enqueue(name: &str) -> Command {
    Command::Enqueue(Box::new(in_gpu(name)))
}

fn running_with_queue(terms: QueueChange) -> World {
    let mut world = World::running();
    world.ok(put(terms));
    world
}

#[test]
fn an_action_for_a_queue_that_nobody_made_is_refused() {
    let mut world = World::running();
    assert_eq!(world.send(enqueue("c")), Err(Reject::NoQueue(gpu())));
    world.ok(put(QueueChange::default()));
    world.ok(enqueue("c"));
}

#[test]
fn a_run_for_a_queue_that_nobody_made_is_refused_whole() {
    let mut world = World::empty();
    let mut new = super::world::new_run(super::world::RUN, "r1");
    new.run.queue = "gpu".to_owned();
    assert_eq!(world.send(Command::CreateRun(Box::new(new))), Err(Reject::NoQueue(gpu())));
    assert!(world.rows.runs.is_empty() && world.rows.actions.is_empty());
}

#[test]
fn the_default_queue_needs_no_making_and_counts() {
    let mut world = World::with_run(|new| new.run.queue = String::new());
    world.start("a0");
    assert_eq!(world.rows.queues[&QueueName::of("")].running, 1);
}

#[test]
fn a_queues_cap_is_kept_over_all_runs() {
    let mut world = running_with_queue(capped(1));
    world.ok(enqueue("c"));
    world.ok(enqueue("d"));
    world.claim("c").expect("there is a place");
    assert_eq!(world.claim("d"), Err(Reject::QueueCap { queue: gpu(), cap: 1 }));
    world.say("c", started()).expect("it counts");
    world.say("c", done()).expect("it counts");
    world.claim("d").expect("the place is free again");
}

#[test]
fn when_only_waiting_parents_hold_the_cap_one_more_begins() {
    let mut world = running_with_queue(capped(1));
    world.ok(enqueue("p"));
    world.start("p");
    let mut child = in_gpu("pc");
    child.parent = Some(wingbeat_model::ActionName::stored("p"));
    world.ok(Command::Enqueue(Box::new(child)));
    world.claim("pc").expect("its parent could never end otherwise");
}

#[test]
fn a_paused_queue_starts_nothing_and_goes_on_later() {
    let mut world = running_with_queue(QueueChange { paused: Some(true), ..QueueChange::default() });
    world.ok(enqueue("c"));
    assert_eq!(world.claim("c"), Err(Reject::QueuePaused(gpu())));
    world.ok(put(QueueChange { paused: Some(false), ..QueueChange::default() }));
    world.claim("c").expect("it goes on");
}

#[test]
fn a_deleted_queue_keeps_its_count_until_it_is_made_again() {
    let mut world = running_with_queue(QueueChange::default());
    world.ok(enqueue("c"));
    world.ok(enqueue("d"));
    world.start("c");
    world.ok(Command::DeleteQueue(gpu()));
    assert_eq!(world.claim("d"), Err(Reject::NoQueue(gpu())));
    assert_eq!(world.send(enqueue("e")), Err(Reject::NoQueue(gpu())));
    assert_eq!(world.send(Command::DeleteQueue(gpu())), Err(Reject::NoQueue(gpu())), "it is gone already");
    world.ok(put(capped(1)));
    assert_eq!(world.claim("d"), Err(Reject::QueueCap { queue: gpu(), cap: 1 }), "`c` still runs");
}

#[test]
fn the_default_queue_stays() {
    let mut world = World::empty();
    assert_eq!(world.send(Command::DeleteQueue(QueueName::of(""))), Err(Reject::DefaultQueueStays));
}
