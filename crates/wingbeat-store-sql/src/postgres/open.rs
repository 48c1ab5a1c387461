//! Opens the database: is it one that can be used, and is its schema one that this program knows? Schemas only move
//! forward, all steps in one transaction. Of servers that start at once, one does it and the others wait.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, sleep, timeout};

use super::address::PostgresAddress;

/// Steps of the schema, the first one first. Append only.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_runs.sql"),
    include_str!("../../migrations/postgres/0002_actions.sql"),
    include_str!("../../migrations/postgres/0003_attempts.sql"),
    include_str!("../../migrations/postgres/0004_cache.sql"),
    include_str!("../../migrations/postgres/0005_sessions.sql"),
    include_str!("../../migrations/postgres/0006_catalog.sql"),
    include_str!("../../migrations/postgres/0007_queues.sql"),
    include_str!("../../migrations/postgres/0008_replicas.sql"),
    include_str!("../../migrations/postgres/0009_run_views.sql"),
    include_str!("../../migrations/postgres/0010_reopens_by_position.sql"),
    include_str!("../../migrations/postgres/0011_draining.sql"),
];

/// The oldest version of this program's schema that can work with what the newest step leaves behind.
/// Older servers do not keep the sums over runs, and take positions for times.
const MIN_READER: i64 = 10;

/// A schema older than this is moved forward only while nobody else writes: the sums start from what is there.
const ALONE_BELOW: i64 = 9;

/// The oldest server, as `server_version_num` counts.
const OLDEST_SERVER: i32 = 150_000;

/// The key of the advisory lock that guards the steps: `wingbeat` as a number.
const MIGRATION_LOCK: i64 = 0x7769_6e67_6265_6174;

/// The first half of the key of the lock that all who write share: `wing` as a number.
const WRITER_LOCK: i32 = 0x7769_6e67;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The store could not be opened. No text of it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Nobody answers there, or not in the way of PostgreSQL.
    #[error("{address} cannot be reached: {why}")]
    Unreachable {
        /// Which.
        address: PostgresAddress,
        /// What was tried, and what came of it.
        why: String,
    },
    /// The server does not let this user in.
    #[error("{address}: the server refuses the user or the password: {why}")]
    Credentials {
        /// Which.
        address: PostgresAddress,
        /// In the server's words.
        why: String,
    },
    /// There is no such database.
    #[error("{address}: there is no such database; create it with `CREATE DATABASE`")]
    NoDatabase {
        /// Which.
        address: PostgresAddress,
    },
    /// It is not a server that can be used.
    #[error("{address} cannot be used: {why}")]
    Unsuitable {
        /// Which.
        address: PostgresAddress,
        /// What it lacks.
        why: String,
    },
    /// A newer release changed it in a way that this one does not understand.
    #[error("{address} needs a release that knows schema {min_reader}; this one knows schema {known}")]
    TooNew {
        /// Which.
        address: PostgresAddress,
        /// The oldest schema version that a program must know.
        min_reader: i64,
        /// What this one knows.
        known: i64,
    },
    /// It is a database of something else.
    #[error("{address} holds tables of something else; give Wingbeat a database or a schema of its own")]
    Foreign {
        /// Which.
        address: PostgresAddress,
    },
    /// A server of an older release writes to it.
    #[error("{address} is in use by a Wingbeat server of an older release, which cannot share it")]
    InUse {
        /// Which.
        address: PostgresAddress,
    },
    /// The server refuses a statement.
    #[error("{address}: the server refuses: {why}")]
    Refused {
        /// Which.
        address: PostgresAddress,
        /// In the server's words.
        why: String,
    },
}

/// How long a former server's connection may take to end.
const IN_USE_PATIENCE: Duration = Duration::from_secs(5);

/// Checks the database, moves its schema forward, and gives the connection to whoever writes.
pub(crate) async fn prepare(address: &PostgresAddress) -> Result<PgConnection, PostgresError> {
    let mut db = connect(address).await?;
    check_server(&mut db, address).await?;
    let deadline = Instant::now() + IN_USE_PATIENCE;
    while !try_prepare(&mut db, address).await? {
        if Instant::now() > deadline {
            return Err(PostgresError::InUse { address: address.clone() });
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(db)
}

/// `false`: somebody is there who has to go first.
async fn try_prepare(db: &mut PgConnection, address: &PostgresAddress) -> Result<bool, PostgresError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if (1..ALONE_BELOW).contains(&version(db, address, known).await?) {
        let text = "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))";
        let alone = sqlx::query_scalar::<_, bool>(text).bind(WRITER_LOCK).fetch_one(&mut *db).await;
        if !alone.map_err(refused(address))? {
            return Ok(false);
        }
        migrate(db, address, MIGRATIONS, MIN_READER).await?;
        let text = "SELECT pg_advisory_unlock($1, hashtext(current_schema()))";
        sqlx::query(text).bind(WRITER_LOCK).execute(&mut *db).await.map_err(refused(address))?;
    }
    if !take_place(db).await.map_err(refused(address))? {
        return Ok(false);
    }
    migrate(db, address, MIGRATIONS, MIN_READER).await?;
    Ok(true)
}

/// Lets this connection write, beside those of other servers. An older release, which has to be alone, holds the lock
/// for itself.
pub(crate) async fn take_place(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let text = "SELECT pg_try_advisory_lock_shared($1, hashtext(current_schema()))";
    sqlx::query_scalar(text).bind(WRITER_LOCK).fetch_one(db).await
}

async fn connect(address: &PostgresAddress) -> Result<PgConnection, PostgresError> {
    let options = address.options();
    match timeout(PATIENCE, options.connect()).await {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(error)) => Err(why_not_connected(address, &error)),
        Err(_) => Err(PostgresError::Unreachable {
            address: address.clone(),
            why: format!("no answer within {} s", PATIENCE.as_secs()),
        }),
    }
}

fn why_not_connected(address: &PostgresAddress, error: &sqlx::Error) -> PostgresError {
    let address = address.clone();
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
    let said = error.as_database_error().map(|error| error.message().to_owned());
    match (&*code, said) {
        ("28000" | "28P01", Some(why)) => PostgresError::Credentials { address, why },
        ("3D000", _) => PostgresError::NoDatabase { address },
        ("57P03" | "53300", Some(why)) => PostgresError::Unreachable { address, why },
        (_, Some(why)) => PostgresError::Refused { address, why },
        // Without a password where one is due, the client gives up by itself.
        (_, None) if error.to_string().contains("password") => PostgresError::Credentials {
            address,
            why: "it asks for a password and none was given".to_owned(),
        },
        (_, None) => PostgresError::Unreachable { address, why: error.to_string() },
    }
}

fn refused(address: &PostgresAddress) -> impl Fn(sqlx::Error) -> PostgresError {
    let address = address.clone();
    move |error| PostgresError::Refused { address: address.clone(), why: error.to_string() }
}

async fn check_server(db: &mut PgConnection, address: &PostgresAddress) -> Result<(), PostgresError> {
    let unsuitable = |why: String| Err(PostgresError::Unsuitable { address: address.clone(), why });
    let (version, name, encoding, has_icu) = sqlx::query_as::<_, (i32, String, String, bool)>(
        "SELECT current_setting('server_version_num')::int4, current_setting('server_version'),
            current_setting('server_encoding'),
            EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu')",
    )
    .fetch_one(db)
    .await
    .map_err(refused(address))?;
    if version < OLDEST_SERVER {
        let oldest = OLDEST_SERVER / 10_000;
        return unsuitable(format!("the server is PostgreSQL {name}; {oldest} or newer is needed"));
    }
    if encoding != "UTF8" {
        return unsuitable(format!("its encoding is {encoding}; it must be UTF8"));
    }
    if !has_icu {
        return unsuitable("the server was built without ICU, which lists need to ignore case".to_owned());
    }
    Ok(())
}

/// Moves the schema forward to the last of `steps`.
async fn migrate(
    db: &mut PgConnection,
    address: &PostgresAddress,
    steps: &[&'static str],
    min_reader: i64,
) -> Result<(), PostgresError> {
    let refused = refused(address);
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if version(db, address, known).await? >= known {
        return Ok(());
    }
    let mut tx = db.begin().await.map_err(&refused)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *tx)
        .await
        .map_err(&refused)?;
    // Looked at again: another server may have been faster.
    let from = version(&mut tx, address, known).await?;
    if from == 0 {
        let text = "CREATE TABLE wingbeat_schema (
                one BIGINT PRIMARY KEY CHECK (one = 1),
                version BIGINT NOT NULL,
                min_reader BIGINT NOT NULL
            );
            INSERT INTO wingbeat_schema (one, version, min_reader) VALUES (1, 0, 0);";
        sqlx::raw_sql(text).execute(&mut *tx).await.map_err(&refused)?;
    }
    for step in steps.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        sqlx::raw_sql(*step).execute(&mut *tx).await.map_err(&refused)?;
    }
    if from < known {
        sqlx::query("UPDATE wingbeat_schema SET version = $1, min_reader = $2 WHERE one = 1")
            .bind(known)
            .bind(min_reader)
            .execute(&mut *tx)
            .await
            .map_err(&refused)?;
    }
    tx.commit().await.map_err(&refused)
}

/// The version of the schema; 0 for an empty database. Refuses what this program cannot understand.
async fn version(db: &mut PgConnection, address: &PostgresAddress, known: i64) -> Result<i64, PostgresError> {
    let (tables, ours) = sqlx::query_as::<_, (i64, bool)>(
        "SELECT count(*), coalesce(bool_or(tablename = 'wingbeat_schema'), FALSE)
        FROM pg_tables WHERE schemaname = current_schema()",
    )
    .fetch_one(&mut *db)
    .await
    .map_err(refused(address))?;
    if !ours {
        let foreign = || PostgresError::Foreign { address: address.clone() };
        return if tables == 0 { Ok(0) } else { Err(foreign()) };
    }
    let (version, min_reader) =
        sqlx::query_as::<_, (i64, i64)>("SELECT version, min_reader FROM wingbeat_schema WHERE one = 1")
            .fetch_one(&mut *db)
            .await
            .map_err(refused(address))?;
    if min_reader > known {
        return Err(PostgresError::TooNew { address: address.clone(), min_reader, known });
    }
    Ok(version)
}
