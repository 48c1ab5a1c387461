use sqlx::{ConnectOptions, Connection, Executor};
use wingbeat_model::RunId;
use wingbeat_store::{Catalog, Metadata, RunReads, RunWrites};
use wingbeat_store_sql::{PostgresAddress, PostgresError, PostgresStore};
use wingbeat_testkit::postgres::{PASSWORD, PostgresServer};

use super::{address, open_new};

async fn run_sql(url: &str, text: &'static str) {
    let options = url.parse::<sqlx::postgres::PgConnectOptions>().expect("an address");
    let mut db = options.connect().await.expect("connects");
    db.execute(sqlx::raw_sql(text)).await.expect("runs");
    db.close().await.expect("closes");
}

async fn refusal(address: &PostgresAddress) -> PostgresError {
    let refused = PostgresStore::open(address).await.map(drop).expect_err("it is refused");
    assert!(!format!("{refused} {refused:?}").contains(PASSWORD), "no error tells the password");
    refused
}

#[tokio::test]
async fn what_was_written_is_there_after_closing_and_opening() {
    let Some((store, address)) = open_new().await else { return };
    assert_eq!(store.kind(), "postgresql");
    store.init_setting("key", b"one").await.expect("writes");
    let first = store.next_run_id().await.expect("works");
    store.close().await;
    store.close().await;
    assert!(store.init_setting("key", b"two").await.is_err(), "a closed store takes no calls");
    assert!(store.find_setting("key").await.is_err(), "a closed store takes no calls");

    let store = PostgresStore::open(&address).await.expect("opens again");
    assert_eq!(store.init_setting("key", b"two").await.expect("writes"), b"one");
    let next = store.next_run_id().await.expect("works");
    assert!(next > first && first == RunId(1), "a number is never given twice");
}

#[tokio::test]
async fn servers_that_start_at_once_migrate_once() {
    let Some(server) = PostgresServer::shared() else { return };
    let address = address(&server.database());
    let opened = (0..6).map(|_| PostgresStore::open(&address));
    for opened in futures::future::join_all(opened).await {
        opened.expect("opens").close().await;
    }
}

#[tokio::test]
async fn a_schema_that_needs_a_newer_release_is_refused() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    PostgresStore::open(&address(&url)).await.expect("opens").close().await;
    run_sql(&url, "UPDATE wingbeat_schema SET version = 99, min_reader = 1").await;
    let newer = PostgresStore::open(&address(&url)).await;
    newer.expect("a newer schema that this release can read").close().await;
    run_sql(&url, "UPDATE wingbeat_schema SET version = 99, min_reader = 98").await;
    let refused = refusal(&address(&url)).await;
    assert!(matches!(refused, PostgresError::TooNew { min_reader: 98, .. }));
    assert!(refused.to_string().contains("98"));
}

/// What a server of schema 10 says of a session, in its own words.
const SESSION_OF_BEFORE: &str = "INSERT INTO session (id, executor, server, started_at, ended_at)
VALUES ('s', 'box', 7, 1, NULL)
ON CONFLICT (id) DO UPDATE SET
    executor = excluded.executor, server = excluded.server, started_at = excluded.started_at, ended_at = excluded.ended_at";

#[tokio::test]
async fn a_server_of_the_release_before_writes_beside_this_one() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    let store = PostgresStore::open(&address(&url)).await.expect("opens");
    run_sql(&url, SESSION_OF_BEFORE).await;
    let [written] = store.open_sessions().await.expect("reads").try_into().expect("one");
    assert!(!written.draining && written.terms.is_empty(), "{written:?}");
    run_sql(&url, "UPDATE session SET draining = 1, terms = 'x'").await;
    run_sql(&url, SESSION_OF_BEFORE).await;
    let [kept] = store.open_sessions().await.expect("reads").try_into().expect("one");
    assert!(kept.draining && kept.terms == b"x", "it leaves alone what it does not know: {kept:?}");
    store.close().await;
}

#[tokio::test]
async fn databases_of_others_are_refused_and_left_alone() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    run_sql(&url, "CREATE TABLE theirs (x BIGINT)").await;
    assert!(matches!(refusal(&address(&url)).await, PostgresError::Foreign { .. }));
}

#[tokio::test]
async fn errors_say_where_and_what_but_no_password() {
    let Some(server) = PostgresServer::shared() else { return };
    server.database();
    let wrong = refusal(&address(&server.address("test1", "hush"))).await;
    assert!(matches!(wrong, PostgresError::Credentials { .. }), "{wrong}");
    assert!(wrong.to_string().contains("database test1 at "), "{wrong}");
    assert!(!format!("{wrong} {wrong:?}").contains("hush"));
    let none = refusal(&address(&server.address("nowhere", PASSWORD))).await;
    assert!(matches!(none, PostgresError::NoDatabase { .. }), "{none}");
    let away = PostgresAddress::parse("postgres://ada:hush@127.0.0.1:1/flows", None).expect("an address");
    let away = refusal(&away).await;
    assert!(matches!(away, PostgresError::Unreachable { .. }), "{away}");
    assert!(away.to_string().starts_with("database flows at 127.0.0.1:1 as ada cannot be reached"), "{away}");
    assert!(!format!("{away} {away:?}").contains("hush"));
}

#[tokio::test]
async fn a_password_may_be_given_apart_from_the_address() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database().replace(&format!(":{PASSWORD}@"), "@");
    let address = PostgresAddress::parse(&url, Some(PASSWORD)).expect("an address");
    PostgresStore::open(&address).await.expect("opens").close().await;
}
