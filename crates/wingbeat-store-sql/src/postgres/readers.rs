//! A few connections that read, and write what is no run state. What a broken connection was asked is asked again
//! on another one until the time is up, if doing it twice is harmless.

use std::pin::Pin;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions, PgQueryResult, PgRow};
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::address::PostgresAddress;
use super::fault::silent;
use super::params::Params;
use super::queries::Query;
use crate::fault::Fault;

/// The most statements of files at once.
const READERS: u32 = 8;

/// The most lists at once.
const LISTS: u32 = 4;

/// How long callers wait for a database that is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// No single statement of ours takes longer on a database that works.
const SLOWEST: Duration = Duration::from_secs(30);

/// The first pause before a statement is tried again; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The connections. They are opened when first needed.
pub(crate) struct Readers {
    pool: PgPool,
    lists: PgPool,
}

impl Readers {
    /// To the database at `address`.
    pub(crate) fn new(address: &PostgresAddress) -> Self {
        let pool = |most| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(PATIENCE)
                // A broken one is found out by its first statement, which is then tried again.
                .test_before_acquire(false)
        };
        Self {
            pool: pool(READERS).connect_lazy_with(address.options()),
            lists: pool(LISTS).connect_lazy_with(address.list_options()),
        }
    }

    /// Runs a statement of a file which may be run twice.
    pub(crate) async fn fetch(&self, query: &'static Query, params: Params) -> Result<Vec<PgRow>, Fault> {
        fetch_text(&self.pool, query.text().into_sql_str(), params).await
    }

    /// Runs a statement that was put together at run time.
    pub(crate) async fn fetch_list(&self, text: String, params: Params) -> Result<Vec<PgRow>, Fault> {
        // Made of fixed pieces only: see `statement`.
        fetch_text(&self.lists, AssertSqlSafe(text).into_sql_str(), params).await
    }

    /// Runs a statement that must not be run twice; how many rows it wrote.
    pub(crate) async fn write_once(&self, query: &'static Query, params: Params) -> Result<u64, Fault> {
        let written = while_lost(|| {
            let (pool, text, params) = (self.pool.clone(), query.text(), params.clone());
            async move {
                let db = pool.acquire().await?;
                let written = ask(db, move |db| write_if_heard(db, text, params)).await;
                written.transpose().ok_or_else(silent)
            }
        });
        Ok(written.await??.rows_affected())
    }

    /// Waits for statements under way and closes the connections.
    pub(crate) async fn close(&self) {
        // The server ends them too when it sees that nobody is there.
        let _ = timeout(PATIENCE, async { tokio::join!(self.pool.close(), self.lists.close()) }).await;
    }
}

async fn fetch_text(pool: &PgPool, text: SqlStr, params: Params) -> Result<Vec<PgRow>, Fault> {
    while_lost(|| {
        let (pool, text, params) = (pool.clone(), text.clone(), params.clone());
        async move {
            let db = pool.acquire().await?;
            ask(db, move |db| Box::pin(sqlx::query_with(text, params.into_arguments()).fetch_all(db))).await
        }
    })
    .await
}

/// Does it again, until it has not lost its connection or the time is up.
async fn while_lost<T, F: Future<Output = Result<T, Fault>>>(
    mut once: impl FnMut() -> F,
) -> Result<T, Fault> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        match once().await {
            Err(Fault::Lost(_)) if Instant::now() < deadline => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

type Asked<'a, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'a>>;

/// What is found on a connection.
///
/// It is asked to its end also when nobody waits any more. The library would otherwise wait for the rest of the answer before
/// it takes the connection back, for as long as the way to the database is silent; and so with the question that it asks of
/// each connection that it takes back.
async fn ask<T: Send + 'static>(
    mut db: PoolConnection<Postgres>,
    question: impl for<'a> FnOnce(&'a mut PgConnection) -> Asked<'a, T> + Send + 'static,
) -> Result<T, Fault> {
    let (tell, told) = oneshot::channel();
    let asking = async move {
        let found = timeout(SLOWEST, question(&mut db)).await;
        let found = found.map_err(|_| silent()).and_then(|found| found.map_err(Fault::from));
        let lost = matches!(found, Err(Fault::Lost(_)));
        let _heard = tell.send(found);
        if lost {
            db.close_on_drop();
        } else {
            let _silent = timeout(PATIENCE, db.return_to_pool()).await;
        }
    };
    #[expect(clippy::disallowed_methods, reason = "`close` waits for its connection")]
    tokio::spawn(asking);
    told.await.map_err(|_| Fault::panicked())?
}

/// `None`: the connection does not answer, and has not heard of the statement.
fn write_if_heard<'a>(
    db: &'a mut PgConnection,
    text: &'static str,
    params: Params,
) -> Asked<'a, Option<PgQueryResult>> {
    Box::pin(async move {
        if sqlx::Connection::ping(db).await.is_err() {
            return Ok(None);
        }
        sqlx::query_with(text, params.into_arguments()).execute(db).await.map(Some)
    })
}

/// Runs a statement of a file on a connection.
pub(crate) async fn fetch(
    db: &mut PgConnection,
    query: &'static Query,
    params: Params,
) -> Result<Vec<PgRow>, Fault> {
    Ok(sqlx::query_with(query.text(), params.into_arguments()).fetch_all(db).await?)
}
