//! One unit of work against one connection: loads what it needs, lets it decide, writes what it decided.
//! Knows nothing of transactions; see `writer`.

use rusqlite::Connection;
use wingbeat_model::{Action, Attempt, Changes, CounterKey, Loaded, Needs, Run, Seq, Timestamp, UnitOfWork};
use wingbeat_store::take_new;

use super::queries;
use super::row::{find, list, write, write_bound};
use super::{action, attempt, cache, run, session};
use crate::fault::Fault;
use crate::lists::limit;
use crate::rows::{queue, tally};

/// Runs `unit` with `seq` as its position. Tells whether anything was written.
pub(crate) fn run_unit(
    db: &Connection,
    unit: &mut dyn UnitOfWork,
    seq: Seq,
    now: Timestamp,
) -> Result<bool, Fault> {
    let mut loaded = Loaded::default();
    loop {
        let new = take_new(unit.needs(&loaded), &mut loaded.asked);
        if new.is_empty() {
            break;
        }
        load(db, &new, &mut loaded, now)?;
    }
    let changes = unit.decide(loaded, seq);
    if changes.is_empty() {
        return Ok(false);
    }
    apply(db, &changes, now)?;
    Ok(true)
}

fn load(db: &Connection, needs: &Needs, loaded: &mut Loaded, now: Timestamp) -> Result<(), Fault> {
    for id in &needs.runs {
        add_run(loaded, run::load(db, *id)?);
    }
    for key in &needs.runs_by_key {
        add_run(loaded, run::load_by_key(db, key)?);
    }
    for key in &needs.actions {
        loaded.actions.extend(action::load(db, key)?.map(|found| (key.clone(), found)));
    }
    for key in &needs.attempts {
        loaded.attempts.extend(attempt::load(db, key)?.map(|found| (key.clone(), found)));
    }
    for key in &needs.cache {
        loaded.cache.extend(cache::load(db, key)?.map(|found| (key.clone(), found)));
    }
    for key in &needs.reservations {
        loaded.reservations.extend(cache::load_reservation(db, key)?.map(|found| (key.clone(), found)));
    }
    for key in &needs.replays {
        loaded.replays.extend(session::load_replay(db, key, now)?.map(|found| (key.clone(), found)));
    }
    load_sets(db, needs, loaded)
}

fn add_run(loaded: &mut Loaded, found: Option<Run>) {
    if let Some(run) = found {
        loaded.run_ids.insert(run.key.clone(), run.id);
        loaded.runs.insert(run.id, run);
    }
}

fn load_sets(db: &Connection, needs: &Needs, loaded: &mut Loaded) -> Result<(), Fault> {
    for parent in &needs.live_children {
        let params = (parent.run.0, parent.name.as_str(), limit(Needs::CHUNK));
        let found = list(db, &queries::ACTION_LIVE_CHILDREN, params, action::read)?;
        loaded.live_children.insert(parent.clone(), found.iter().map(|child| child.key.clone()).collect());
        loaded.actions.extend(found.into_iter().map(with_key));
    }
    for key in &needs.cache_waiters {
        let params = (&*key.org, &*key.scope, &*key.key, limit(Needs::CHUNK));
        let found = list(db, &queries::ACTION_CACHE_WAITERS, params, action::read)?;
        loaded.cache_waiters.insert(key.clone(), found.iter().map(|waiter| waiter.key.clone()).collect());
        loaded.actions.extend(found.into_iter().map(with_key));
    }
    for id in &needs.held {
        let found = list(db, &queries::ATTEMPT_HELD_BY, (&*id.0, limit(Needs::CHUNK)), attempt::read)?;
        loaded.held.insert(id.clone(), found.iter().map(|attempt| attempt.key.clone()).collect());
        loaded.attempts.extend(found.into_iter().map(|attempt: Attempt| (attempt.key.clone(), attempt)));
    }
    for id in &needs.sessions {
        loaded.sessions.extend(session::load(db, id)?.map(|found| (id.clone(), found)));
    }
    for name in &needs.queues {
        let found = find(db, &queries::QUEUE_FIND, [name.as_str()], queue::read)?;
        loaded.queues.extend(found.map(|found| (name.clone(), found)));
    }
    for executor in &needs.sessions_of {
        let found = session::open_of(db, executor)?;
        loaded.sessions.extend(found.into_iter().map(|session| (session.id.clone(), session)));
    }
    Ok(())
}

fn with_key(action: Action) -> (wingbeat_model::ActionKey, Action) {
    (action.key.clone(), action)
}

fn apply(db: &Connection, changes: &Changes, now: Timestamp) -> Result<(), Fault> {
    for (digest, bytes) in &changes.specs {
        write(db, &queries::SPEC_PUT, (digest.0, bytes))?;
    }
    // Runs first: a root action copies its run's place.
    changes.runs.iter().try_for_each(|changed| run::put(db, changed))?;
    changes.actions.iter().try_for_each(|changed| action::put(db, changed))?;
    changes.attempts.iter().try_for_each(|changed| attempt::put(db, changed))?;
    changes.cache_deletes.iter().try_for_each(|key| cache::delete(db, key))?;
    changes.cache_puts.iter().try_for_each(|entry| cache::put(db, entry))?;
    changes.reservation_deletes.iter().try_for_each(|key| cache::delete_reservation(db, key))?;
    changes.reservations.iter().try_for_each(|claim| cache::put_reservation(db, claim))?;
    changes.sessions.iter().try_for_each(|changed| session::put(db, changed))?;
    changes.queues.iter().try_for_each(|changed| {
        write_bound(db, &queries::QUEUE_PUT, |row| queue::bind(row, changed)).map(drop)
    })?;
    changes.shares.iter().try_for_each(|changed| {
        write_bound(db, &queries::SHARE_PUT, |row| queue::bind_share(row, changed)).map(drop)
    })?;
    changes.counters.iter().try_for_each(|(key, difference)| add_to_counter(db, key, *difference))?;
    changes.tallies.iter().try_for_each(|(key, difference)| {
        write_bound(db, &queries::TALLY_ADD, |row| tally::bind(row, key, *difference)).map(drop)
    })?;
    changes.follow_ups_done.iter().try_for_each(|id| session::delete_follow_up(db, *id))?;
    changes.follow_ups.iter().try_for_each(|left| session::put_follow_up(db, left))?;
    session::put_replays(db, &changes.replays, now)
}

fn add_to_counter(db: &Connection, key: &CounterKey, difference: i64) -> Result<(), Fault> {
    if difference == 0 {
        return Ok(());
    }
    let parent = key.parent.as_ref().map_or("", |parent| parent.as_str());
    let params = (key.run.0, parent, &key.group, key.phase.number(), difference);
    write(db, &queries::COUNTER_ADD, params).map(drop)
}
