//! Many units of work in one transaction: what it is, how one try of it goes, and what another try makes of what the
//! one before it has left.
//!
//! The lock of the head's row is taken first and held until the commit: what a unit reads cannot change before what it
//! decided is written, whichever server it runs on, and the order of commits is the order of positions. A unit
//! decides once. When a connection breaks, the next try finds out by the head whether the commit took place; if
//! it did not and nobody else has written since, the same changes are written again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::Executor;
use sqlx::postgres::PgConnection;
use tokio::sync::oneshot;
use tokio::time::Instant;
use wingbeat_model::{Loaded, Needs, Seq, ServerId, Timestamp, UnitOfWork};
use wingbeat_store::take_new;

use super::carried::Carried;
use super::echo;
use super::flush::{Statements, execute};
use super::load::{load_keys, load_sets};
use super::params::Params;
use super::pending::{Pending, copy_known, mark_asked, not_asked, wants_sets};
use super::queries;
use super::row::read_rows;
use crate::fault::Fault;

/// Rounds of needs that are loaded for all units of a group together.
const SHARED_ROUNDS: usize = 4;

/// After so many positions old echoes are deleted.
const EXPIRED_EVERY: i64 = 1_024;

/// Somebody else wrote after the connection broke: what became of the commit cannot be seen any more.
#[derive(Debug, thiserror::Error)]
#[error("the connection broke while it committed, and others have written since")]
struct Overtaken;

/// A unit of work that was committed, and its position.
pub(crate) type Committed = (Box<dyn UnitOfWork>, Seq);

/// A unit of work, and who waits for it.
pub(crate) struct Job {
    unit: Box<dyn UnitOfWork>,
    since: Instant,
    outcome: Result<Seq, Fault>,
    reply: oneshot::Sender<Result<Committed, Fault>>,
}

impl Job {
    /// Of a caller that waits at the other end of `reply`.
    pub(crate) fn new(unit: Box<dyn UnitOfWork>, reply: oneshot::Sender<Result<Committed, Fault>>) -> Self {
        Self { unit, since: Instant::now(), outcome: Err(Fault::closed()), reply }
    }

    fn finish(self, fault: Option<&Fault>) {
        let outcome = fault.map_or(self.outcome, |fault| Err(fault.clone()));
        // Nobody may be waiting any more; what was committed stays.
        let _ = self.reply.send(outcome.map(|seq| (self.unit, seq)));
    }
}

/// A transaction's jobs, and how far they are.
pub(crate) struct Group {
    jobs: Vec<Job>,
    server: ServerId,
    /// The epoch that the head's row names.
    epoch: i64,
    /// How many of them have decided.
    decided: usize,
    /// The head before the first of them.
    base: Seq,
    /// The newest position, theirs included.
    head: Seq,
    /// Tells this transaction from all others.
    writer: i64,
    now: Timestamp,
    known: Loaded,
    /// What the transactions before it knew.
    carried: Carried,
    /// Decided, and not written by this try.
    pending: Pending,
    /// Written by this try.
    written: Pending,
}

impl Group {
    /// Of jobs that wait.
    pub(crate) fn new(jobs: Vec<Job>, server: ServerId, carried: Carried) -> Self {
        Self {
            jobs,
            server,
            epoch: 0,
            decided: 0,
            base: Seq(0),
            head: Seq(0),
            writer: RandomState::new().build_hasher().finish().cast_signed(),
            now: now(),
            known: Loaded::default(),
            carried,
            pending: Pending::default(),
            written: Pending::default(),
        }
    }

    /// Since when the first of them waits.
    pub(crate) fn since(&self) -> Instant {
        self.jobs.iter().map(|job| job.since).min().unwrap_or_else(Instant::now)
    }

    /// Tells everybody, and leaves what it knew. With a fault, it is everybody's.
    pub(crate) fn finish(self, fault: Option<&Fault>) -> Carried {
        self.jobs.into_iter().for_each(|job| job.finish(fault));
        self.carried
    }

    /// One try of the transaction, on a connection that is in none.
    pub(crate) async fn try_on(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        let rows = db.fetch_all(sqlx::raw_sql(queries::begin())).await?;
        let found = read_rows(&rows, |row| Ok((Seq(row.take()?), row.take::<i64>()?, row.take::<i64>()?)))?;
        let (head, writer, epoch) =
            *found.first().ok_or_else(|| Fault::corrupt("the head's row is missing"))?;
        if self.decided > 0 && writer == self.writer {
            db.execute("ROLLBACK").await?;
            return Ok(());
        }
        self.epoch = epoch;
        self.carried.open((head, writer));
        self.start_from(head)?;
        self.load_shared(db).await?;
        while self.decided < self.jobs.len() {
            self.decide_next(db).await?;
        }
        let moves = self.head > self.base;
        if moves {
            self.advance(db).await?;
        }
        db.execute("COMMIT").await?;
        let writer = if moves { self.writer } else { writer };
        self.carried.close(mem::take(&mut self.known), (self.head, writer));
        Ok(())
    }

    /// What is left to write is written, the head moves, and the other servers can hear of it.
    async fn advance(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        let statements = Statements::of(&self.pending, self.now)?;
        self.pending.move_to(&mut self.written);
        let params = echo::and_keys(statements.run_all_but_joined(db).await?, &self.written)?;
        let params = params.with(self.head.0)?.with(self.writer)?.with(self.base.0)?.with(self.server.0)?;
        execute(db, queries::LAST_WRITES.text(), params).await?;
        if self.head.0 / EXPIRED_EVERY != self.base.0 / EXPIRED_EVERY {
            let params = Params::new().with(self.head.0 - echo::KEPT)?;
            execute(db, queries::ECHO_EXPIRE.text(), params).await?;
        }
        Ok(())
    }

    /// Goes on from what a former try decided, if the head is where that one found it.
    fn start_from(&mut self, head: Seq) -> Result<(), Fault> {
        if self.decided == 0 {
            (self.base, self.head) = (head, head);
            self.known = Loaded::default();
            return Ok(());
        }
        if head != self.base {
            return Err(Fault::Unavailable(Arc::new(Overtaken)));
        }
        // What it had written is gone with its connection.
        let mut again = mem::take(&mut self.written);
        again.merge(mem::take(&mut self.pending));
        self.pending = again;
        Ok(())
    }

    async fn flush(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        Statements::of(&self.pending, self.now)?.run(db).await?;
        self.pending.move_to(&mut self.written);
        Ok(())
    }

    /// Loads what all units want by key, so that ten units do not make ten times as many statements.
    async fn load_shared(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        let mut open = (self.decided..self.jobs.len()).map(|at| (at, Loaded::default())).collect::<Vec<_>>();
        for _ in 0..SHARED_ROUNDS {
            if open.len() < 2 {
                return Ok(());
            }
            let mut wanted = Needs::default();
            let mut asking = Vec::new();
            for (at, mut loaded) in open {
                // One that panics does so again when its turn comes.
                let Ok(new) = self.next_needs(at, &mut loaded) else { continue };
                if !new.is_empty() && !wants_sets(&new) {
                    mark_asked(new.clone(), &mut wanted);
                    asking.push((at, loaded, new));
                }
            }
            self.load_known(db, &wanted).await?;
            let copied = asking.into_iter().map(|(at, mut loaded, new)| {
                copy_known(&new, &self.known, &mut loaded);
                (at, loaded)
            });
            open = copied.collect();
        }
        Ok(())
    }

    async fn load_known(&mut self, db: &mut PgConnection, wanted: &Needs) -> Result<(), Fault> {
        let unknown = not_asked(wanted, &self.known.asked);
        mark_asked(self.carried.bring(&unknown, &mut self.known), &mut self.known.asked);
        let missing = not_asked(&unknown, &self.known.asked);
        if !missing.is_empty() {
            load_keys(db, missing.clone(), &mut self.known, self.now).await?;
            mark_asked(missing, &mut self.known.asked);
        }
        Ok(())
    }

    fn next_needs(&self, at: usize, loaded: &mut Loaded) -> Result<Needs, Fault> {
        let unit = &self.jobs[at].unit;
        let needs = catch_unwind(AssertUnwindSafe(|| unit.needs(loaded))).map_err(|_| Fault::panicked())?;
        Ok(take_new(needs, &mut loaded.asked))
    }

    /// The outer error ends the whole transaction.
    async fn decide_next(&mut self, db: &mut PgConnection) -> Result<(), Fault> {
        let at = self.decided;
        let mut loaded = Loaded { epoch: self.epoch, ..Loaded::default() };
        let outcome = loop {
            let Ok(new) = self.next_needs(at, &mut loaded) else {
                break Err(Fault::corrupt("a unit of work panicked"));
            };
            if new.is_empty() {
                break self.decide(at, loaded);
            }
            if wants_sets(&new) {
                // What earlier units decided belongs to what is found. If that is refused, it is not for this one.
                self.flush(db).await?;
            }
            match self.load(db, &new, &mut loaded).await {
                // A row that cannot be understood is the unit's own; the connection is as it was.
                Err(fault @ Fault::Corrupt(_)) => break Err(fault),
                done => done?,
            }
        };
        self.jobs[at].outcome = outcome;
        self.decided = at + 1;
        Ok(())
    }

    async fn load(&mut self, db: &mut PgConnection, new: &Needs, loaded: &mut Loaded) -> Result<(), Fault> {
        self.load_known(db, new).await?;
        copy_known(new, &self.known, loaded);
        if wants_sets(new) {
            load_sets(db, new, loaded).await?;
        }
        Ok(())
    }

    fn decide(&mut self, at: usize, loaded: Loaded) -> Result<Seq, Fault> {
        let next = Seq(self.head.0 + 1);
        let unit = &mut self.jobs[at].unit;
        // A decision that panics must not take the store's task with it: the others' work goes on.
        let changes = catch_unwind(AssertUnwindSafe(|| unit.decide(loaded, next)));
        let changes = changes.map_err(|_| Fault::panicked())?;
        if !changes.is_empty() {
            self.head = next;
            self.pending.add(changes, &mut self.known);
        }
        Ok(self.head)
    }
}

/// The store's clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
