//! Writes what a group decided: one statement for all rows of a table. Those of the tables that most transactions write are
//! run as one, because each answer that is waited for costs more than most of them.

use sqlx::postgres::PgConnection;
use wingbeat_model::Timestamp;

use super::load::bind_action_key;
use super::params::Params;
use super::pending::Pending;
use super::queries::{self, Query};
use crate::fault::Fault;
use crate::rows::cell::Binder;
use crate::rows::session::{REPLAY_LIFE, REPLAYS_EXPIRED_AT_ONCE};
use crate::rows::{action, attempt, cache, queue, run, session, tally};

/// Statements with their parameters.
#[derive(Default)]
pub(crate) struct Statements {
    /// One after the other.
    apart: Vec<(&'static Query, Params)>,
    /// For `queries::WRITES`.
    joined: Params,
}

impl Statements {
    /// Everything that is pending, in the same order each time.
    pub(crate) fn of(pending: &Pending, now: Timestamp) -> Result<Self, Fault> {
        let mut to = Self { joined: joined(pending)?, ..Self::default() };
        to.put_labels(pending)?;
        to.put_cache(pending)?;
        to.put(&queries::SESSION_PUT, pending.sessions.values(), |row, changed| session::bind(row, changed))?;
        to.put(&queries::SHARE_PUT, pending.shares.values(), |row, changed| queue::bind_share(row, changed))?;
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
        self.apart.push((&queries::REPLAY_EXPIRE, params.with(i64::from(REPLAYS_EXPIRED_AT_ONCE))?));
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
            self.apart.push((query, Params::rows(query, rows, bind)?));
        }
        Ok(())
    }

    /// Runs them.
    pub(crate) async fn run(mut self, db: &mut PgConnection) -> Result<(), Fault> {
        self.run_apart(db).await?;
        if self.joined.has_rows() {
            execute(db, queries::WRITES.text(), self.joined).await?;
        }
        Ok(())
    }

    /// Runs all but those that are joined; the parameters of these, to which others are added for `queries::LAST_WRITES`.
    pub(crate) async fn run_all_but_joined(mut self, db: &mut PgConnection) -> Result<Params, Fault> {
        self.run_apart(db).await?;
        Ok(self.joined)
    }

    async fn run_apart(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        for (query, params) in self.apart.drain(..) {
            execute(db, query.text(), params).await?;
        }
        Ok(())
    }
}

/// In the order of `queries::WRITES`.
fn joined(pending: &Pending) -> Result<Params, Fault> {
    let params = Params::rows(&queries::SPEC_PUT, &pending.specs, |row, (digest, bytes)| {
        row.put(digest.0)?;
        row.put(*bytes)
    })?;
    let params = and_runs(params, pending)?;
    let params = and_actions(params, pending)?;
    let attempts = pending.attempts.values();
    let params =
        params.and_rows(&queries::ATTEMPT_PUT, attempts, |row, changed| attempt::bind(row, changed))?;
    let queues = pending.queues.values();
    let params = params.and_rows(&queries::QUEUE_PUT, queues, |row, changed| queue::bind(row, changed))?;
    and_sums(params, pending)
}

fn and_runs(params: Params, pending: &Pending) -> Result<Params, Fault> {
    let params = params.and_rows(&queries::RUN_PUT, pending.runs.values(), |row, run| run::bind(row, run))?;
    params.and_rows(&queries::RUN_COUNT, &pending.run_counts, |row, (id, counts)| {
        row.put(id.0)?;
        row.put(counts.running)?;
        row.put(counts.waiting_parents)?;
        row.put(counts.changed.0)
    })
}

fn and_actions(params: Params, pending: &Pending) -> Result<Params, Fault> {
    let params = params.and_rows(&queries::ACTION_PUT, pending.actions.values(), |row, action| {
        action::bind(row, action)?;
        // A root that is new comes with its run; the place of others never changes.
        let run = action.parent.is_none().then(|| pending.runs.get(&action.key.run)).flatten();
        run::bind_place(row, run)
    })?;
    params.and_rows(&queries::ACTION_COUNT, &pending.action_counts, |row, (key, live_children)| {
        bind_action_key(row, key)?;
        row.put(**live_children)
    })
}

fn and_sums(params: Params, pending: &Pending) -> Result<Params, Fault> {
    let counters = pending.counters.iter().filter(|(_, difference)| **difference != 0);
    let params = params.and_rows(&queries::COUNTER_ADD, counters, |row, (key, difference)| {
        row.put(key.run.0)?;
        row.put(key.parent.as_ref().map_or("", |parent| parent.as_str()))?;
        row.put(&key.group)?;
        row.put_code(key.phase)?;
        row.put(**difference)
    })?;
    let tallies = pending.tallies.iter().filter(|(_, difference)| **difference != 0);
    params
        .and_rows(&queries::TALLY_ADD, tallies, |row, (key, difference)| tally::bind(row, key, **difference))
}

/// Runs a statement that finds nothing.
pub(crate) async fn execute(db: &mut PgConnection, text: &'static str, params: Params) -> Result<(), Fault> {
    sqlx::query_with(text, params.into_arguments()).execute(db).await?;
    Ok(())
}
