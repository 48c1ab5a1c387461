//! What the cache does to actions, and what clients of the cache service do to the cache.

use wingbeat_model::{CacheEntry, CacheKey, CacheOwner, CacheScope, CacheStatus, FailureClass, Phase, Span};

use super::world::{World, cache_key, cached, done, failed, fatal, key, with_policy};
use crate::{Command, NewAction, NewBody, Reject, Reply};

fn aged(mut new: NewAction, age: Span) -> NewAction {
    if let NewBody::Task { cache: Some(cache), .. } = &mut new.body {
        cache.max_age = Some(age);
    }
    new
}

/// `first` has computed the key.
fn populated() -> World {
    let mut world = World::running();
    world.add(cached("first", false));
    world.start("first");
    world.say("first", done()).expect("it counts");
    world
}

#[test]
fn a_miss_runs_and_populates() {
    let world = populated();
    assert_eq!(world.action("first").cache_status, CacheStatus::Populated);
    assert_eq!(world.attempt("first", 1).cache_status, CacheStatus::Populated);
    let entry = &world.cache[&cache_key()];
    assert_eq!(entry.output_uri, "/b/out");
    assert_eq!(entry.source, "flytesnacks/development/r1/first");
}

#[test]
fn a_hit_ends_at_once_without_an_attempt() {
    let mut world = populated();
    world.add(cached("second", true));
    let action = world.action("second");
    assert_eq!((action.phase(), action.attempts), (Phase::Succeeded, 0));
    assert_eq!(action.cache_status, CacheStatus::Hit);
    assert_eq!(action.outcome().map(wingbeat_model::ActionOutcome::output_uri), Some("/b/out"));
    assert_eq!(action.started_at, action.ended_at());
    assert_eq!(world.action("a0").live_children, 0);
}

#[test]
fn a_root_can_be_a_hit() {
    let mut world = populated();
    let mut new = super::world::new_run(wingbeat_model::RunId(2), "r2");
    let root = wingbeat_model::ActionKey::root(wingbeat_model::RunId(2));
    new.root.body = cached("x", false).body;
    world.ok(Command::CreateRun(Box::new(new)));
    assert_eq!(world.rows.actions[&root].phase(), Phase::Succeeded);
}

#[test]
fn an_entry_that_is_too_old_is_a_miss() {
    let mut world = populated();
    world.pass(Span::from_secs(100));
    world.add(aged(cached("old", false), Span::from_secs(100)));
    world.add(aged(cached("fresh", false), Span::from_secs(200)));
    assert_eq!((world.phase("old"), world.phase("fresh")), (Phase::Queued, Phase::Succeeded));
}

#[test]
fn overwriting_skips_the_look_up_and_stores() {
    let mut world = populated();
    let mut new = super::world::new_run(wingbeat_model::RunId(2), "r2");
    new.run.overwrite_cache = true;
    new.root.body = cached("x", false).body;
    let root = new.root.key.clone();
    world.ok(Command::CreateRun(Box::new(new)));
    let action = &world.rows.actions[&root];
    assert_eq!((action.phase(), action.cache_status), (Phase::Queued, CacheStatus::Skipped));
}

#[test]
fn scopes_do_not_see_each_other() {
    let mut world = World::with_run(|new| new.run.cache_scope = CacheScope::Global);
    world.start("a0");
    world.add(cached("c", false));
    world.start("c");
    world.say("c", done()).expect("it counts");
    let global = CacheKey { scope: "".into(), ..cache_key() };
    assert!(world.cache.contains_key(&global) && !world.cache.contains_key(&cache_key()));
}

#[test]
fn only_one_computes_a_serialized_key_and_the_others_take_its_result() {
    let mut world = World::running();
    for name in ["one", "two", "three"] {
        world.add(cached(name, true));
    }
    assert_eq!(world.phase("one"), Phase::Queued);
    assert_eq!(world.phase("two"), Phase::WaitingForResources);
    world.start("one");
    world.say("one", done()).expect("it counts");
    assert_eq!(world.phase("three"), Phase::WaitingForResources);
    world.settle();
    for name in ["two", "three"] {
        assert_eq!((world.phase(name), world.action(name).attempts), (Phase::Succeeded, 0));
    }
    assert!(world.rows.reservations.is_empty());
}

#[test]
fn when_the_one_that_computes_fails_the_next_one_does_it() {
    let mut world = World::running();
    for name in ["one", "three", "two"] {
        world.add(cached(name, true));
    }
    world.start("one");
    world.say("one", fatal()).expect("it counts");
    world.settle();
    assert_eq!(world.phase("three"), Phase::Queued);
    assert_eq!(world.phase("two"), Phase::WaitingForResources);
    assert!(world.reserved_by("three"));
    world.abort("three").expect("it is aborted");
    world.settle();
    assert!(world.reserved_by("two"));
}

#[test]
fn a_retry_keeps_the_key() {
    let mut world = World::running();
    world.add(with_policy(cached("one", true), |p| p.user_retries = 1));
    world.add(cached("two", true));
    world.start("one");
    world.say("one", failed(FailureClass::User)).expect("it counts");
    world.settle();
    assert!(world.reserved_by("one"));
    assert_eq!(world.phase("two"), Phase::WaitingForResources);
}

#[test]
fn a_waiting_action_that_is_aborted_leaves_the_key_alone() {
    let mut world = World::running();
    world.add(cached("one", true));
    world.add(cached("two", true));
    world.abort("two").expect("it is aborted");
    assert!(world.reserved_by("one"));
}

#[test]
fn many_waiters_are_woken_in_chunks() {
    let mut world = World::running();
    world.add(cached("one", true));
    let waiter = |n| Command::Enqueue(Box::new(cached(&format!("w{n}"), true)));
    world.batch((0..1_500).map(waiter).collect());
    world.start("one");
    world.say("one", done()).expect("it counts");
    world.settle();
    assert_eq!(world.action("a0").live_children, 0);
}

fn entry(uri: &str) -> CacheEntry {
    let at = wingbeat_model::Timestamp::from_micros(5);
    CacheEntry {
        key: cache_key(),
        output_uri: uri.to_owned(),
        created_at: at,
        updated_at: at,
        source: String::new(),
        metadata: vec![],
    }
}

#[test]
fn a_client_overwrites_only_when_it_says_so() {
    let mut world = World::empty();
    world.ok(Command::CachePut { entry: entry("a"), overwrite: false });
    let again = world.send(Command::CachePut { entry: entry("b"), overwrite: false });
    assert_eq!(again, Err(Reject::CacheExists));
    world.ok(Command::CachePut { entry: entry("b"), overwrite: true });
    assert_eq!(world.cache[&cache_key()].output_uri, "b");
    assert_eq!(world.cache[&cache_key()].created_at.as_micros(), 5);
    world.ok(Command::CacheDelete { key: cache_key(), only: None });
    assert_eq!(world.send(Command::CacheDelete { key: cache_key(), only: None }), Err(Reject::NoCacheEntry));
}

#[test]
fn a_result_found_gone_is_deleted_only_while_it_is_still_the_one() {
    let mut world = World::empty();
    let delete = |uri: &str| Command::CacheDelete { key: cache_key(), only: Some(uri.to_owned()) };
    world.ok(Command::CachePut { entry: entry("fresh"), overwrite: false });
    assert_eq!(world.send(delete("gone")), Err(Reject::NoCacheEntry));
    assert_eq!(world.cache[&cache_key()].output_uri, "fresh");
    world.ok(delete("fresh"));
    assert!(world.cache.is_empty());
}

fn hold(owner: &str) -> Command {
    Command::Reserve { key: cache_key(), owner: owner.to_owned(), hold: Span::from_secs(30) }
}

#[test]
fn a_client_holds_a_key_until_it_stops_extending() {
    let mut world = World::empty();
    let ada = CacheOwner::External("ada".to_owned());
    let bob = CacheOwner::External("bob".to_owned());
    let holder = |reply| {
        let Reply::Reserved { owner, .. } = reply else { panic!("{reply:?}") };
        owner
    };
    assert_eq!(holder(world.ok(hold("ada"))), ada);
    world.pass(Span::from_secs(20));
    assert_eq!(holder(world.ok(hold("ada"))), ada, "the same owner extends");
    world.pass(Span::from_secs(20));
    assert_eq!(holder(world.ok(hold("bob"))), ada);
    world.pass(Span::from_secs(20));
    assert_eq!(holder(world.ok(hold("bob"))), bob, "an overdue hold is taken over");
    let release = |owner| Command::ReleaseReservation { key: cache_key(), owner };
    assert_eq!(world.send(release(ada)), Err(Reject::NoCacheEntry));
    assert_eq!(world.send(release(bob)), Ok(Reply::Done));
}

#[test]
fn an_action_holds_a_key_without_end_and_takes_it_from_a_client() {
    let mut world = World::running();
    world.ok(hold("ada"));
    world.add(cached("one", true));
    assert_eq!(world.phase("one"), Phase::Queued);
    world.pass(Span::from_secs(1_000_000));
    let owner = CacheOwner::Action(key("one"));
    assert_eq!(world.ok(hold("ada")), Reply::Reserved { owner, expires_at: None });
}
