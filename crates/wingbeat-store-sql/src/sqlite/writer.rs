//! Group commit: one thread owns the one connection that writes. It takes all jobs that wait, runs them in
//! order inside one transaction, makes that durable, and only then tells their callers.
//!
//! A job that fails is undone alone; a transaction that fails is undone for all of its jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use wingbeat_model::{Seq, Timestamp, UnitOfWork};

use super::queries;
use super::row::{find, first, step, write};
use super::unit::run_unit;
use crate::fault::Fault;

/// The most jobs that share a transaction.
const GROUP: usize = 64;

/// The most jobs that wait; callers of more wait outside.
const WAITING: usize = 1_024;

/// What all jobs of a transaction know.
pub(crate) struct Group {
    /// The newest position, those of earlier jobs of this transaction included.
    head: Seq,
    /// The store's clock when the transaction began.
    now: Timestamp,
}

/// Something to be done in a transaction.
trait Job: Send {
    /// Does it.
    fn run(&mut self, db: &Connection, group: &mut Group) -> Result<(), Fault>;
    /// Tells the caller, after the transaction's end.
    fn finish(self: Box<Self>, outcome: Result<(), Fault>);
}

/// A unit of work that was committed, and its position.
pub(crate) type Committed = (Box<dyn UnitOfWork>, Seq);

struct UnitJob {
    unit: Box<dyn UnitOfWork>,
    seq: Seq,
    reply: oneshot::Sender<Result<Committed, Fault>>,
}

impl Job for UnitJob {
    fn run(&mut self, db: &Connection, group: &mut Group) -> Result<(), Fault> {
        let next = Seq(group.head.0 + 1);
        if run_unit(db, &mut *self.unit, next, group.now)? {
            group.head = next;
        }
        self.seq = group.head;
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), Fault>) {
        let Self { unit, seq, reply } = *self;
        // Nobody may be waiting any more; what was committed stays.
        let _ = reply.send(outcome.map(|()| (unit, seq)));
    }
}

struct CallJob<F, T> {
    call: Option<F>,
    found: Option<T>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<F, T> Job for CallJob<F, T>
where
    F: FnOnce(&Connection) -> Result<T, Fault> + Send,
    T: Send,
{
    fn run(&mut self, db: &Connection, _group: &mut Group) -> Result<(), Fault> {
        if let Some(call) = self.call.take() {
            self.found = Some(call(db)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), Fault>) {
        let found = self.found;
        let _ = self.reply.send(outcome.and_then(|()| found.ok_or_else(Fault::closed)));
    }
}

/// The thread that writes, as its callers see it.
pub(crate) struct Writer {
    jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(db: Connection) -> std::io::Result<Self> {
        let (jobs, waiting) = channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(&db, waiting))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Commits a unit of work.
    pub(crate) async fn commit(&self, unit: Box<dyn UnitOfWork>) -> Result<Committed, Fault> {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(UnitJob { unit, seq: Seq(0), reply })).await?;
        answer.await.map_err(|_| Fault::closed())?
    }

    /// Runs `call` in a transaction.
    pub(crate) async fn call<T, F>(&self, call: F) -> Result<T, Fault>
    where
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(CallJob { call: Some(call), found: None, reply })).await?;
        answer.await.map_err(|_| Fault::closed())?
    }

    async fn submit(&self, job: Box<dyn Job>) -> Result<(), Fault> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or_else(Fault::closed)?;
        jobs.send(job).await.map_err(|_| Fault::closed())
    }

    /// Takes no more jobs, and gives the thread to whoever wants to wait for its end.
    pub(crate) fn close(&self) -> Option<JoinHandle<()>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn write_until_closed(db: &Connection, mut waiting: Receiver<Box<dyn Job>>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < GROUP
            && let Ok(next) = waiting.try_recv()
        {
            jobs.push(next);
        }
        write_group(db, jobs);
    }
    // What is in the log goes to the main file, so that the next start finds little to do. If that fails, it will.
    let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

fn write_group(db: &Connection, mut jobs: Vec<Box<dyn Job>>) {
    match try_group(db, &mut jobs) {
        Ok(outcomes) => jobs.into_iter().zip(outcomes).for_each(|(job, outcome)| job.finish(outcome)),
        Err(fault) => {
            undo(db);
            for job in jobs {
                job.finish(Err(fault.clone()));
            }
        }
    }
}

fn try_group(db: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), Fault>>, Fault> {
    step(db, "BEGIN IMMEDIATE")?;
    let stored = find(db, &queries::HEAD_READ, [], first)?.unwrap_or_default();
    let mut group = Group { head: Seq(stored), now: now() };
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        outcomes.push(run_job(db, &mut **job, &mut group)?);
    }
    if group.head.0 != stored {
        write(db, &queries::HEAD_ADVANCE, [group.head.0])?;
    }
    step(db, "COMMIT")?;
    Ok(outcomes)
}

/// The outer error ends the whole transaction.
fn run_job(db: &Connection, job: &mut dyn Job, group: &mut Group) -> Result<Result<(), Fault>, Fault> {
    step(db, "SAVEPOINT job")?;
    let before = group.head;
    // A decision that panics must not take the store's thread with it: the others' work goes on.
    let outcome = catch_unwind(AssertUnwindSafe(|| job.run(db, group)));
    let outcome = outcome.unwrap_or_else(|_| Err(Fault::panicked()));
    if let Err(fault) = &outcome {
        if db.is_autocommit() {
            // SQLite gave the whole transaction up by itself, as it may when the disk is full.
            return Err(fault.clone());
        }
        group.head = before;
        step(db, "ROLLBACK TO job")?;
    }
    step(db, "RELEASE job")?;
    Ok(outcome)
}

fn undo(db: &Connection) {
    if !db.is_autocommit() {
        // If even this fails, the next BEGIN fails too, and says so.
        let _ = step(db, "ROLLBACK");
    }
}

/// The store's clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
