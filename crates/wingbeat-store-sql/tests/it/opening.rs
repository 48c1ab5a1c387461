use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use tempfile::tempdir;
use wingbeat_model::RunId;
use wingbeat_store::{Catalog, RunWrites};
use wingbeat_store_sql::{OpenError, SqliteStore};

#[tokio::test]
async fn what_was_written_is_there_after_closing_and_opening() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    let store = SqliteStore::open(&path).expect("opens");
    store.init_setting("key", b"one").await.expect("writes");
    let first = store.next_run_id().await.expect("works");
    store.close().await;
    store.close().await;
    assert!(store.init_setting("key", b"two").await.is_err(), "a closed store takes no calls");
    assert!(store.find_setting("key").await.is_err(), "a closed store takes no calls");
    let names = fs::read_dir(folder.path()).expect("reads").map(|entry| entry.expect("an entry").file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["meta.db"], "one tidy file is left");

    let store = SqliteStore::open(&path).expect("opens again");
    assert_eq!(store.init_setting("key", b"two").await.expect("writes"), b"one");
    let next = store.next_run_id().await.expect("works");
    assert!(next > first && first == RunId(1), "a number is never given twice");
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let folder = tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("meta.db")).expect("opens");
    store.init_setting("key", b"secret").await.expect("writes");
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).expect("reads") {
        let mode = entry.expect("an entry").metadata().expect("reads").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        seen += 1;
    }
    assert!(seen >= 2, "the log was looked at too");
}

#[test]
fn many_that_open_at_once_migrate_once() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| SqliteStore::open(&path).map(drop).expect("opens"));
        }
    });
    let db = Connection::open(&path).expect("opens");
    let rows: i64 = db.query_row("SELECT count(*) FROM head", [], |row| row.get(0)).expect("reads");
    assert_eq!(rows, 1);
}

#[test]
fn a_schema_that_needs_a_newer_release_is_refused() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    drop(SqliteStore::open(&path).expect("opens"));
    let set = |version: i64, min_reader: i64| {
        let db = Connection::open(&path).expect("opens");
        db.execute("UPDATE schema SET version = ?1, min_reader = ?2", (version, min_reader)).expect("writes");
    };
    set(99, 1);
    drop(SqliteStore::open(&path).expect("a newer schema that this release can read"));
    set(99, 98);
    let refused = SqliteStore::open(&path).map(drop).expect_err("a newer schema that it cannot read");
    assert!(matches!(refused, OpenError::TooNew { min_reader: 98, .. }));
    assert!(refused.to_string().contains("98"));
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let folder = tempdir().expect("a folder");
    let foreign = folder.path().join("foreign.db");
    let db = Connection::open(&foreign).expect("opens");
    db.execute_batch("CREATE TABLE theirs (x)").expect("writes");
    drop(db);
    assert!(matches!(SqliteStore::open(&foreign).map(drop), Err(OpenError::Foreign)));
    let text = folder.path().join("text.db");
    fs::write(&text, "not a database, but long enough to be looked at as if it were one".repeat(20))
        .expect("writes");
    assert!(matches!(SqliteStore::open(&text).map(drop), Err(OpenError::Sqlite(_))));
    let missing = folder.path().join("missing").join("meta.db");
    assert!(matches!(SqliteStore::open(&missing).map(drop), Err(OpenError::File(_))));
}

#[tokio::test]
async fn an_idle_store_writes_nothing() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("meta.db");
    let store = SqliteStore::open(&path).expect("opens");
    store.init_setting("key", b"one").await.expect("writes");
    let log = || fs::metadata(folder.path().join("meta.db-wal")).expect("the log is there").len();
    let before = log();
    for _ in 0..10 {
        store.find_setting("key").await.expect("reads");
        store.init_setting("key", b"two").await.expect("finds what is there");
    }
    assert_eq!(log(), before, "reads and writes that change nothing leave the file alone");
}
