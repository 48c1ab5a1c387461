//! Group commit: one task owns the one connection that writes run state. It takes all units that wait, runs them in
//! order inside one transaction, and tells their callers when that is durable.
//!
//! A database that is away is waited for; whoever waited too long is told so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use wingbeat_model::{ServerId, UnitOfWork};

use super::address::PostgresAddress;
use super::carried::Carried;
use super::counting::{Counting, count_when_due};
use super::fault::{in_use, silent};
use super::group::{Committed, Group, Job};
use super::open::take_place;
use crate::fault::Fault;

/// The most units that share a transaction.
const GROUP: usize = 128;

/// The most units that wait; callers of more wait outside.
const WAITING: usize = 1_024;

/// How long a unit waits for a database that is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one try may take, another server's transaction that is waited for included.
const SLOWEST: Duration = Duration::from_secs(40);

/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);

/// The first pause before a try; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The task that writes, as its callers see it.
pub(crate) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task, on a connection that may write.
    pub(crate) fn start(address: PostgresAddress, server: ServerId, db: PgConnection) -> Self {
        let (jobs, waiting) = channel(WAITING);
        let link = Link { address, server, idle: Some(db) };
        #[expect(
            clippy::disallowed_methods,
            reason = "`close` waits for it, and its end is every waiting caller's answer"
        )]
        let task = tokio::spawn(write_until_closed(link, waiting));
        Self { jobs: Mutex::new(Some(jobs)), task: Mutex::new(Some(task)) }
    }

    /// Commits a unit of work.
    pub(crate) async fn commit(&self, unit: Box<dyn UnitOfWork>) -> Result<Committed, Fault> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or_else(Fault::closed)?;
        jobs.send(Job::new(unit, reply)).await.map_err(|_| Fault::closed())?;
        // Or the last caller's copy would keep a closed store's task from its end.
        drop(jobs);
        answer.await.map_err(|_| Fault::closed())?
    }

    /// Takes no more units, and gives the task to whoever wants to wait for its end.
    pub(crate) fn close(&self) -> Option<JoinHandle<()>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.task.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The connection that writes, while there is one.
struct Link {
    address: PostgresAddress,
    server: ServerId,
    idle: Option<PgConnection>,
}

async fn write_until_closed(link: Link, waiting: Receiver<Job>) {
    let (address, due) = (link.address.clone(), Notify::new());
    tokio::select! {
        () = write_all(link, waiting, &due) => (),
        never = count_when_due(&address, &due) => never,
    }
}

async fn write_all(mut link: Link, mut waiting: Receiver<Job>, due: &Notify) {
    let (mut counting, mut carried) = (Counting::default(), Carried::default());
    while let Some(first) = waiting.recv().await {
        let mut jobs = vec![first];
        while jobs.len() < GROUP
            && let Ok(next) = waiting.try_recv()
        {
            jobs.push(next);
        }
        let mut group = Group::new(jobs, link.server, carried);
        let fault = link.write(&mut group).await.err();
        carried = group.finish(fault.as_ref());
        counting.written(due);
    }
    if let Some(db) = link.idle {
        // The server ends it too when it sees that nobody is there.
        let _ = db.close().await;
    }
}

impl Link {
    async fn write(&mut self, group: &mut Group) -> Result<(), Fault> {
        let deadline = group.since() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.try_once(group).await {
                Err(Fault::Lost(_)) if Instant::now() < deadline => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                done => return done,
            }
        }
    }

    async fn try_once(&mut self, group: &mut Group) -> Result<(), Fault> {
        let mut db = match self.idle.take() {
            Some(db) => db,
            None => self.connect().await?,
        };
        let done = timeout(SLOWEST, group.try_on(&mut db)).await.unwrap_or_else(|_| Err(silent()));
        let usable = match &done {
            Ok(()) => true,
            // Whatever was written is undone; a connection that cannot even do that is given up, which undoes it too.
            Err(Fault::DiskFull | Fault::Unavailable(_) | Fault::Corrupt(_)) => {
                matches!(timeout(CONNECT, db.execute("ROLLBACK")).await, Ok(Ok(_)))
            }
            Err(Fault::Lost(_)) => false,
        };
        self.idle = usable.then_some(db);
        done
    }

    async fn connect(&self) -> Result<PgConnection, Fault> {
        let options = self.address.options();
        let connect = async {
            let mut db = options.connect().await?;
            if take_place(&mut db).await? { Ok(db) } else { Err(in_use()) }
        };
        timeout(CONNECT, connect).await.unwrap_or_else(|_| Err(silent()))
    }
}
