//! Opens the file: its mode, its settings, its schema. Schemas only move forward, each step in one transaction.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use wingbeat_store::listing::contains_ignoring_case;

/// Steps of the schema, the first one first. Append only.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_runs.sql"),
    include_str!("../../migrations/sqlite/0002_actions.sql"),
    include_str!("../../migrations/sqlite/0003_attempts.sql"),
    include_str!("../../migrations/sqlite/0004_cache.sql"),
    include_str!("../../migrations/sqlite/0005_sessions.sql"),
    include_str!("../../migrations/sqlite/0006_catalog.sql"),
    include_str!("../../migrations/sqlite/0007_queues.sql"),
    include_str!("../../migrations/sqlite/0008_session_server.sql"),
    include_str!("../../migrations/sqlite/0009_run_views.sql"),
    include_str!("../../migrations/sqlite/0010_reopens_by_position.sql"),
    include_str!("../../migrations/sqlite/0011_draining.sql"),
];

/// The oldest version of this program's schema that can work with what the newest step leaves behind.
/// Older ones do not keep the sums over runs, and take positions for times.
const MIN_READER: i64 = 10;

/// How long a statement waits for another process, such as one that opens the same file.
const BUSY: Duration = Duration::from_secs(10);

/// Statements that stay prepared, per connection: more than there are.
const STATEMENTS: usize = 128;

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be created or opened, or its thread cannot be started.
    #[error("the database file cannot be opened")]
    File(#[source] io::Error),
    /// SQLite refuses it.
    #[error("the database cannot be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// A newer release changed it in a way that this one does not understand.
    #[error("the database needs a release that knows schema {min_reader}; this one knows schema {known}")]
    TooNew {
        /// The oldest schema version that a program must know.
        min_reader: i64,
        /// What this one knows.
        known: i64,
    },
    /// It is a database of something else.
    #[error("the file is a database, but not one of ours")]
    Foreign,
}

/// Opens the connection that writes, creates the file and moves the schema forward.
pub(crate) fn connect_writer(path: &Path) -> Result<Connection, OpenError> {
    create_file(path).map_err(OpenError::File)?;
    let mut db = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    configure(&db)?;
    set_wal(&db)?;
    // Durable means synced: an acknowledged commit survives a loss of power.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    db.pragma_update(None, "journal_size_limit", 64 << 20)?;
    db.pragma_update(None, "cache_size", -16_000)?;
    migrate(&mut db, MIGRATIONS, MIN_READER)?;
    Ok(db)
}

fn create_file(path: &Path) -> io::Result<()> {
    let is_new = !path.exists();
    // SQLite gives its log and index files the mode of the database.
    let options = &mut OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if is_new && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // SQLite syncs what it creates; the name of a file that we create is ours to sync.
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Opens a connection that reads.
pub(crate) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    // Not read-only: a reader may have to create the index of the log.
    let db = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    configure(&db)?;
    db.pragma_update(None, "query_only", true)?;
    rusqlite::vtab::array::load_module(&db)?;
    add_functions(&db)?;
    Ok(db)
}

fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    // Otherwise each new value of a parameter that stands beside a partial index's condition (`parent = ''`) makes SQLite
    // prepare the statement again.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.pragma_update(None, "temp_store", "MEMORY")
}

/// SQLite does not always wait by itself when two processes change the mode at once.
fn set_wal(db: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        let set = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match set {
            Ok(_) => return Ok(()),
            Err(error)
                if tries < 200 && error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) =>
            {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error),
        }
    }
}

/// What lists need and SQLite lacks: text operations with the meaning of `wingbeat_store::listing`.
fn add_functions(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let add = |name: &str, holds: fn(&str, &str) -> bool| {
        db.create_scalar_function(name, 2, flags, move |args| {
            let (have, want) = (args.get::<Option<String>>(0)?, args.get::<Option<String>>(1)?);
            Ok(have.zip(want).map(|(have, want)| holds(&have, &want)))
        })
    };
    add("contains", |have, want| have.contains(want))?;
    add("contains_ignoring_case", contains_ignoring_case)?;
    add("ends_with", |have, want| have.ends_with(want))
}

/// Moves the schema forward to the last of `steps`. Of two processes that open at once, one does it.
fn migrate(db: &mut Connection, steps: &[&str], min_reader: i64) -> Result<(), OpenError> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if version(db, known)? >= known {
        return Ok(());
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Looked at again: another process may have been faster.
    let from = version(&tx, known)?;
    if from == 0 {
        tx.execute_batch(
            "CREATE TABLE schema (
                one INTEGER PRIMARY KEY CHECK (one = 1),
                version INTEGER NOT NULL,
                min_reader INTEGER NOT NULL
            ) STRICT;
            INSERT INTO schema (one, version, min_reader) VALUES (1, 0, 0);",
        )?;
    }
    for step in steps.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        tx.execute_batch(step)?;
    }
    if from < known {
        tx.execute("UPDATE schema SET version = ?1, min_reader = ?2 WHERE one = 1", (known, min_reader))?;
    }
    Ok(tx.commit()?)
}

/// The version of the schema; 0 for an empty file. Refuses what this program cannot understand.
fn version(db: &Connection, known: i64) -> Result<i64, OpenError> {
    let (tables, ours): (i64, i64) = db.query_row(
        "SELECT count(*), coalesce(sum(name = 'schema'), 0) FROM sqlite_schema WHERE type = 'table'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if ours == 0 {
        return if tables == 0 { Ok(0) } else { Err(OpenError::Foreign) };
    }
    let found = db.query_row("SELECT version, min_reader FROM schema WHERE one = 1", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    });
    let (version, min_reader) = found.map_err(|_| OpenError::Foreign)?;
    if min_reader > known {
        return Err(OpenError::TooNew { min_reader, known });
    }
    Ok(version)
}
