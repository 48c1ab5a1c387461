//! Writes what a group decided: one statement for all rows of a table.

use sqlx::postgres::PgConnection;
use wingbeat_model::Timestamp;

use super::params::Params;
use super::pending::Pending;
use super::queries::{self, Query};
use crate::fault::Fault;
use crate::rows::cell::Binder;
use crate::rows::session::{REPLAY_LIFE, REPLAYS_EXPIRED_AT_ONCE};
use crate::rows::{action, attempt, cache, queue, run, session, tally};

/// Statements with their parameters, in the order in which they are to run.
#[derive(Default)]
pub(crate) struct Statements {
    all: Vec<(&'static Query, Params)>,
}

impl Statements {
    /// Everything that is pending, in the same order each time.
    pub(crate) fn of(pending: &Pending, now: Timestamp) -> Result<Self, Fault> {
        let mut to = Self::default();
        to.put(&queries::SPEC_PUT, &pending.specs, |row, (digest, bytes)| {
            row.put(digest.0)?;
            row.put(*bytes)
        })?;
        // Runs first: a root action copies its run's place.
        to.put(&queries::RUN_PUT, pending.runs.values(), |row, changed| run::bind(row, changed))?;
        to.put_labels(pending)?;
        to.put(&queries::ACTION_PUT, pending.actions.values(), |row, changed| action::bind(row, changed))?;
        to.put(&queries::ATTEMPT_PUT, pending.attempts.values(), |row, changed| attempt::bind(row, changed))?;
        to.put_cache(pending)?;
        to.put(&queries::SESSION_PUT, pending.sessions.values(), |row, changed| session::bind(row, changed))?;
        to.put(&queries::QUEUE_PUT, pending.queues.values(), |row, changed| queue::bind(row, changed))?;
        to.put(&queries::SHARE_PUT, pending.shares.values(), |row, changed| queue::bind_share(row, changed))?;
        to.put_counters(pending)?;
        let tallies = pending.tallies.iter().filter(|(_, difference)| **difference != 0);
        to.put(&queries::TALLY_ADD, tallies, |row, (key, difference)| tally::bind(row, key, **difference))?;
        let done = pending.follow_ups.iter().filter(|(_, left)| left.is_none());
        to.put(&queries::FOLLOW_UP_DELETE, done, |row, (id, _)| row.put(*id))?;
        let left = pending.follow_ups.values().flatten();
        to.put(&queries::FOLLOW_UP_PUT, left, |row, left| session::bind_follow_up(row, left))?;
        to.put_replays(pending, now)?;
        Ok(to)
    }

    fn put_labels(&mut self, pending: &Pending) -> Result<(), Fault> {
        self.put(&queries::RUN_LABEL_DELETE, &pending.relabelled, |row, run| row.put(run.0))?;
        let runs = pending.relabelled.iter().filter_map(|id| pending.runs.get(id));
        let labels = runs.flat_map(|run| run.labels.iter().map(|(key, value)| (run.id, key, value)));
        self.put(&queries::RUN_LABEL_PUT, labels, |row, (run, key, value)| {
            row.put(run.0)?;
            row.put(*key)?;
            row.put(*value)
        })
    }

    fn put_cache(&mut self, pending: &Pending) -> Result<(), Fault> {
        let gone = pending.cache.iter().filter(|(_, entry)| entry.is_none());
        self.put(&queries::CACHE_DELETE, gone, |row, (key, _)| row.put_cache_key(key))?;
        let entries = pending.cache.values().flatten();
        self.put(&queries::CACHE_PUT, entries, |row, entry| cache::bind(row, entry))?;
        let free = pending.reservations.iter().filter(|(_, claim)| claim.is_none());
        self.put(&queries::RESERVATION_DELETE, free, |row, (key, _)| row.put_cache_key(key))?;
        let claims = pending.reservations.values().flatten();
        self.put(&queries::RESERVATION_PUT, claims, |row, claim| cache::bind_reservation(row, claim))
    }

    fn put_counters(&mut self, pending: &Pending) -> Result<(), Fault> {
        let counters = pending.counters.iter().filter(|(_, difference)| **difference != 0);
        self.put(&queries::COUNTER_ADD, counters, |row, (key, difference)| {
            row.put(key.run.0)?;
            row.put(key.parent.as_ref().map_or("", |parent| parent.as_str()))?;
            row.put(&key.group)?;
            row.put_code(key.phase)?;
            row.put(*difference)
        })
    }

    fn put_replays(&mut self, pending: &Pending, now: Timestamp) -> Result<(), Fault> {
        if pending.replays.is_empty() {
            return Ok(());
        }
        self.put(&queries::REPLAY_PUT, &pending.replays, |row, (key, (digest, run))| {
            row.put(&key.0)?;
            row.put(digest.0)?;
            row.put(run.0)?;
            row.put_time(now)
        })?;
        let params = Params::new().with((now - REPLAY_LIFE).as_micros())?;
        self.all.push((&queries::REPLAY_EXPIRE, params.with(i64::from(REPLAYS_EXPIRED_AT_ONCE))?));
        Ok(())
    }

    fn put<T>(
        &mut self,
        query: &'static Query,
        rows: impl IntoIterator<Item = T>,
        bind: impl Fn(&mut Binder<'_>, &T) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_some() {
            self.all.push((query, Params::rows(query, rows, bind)?));
        }
        Ok(())
    }

    /// Runs them.
    pub(crate) async fn run(self, db: &mut PgConnection) -> Result<(), Fault> {
        for (query, params) in self.all {
            execute(db, query, params).await?;
        }
        Ok(())
    }
}

/// Runs a statement that finds nothing.
pub(crate) async fn execute(
    db: &mut PgConnection,
    query: &'static Query,
    params: Params,
) -> Result<(), Fault> {
    sqlx::query_with(query.text(), params.into_arguments()).execute(db).await?;
    Ok(())
}
