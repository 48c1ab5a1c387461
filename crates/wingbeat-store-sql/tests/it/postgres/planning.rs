use std::sync::Arc;
use std::time::Duration;

use sqlx::{ConnectOptions, Connection};
use wingbeat_store::{RunWrites, conformance};
use wingbeat_store_sql::PostgresStore;
use wingbeat_testkit::postgres::PostgresServer;

use super::address;
use super::count::Add;

/// The database itself counts a new table's rows after a minute, and not so few.
#[tokio::test]
async fn tables_that_begin_to_grow_are_counted() {
    let Some(server) = PostgresServer::shared() else { return };
    let url = server.database();
    let store = Arc::new(PostgresStore::open(&address(&url)).await.expect("opens"));
    conformance::pages_join_to_the_whole_list(store.clone()).await;
    for _ in 0..16 {
        store.commit(Box::new(Add)).await.expect("commits");
    }
    let options = url.parse::<sqlx::postgres::PgConnectOptions>().expect("an address");
    let mut db = options.connect().await.expect("connects");
    let uncounted = "SELECT relname FROM pg_class WHERE reltuples < 0
        AND relname IN ('action', 'attempt', 'run', 'counter', 'tally', 'spec')";
    let counted = async {
        loop {
            let left: Vec<String> = sqlx::query_scalar(uncounted).fetch_all(&mut db).await.expect("reads");
            if left.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), counted).await.expect("they are counted");
    db.close().await.expect("closes");
    store.close().await;
}
