//! One connection on which a server hears of the others, and by which they know that it is there.
//!
//! It listens, and it holds two advisory locks: that of this server's number, and, if nobody else has it, that of the
//! duty of timers. When the connection ends, both are free again, so a server that dies is noticed without heartbeats.
//! What was said while there was no connection is looked up by whoever asks [`Neighbours::heard`].

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Row;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions, PgRow};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use wingbeat_model::ServerId;
use wingbeat_store::Neighbour;

use super::address::PostgresAddress;
use super::fault::{in_use, silent};
use super::params::Params;
use super::queries::{self, Query};
use super::readers::Readers;
use crate::fault::Fault;

/// First half of the lock of a server's number: `serv`.
const SERVER_LOCK: i64 = 0x7365_7276;
/// First half of the lock of the duty of timers: `duty`.
const DUTY_LOCK: i64 = 0x6475_7479;

/// How long a statement of this connection may take; that of the duty waits for whoever writes.
const SLOWEST: Duration = Duration::from_secs(10);

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Marks the notice of a server that has come.
const ARRIVED: char = '+';

enum Ask {
    Duty(oneshot::Sender<()>),
    Announce(oneshot::Sender<()>),
}

struct Shared {
    server: ServerId,
    heard: Notify,
    arrivals: AtomicBool,
    duty: Mutex<Option<i64>>,
    endpoint: Mutex<String>,
}

impl Shared {
    fn set_duty(&self, epoch: Option<i64>) {
        *self.duty.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
    }

    fn duty(&self) -> Option<i64> {
        *self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection, as its callers see it.
pub(crate) struct Neighbours {
    shared: Arc<Shared>,
    asks: Mutex<Option<Sender<Ask>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Neighbours {
    /// Joins the servers of a database.
    pub(crate) async fn join(address: &PostgresAddress) -> Result<Self, Fault> {
        // A number of 31 bits, so that it fits into a lock's key.
        let number = RandomState::new().build_hasher().finish() >> 33;
        let shared = Arc::new(Shared {
            server: ServerId(number.cast_signed().max(1)),
            heard: Notify::new(),
            arrivals: AtomicBool::new(false),
            duty: Mutex::new(None),
            endpoint: Mutex::new(String::new()),
        });
        let first = Line::open(address, &shared).await?;
        let (asks, waiting) = channel(8);
        #[expect(clippy::disallowed_methods, reason = "`close` waits for it")]
        let task = tokio::spawn(keep(address.clone(), shared.clone(), first, waiting));
        Ok(Self { shared, asks: Mutex::new(Some(asks)), task: Mutex::new(Some(task)) })
    }

    pub(crate) fn server(&self) -> ServerId {
        self.shared.server
    }

    pub(crate) fn duty(&self) -> Option<i64> {
        self.shared.duty()
    }

    pub(crate) async fn heard(&self) {
        self.shared.heard.notified().await;
    }

    pub(crate) fn take_arrivals(&self) -> bool {
        self.shared.arrivals.swap(false, Ordering::Relaxed)
    }

    /// Also finds out whether the connection is one: nothing else is sent on it, and a network may forget it in silence.
    pub(crate) async fn take_duty(&self) {
        self.ask(Ask::Duty).await;
    }

    pub(crate) async fn announce(&self, endpoint: &str) {
        endpoint.clone_into(&mut self.shared.endpoint.lock().unwrap_or_else(PoisonError::into_inner));
        self.ask(Ask::Announce).await;
    }

    /// Without a connection nothing is asked: the next one makes up for it.
    async fn ask(&self, ask: impl FnOnce(oneshot::Sender<()>) -> Ask) {
        let asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (reply, answer) = oneshot::channel();
        if let Some(asks) = asks
            && asks.send(ask(reply)).await.is_ok()
        {
            drop(asks);
            let _done_or_no_connection = timeout(2 * SLOWEST, answer).await;
        }
    }

    /// The other servers that are there.
    pub(crate) async fn list(&self, readers: &Readers) -> Result<Vec<Neighbour>, Fault> {
        let params = Params::new().with(SERVER_LOCK)?.with(self.shared.server.0)?;
        let rows = readers.fetch(&queries::SERVER_LIST, params).await?;
        let read = |row: &PgRow| {
            Ok(Neighbour { server: ServerId(row.try_get("id")?), endpoint: row.try_get("endpoint")? })
        };
        rows.iter().map(read).collect()
    }

    /// Leaves.
    pub(crate) async fn close(&self) {
        self.asks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // A panic of the task leaves nothing to close.
            let _ = task.await;
        }
    }
}

/// Keeps a connection until the store is closed.
async fn keep(address: PostgresAddress, shared: Arc<Shared>, first: Line, mut asks: Receiver<Ask>) {
    let (mut line, mut pause) = (Some(first), FIRST_PAUSE);
    loop {
        if let Some(line) = line.take() {
            pause = FIRST_PAUSE;
            let ended = line.use_for(&shared, &mut asks).await;
            shared.set_duty(None);
            if matches!(ended, Ended::Closed) {
                return;
            }
        }
        tokio::select! {
            () = sleep(pause) => {}
            ask = asks.recv() => match ask {
                // Who asks is not kept waiting for a database that is away.
                Some(ask) => { drop(ask); continue }
                None => return,
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        // Why not is told by those who read and write meanwhile.
        line = Line::open(&address, &shared).await.ok();
    }
}

enum Ended {
    Closed,
    Lost,
}

/// One connection.
struct Line {
    pool: PgPool,
    listener: PgListener,
}

impl Line {
    async fn open(address: &PostgresAddress, shared: &Shared) -> Result<Self, Fault> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(SLOWEST)
            .test_before_acquire(false)
            .connect_lazy_with(address.options());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        // A new connection has no locks: it is made here.
        listener.eager_reconnect(false);
        let mut line = Self { pool, listener };
        let name = sqlx::query_scalar::<_, String>("SELECT 'wingbeat' || hashtext(current_schema())");
        let name = timeout(SLOWEST, name.fetch_one(&mut line.listener)).await.map_err(|_| silent())??;
        timeout(SLOWEST, line.listener.listen(&name)).await.map_err(|_| silent())??;
        let lock = Params::new().with(SERVER_LOCK)?.with(shared.server.0)?;
        let locked = line.ask(&queries::SERVER_LOCK, lock).await?;
        let locked = locked.first().map(|row| row.try_get::<bool, _>(0)).transpose()?;
        if locked != Some(true) {
            return Err(in_use());
        }
        line.ask(&queries::SERVER_FORGET, Params::new().with(SERVER_LOCK)?).await?;
        line.announce(shared).await?;
        // Whatever was said before is looked up.
        shared.heard.notify_one();
        Ok(line)
    }

    async fn ask(&mut self, query: &'static Query, params: Params) -> Result<Vec<PgRow>, Fault> {
        let asked = sqlx::query_with(query.text(), params.into_arguments()).fetch_all(&mut self.listener);
        Ok(timeout(SLOWEST, asked).await.map_err(|_| silent())??)
    }

    async fn announce(&mut self, shared: &Shared) -> Result<(), Fault> {
        let endpoint = shared.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        let params = Params::new().with(shared.server.0)?.with(endpoint.as_str())?.with(now)?;
        self.ask(&queries::SERVER_PUT, params).await?;
        let notice = format!("{}{ARRIVED}", shared.server.0);
        self.ask(&queries::SERVER_TELL, Params::new().with(notice.as_str())?).await.map(drop)
    }

    async fn use_for(mut self, shared: &Shared, asks: &mut Receiver<Ask>) -> Ended {
        loop {
            tokio::select! {
                said = self.listener.try_recv() => match said {
                    Ok(Some(said)) => hear(shared, said.payload()),
                    Ok(None) | Err(_) => return Ended::Lost,
                },
                ask = asks.recv() => {
                    let Some(ask) = ask else {
                        drop(self.listener);
                        // The locks go with the connection; the server ends it too when nobody is there.
                        let _ = timeout(SLOWEST, self.pool.close()).await;
                        return Ended::Closed;
                    };
                    if self.answer(shared, ask).await.is_err() {
                        return Ended::Lost;
                    }
                }
            }
        }
    }

    async fn answer(&mut self, shared: &Shared, ask: Ask) -> Result<(), Fault> {
        let (done, reply) = match ask {
            Ask::Duty(reply) => (self.take_duty(shared).await, reply),
            Ask::Announce(reply) => (self.announce(shared).await, reply),
        };
        // Who asked may have gone away.
        let _ = reply.send(());
        done
    }

    async fn take_duty(&mut self, shared: &Shared) -> Result<(), Fault> {
        if shared.duty().is_some() {
            let asked = sqlx::query("SELECT 1").execute(&mut self.listener);
            return timeout(SLOWEST, asked).await.map_err(|_| silent())?.map(drop).map_err(Fault::from);
        }
        let rows = self.ask(&queries::DUTY_TAKE, Params::new().with(DUTY_LOCK)?).await?;
        if let Some(row) = rows.first() {
            shared.set_duty(Some(row.try_get(0)?));
        }
        Ok(())
    }
}

/// Whatever this server said itself is no news.
fn hear(shared: &Shared, said: &str) {
    let (who, arrived) = said.strip_suffix(ARRIVED).map_or((said, false), |who| (who, true));
    if who.parse() == Ok(shared.server.0) {
        return;
    }
    if arrived {
        shared.arrivals.store(true, Ordering::Relaxed);
    }
    shared.heard.notify_one();
}
