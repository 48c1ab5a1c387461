//! A few connections that read, and write what is no run state. What a broken connection was asked is asked again
//! on another one until the time is up, if doing it twice is harmless.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
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
        let mut db = self.ready().await?;
        let done = sqlx::query_with(query.text(), params.into_arguments()).execute(&mut *db);
        Ok(timeout(SLOWEST, done).await.map_err(|_| silent())??.rows_affected())
    }

    /// A connection that has just answered.
    async fn ready(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, Fault> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let tried = async {
                let mut db = self.pool.acquire().await?;
                if let Err(error) = sqlx::Connection::ping(&mut *db).await {
                    db.close_on_drop();
                    return Err(Fault::from(error));
                }
                Ok(db)
            };
            match tried.await {
                Err(Fault::Lost(_)) if Instant::now() < deadline => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                done => return done,
            }
        }
    }

    /// Waits for statements under way and closes the connections.
    pub(crate) async fn close(&self) {
        tokio::join!(self.pool.close(), self.lists.close());
    }
}

async fn fetch_text(pool: &PgPool, text: SqlStr, params: Params) -> Result<Vec<PgRow>, Fault> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        match fetch_now(pool, text.clone(), params.clone()).await {
            Err(Fault::Lost(_)) if Instant::now() < deadline => {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

async fn fetch_now(pool: &PgPool, text: SqlStr, params: Params) -> Result<Vec<PgRow>, Fault> {
    let mut db = pool.acquire().await?;
    let run = run(&mut db, text, params.into_arguments());
    let found = timeout(SLOWEST, run).await.unwrap_or_else(|_| Err(silent()));
    if matches!(found, Err(Fault::Lost(_))) {
        db.close_on_drop();
    }
    found
}

/// Runs a statement of a file on a connection.
pub(crate) async fn fetch(
    db: &mut PgConnection,
    query: &'static Query,
    params: Params,
) -> Result<Vec<PgRow>, Fault> {
    run(db, query.text().into_sql_str(), params.into_arguments()).await
}

async fn run(db: &mut PgConnection, text: SqlStr, arguments: PgArguments) -> Result<Vec<PgRow>, Fault> {
    Ok(sqlx::query_with(text, arguments).fetch_all(db).await?)
}
