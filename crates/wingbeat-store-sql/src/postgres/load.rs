//! Loads what units of work need: one statement for all keys of a kind.

use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};
use wingbeat_model::{
    Action, ActionKey, Attempt, CacheKey, Loaded, Needs, ReplayKey, Run, RunId, State, Timestamp,
};

use super::params::Params;
use super::queries;
use super::readers::fetch;
use super::row::{read_row, read_rows};
use crate::fault::Fault;
use crate::lists::limit;
use crate::rows::cell::Binder;
use crate::rows::session::REPLAY_LIFE;
use crate::rows::{action, attempt, cache, queue, run, session};

/// Binds an action's key.
pub(crate) fn bind_action_key(row: &mut Binder<'_>, key: &ActionKey) -> Result<(), Fault> {
    row.put(key.run.0)?;
    row.put(key.name.as_str())
}

/// Reads runs with their labels, which stand behind the columns.
pub(crate) fn read_runs(rows: &[PgRow]) -> Result<Vec<Run>, Fault> {
    let read = |row: &PgRow| {
        let (mut run, label_count) = read_row(row, run::read)?;
        if label_count > 0 {
            let at = row.len();
            let keys = row.try_get::<Vec<String>, _>(at - 2)?;
            let values = row.try_get::<Vec<String>, _>(at - 1)?;
            run.labels = keys.into_iter().zip(values).collect();
        }
        Ok(run)
    };
    rows.iter().map(read).collect()
}

/// Loads rows by key into `known`, those that it was not asked for before.
pub(crate) async fn load_keys(
    db: &mut PgConnection,
    needs: Needs,
    known: &mut Loaded,
    now: Timestamp,
) -> Result<(), Fault> {
    load_runs(db, &needs, known).await?;
    if !needs.actions.is_empty() {
        let params =
            Params::rows(&queries::ACTION_FIND, &needs.actions, |row, key| bind_action_key(row, key))?;
        let rows = fetch(db, &queries::ACTION_FIND, params).await?;
        let found = read_rows(&rows, action::read).map_err(|fault| fault.found_by("action_find.sql"))?;
        known.actions.extend(found.into_iter().map(keyed_action));
    }
    if !needs.attempts.is_empty() {
        let params = Params::rows(&queries::ATTEMPT_FIND, &needs.attempts, |row, key| {
            bind_action_key(row, &key.action)?;
            row.put(key.attempt)
        })?;
        let rows = fetch(db, &queries::ATTEMPT_FIND, params).await?;
        let found = read_rows(&rows, attempt::read).map_err(|fault| fault.found_by("attempt_find.sql"))?;
        known.attempts.extend(found.into_iter().map(keyed_attempt));
    }
    load_cache(db, &needs, known).await?;
    load_replays(db, &needs, known, now).await?;
    if !needs.sessions.is_empty() {
        let params = Params::rows(&queries::SESSION_FIND, &needs.sessions, |row, id| row.put(&*id.0))?;
        let found = read_rows(&fetch(db, &queries::SESSION_FIND, params).await?, session::read)?;
        known.sessions.extend(found.into_iter().map(|session| (session.id.clone(), session)));
    }
    if !needs.queues.is_empty() {
        let params = Params::rows(&queries::QUEUE_FIND, &needs.queues, |row, name| row.put(name.as_str()))?;
        let found = read_rows(&fetch(db, &queries::QUEUE_FIND, params).await?, queue::read)?;
        known.queues.extend(found.into_iter().map(|queue| (queue.name.clone(), queue)));
    }
    Ok(())
}

async fn load_runs(db: &mut PgConnection, needs: &Needs, known: &mut Loaded) -> Result<(), Fault> {
    let mut found = Vec::new();
    if !needs.runs.is_empty() {
        let params = Params::rows(&queries::RUN_GET, &needs.runs, |row, id| row.put(id.0))?;
        found.extend(read_runs(&fetch(db, &queries::RUN_GET, params).await?)?);
    }
    if !needs.runs_by_key.is_empty() {
        let params =
            Params::rows(&queries::RUN_FIND, &needs.runs_by_key, |row, key| run::bind_key(row, key))?;
        found.extend(read_runs(&fetch(db, &queries::RUN_FIND, params).await?)?);
    }
    for run in found {
        known.run_ids.insert(run.key.clone(), run.id);
        // What is known may be newer than what is stored.
        if known.asked.runs.insert(run.id) || needs.runs.contains(&run.id) {
            known.runs.insert(run.id, run);
        }
    }
    Ok(())
}

async fn load_cache(db: &mut PgConnection, needs: &Needs, known: &mut Loaded) -> Result<(), Fault> {
    let bind = |row: &mut Binder<'_>, key: &&CacheKey| row.put_cache_key(key);
    if !needs.cache.is_empty() {
        let params = Params::rows(&queries::CACHE_FIND, &needs.cache, bind)?;
        let found = read_rows(&fetch(db, &queries::CACHE_FIND, params).await?, cache::read)?;
        known.cache.extend(found.into_iter().map(|entry| (entry.key.clone(), entry)));
    }
    if !needs.reservations.is_empty() {
        let params = Params::rows(&queries::RESERVATION_FIND, &needs.reservations, bind)?;
        let rows = fetch(db, &queries::RESERVATION_FIND, params).await?;
        let found = read_rows(&rows, cache::read_reservation)?;
        known.reservations.extend(found.into_iter().map(|claim| (claim.key.clone(), claim)));
    }
    Ok(())
}

async fn load_replays(
    db: &mut PgConnection,
    needs: &Needs,
    known: &mut Loaded,
    now: Timestamp,
) -> Result<(), Fault> {
    if needs.replays.is_empty() {
        return Ok(());
    }
    let params = Params::rows(&queries::REPLAY_FIND, &needs.replays, |row, key| row.put(&key.0))?
        .with((now - REPLAY_LIFE).as_micros())?;
    let rows = fetch(db, &queries::REPLAY_FIND, params).await?;
    let found =
        read_rows(&rows, |row| Ok((ReplayKey(row.take()?), (row.take_digest()?, RunId(row.take()?)))))?;
    known.replays.extend(found);
    Ok(())
}

/// Loads rows that are found by something else than their key. What is stored must be all there is.
pub(crate) async fn load_sets(
    db: &mut PgConnection,
    needs: &Needs,
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    let chunk = limit(Needs::CHUNK);
    if !needs.live_children.is_empty() {
        let query = &queries::ACTION_LIVE_CHILDREN;
        let params = Params::rows(query, &needs.live_children, |row, key| bind_action_key(row, key))?;
        let rows = fetch(db, query, params.with(chunk)?).await?;
        loaded.live_children.extend(needs.live_children.iter().map(|parent| (parent.clone(), Vec::new())));
        for child in read_rows(&rows, action::read)? {
            if let Some(name) = child.parent.clone() {
                let parent = ActionKey { run: child.key.run, name };
                loaded.live_children.entry(parent).or_default().push(child.key.clone());
            }
            loaded.actions.insert(child.key.clone(), child);
        }
    }
    load_waiters(db, needs, loaded, chunk).await?;
    if !needs.held.is_empty() {
        let query = &queries::ATTEMPT_HELD_BY;
        let params = Params::rows(query, &needs.held, |row, id| row.put(&*id.0))?;
        let rows = fetch(db, query, params.with(chunk)?).await?;
        loaded.held.extend(needs.held.iter().map(|id| (id.clone(), Vec::new())));
        for held in read_rows(&rows, attempt::read)? {
            loaded.held.entry(held.session.clone()).or_default().push(held.key.clone());
            loaded.attempts.insert(held.key.clone(), held);
        }
    }
    if !needs.sessions_of.is_empty() {
        let query = &queries::SESSION_OPEN_OF;
        let params = Params::rows(query, &needs.sessions_of, |row, executor| row.put(executor))?;
        let found = read_rows(&fetch(db, query, params).await?, session::read)?;
        loaded.sessions.extend(found.into_iter().map(|session| (session.id.clone(), session)));
    }
    Ok(())
}

async fn load_waiters(
    db: &mut PgConnection,
    needs: &Needs,
    loaded: &mut Loaded,
    chunk: i64,
) -> Result<(), Fault> {
    if needs.cache_waiters.is_empty() {
        return Ok(());
    }
    let query = &queries::ACTION_CACHE_WAITERS;
    let params = Params::rows(query, &needs.cache_waiters, |row, key| row.put_cache_key(key))?;
    let rows = fetch(db, query, params.with(chunk)?).await?;
    loaded.cache_waiters.extend(needs.cache_waiters.iter().map(|key| (key.clone(), Vec::new())));
    for waiter in read_rows(&rows, action::read)? {
        if let State::AwaitingCache { key, .. } = &waiter.state {
            loaded.cache_waiters.entry(key.clone()).or_default().push(waiter.key.clone());
        }
        loaded.actions.insert(waiter.key.clone(), waiter);
    }
    Ok(())
}

fn keyed_action(action: Action) -> (ActionKey, Action) {
    (action.key.clone(), action)
}

fn keyed_attempt(attempt: Attempt) -> (wingbeat_model::AttemptKey, Attempt) {
    (attempt.key.clone(), attempt)
}
