//! Two servers on one database: nothing is lost, and the order of commits is that of positions.

use std::collections::BTreeSet;

use futures::future::join_all;
use wingbeat_store::{RunReads, RunWrites};
use wingbeat_store_sql::{PostgresError, PostgresStore};
use wingbeat_testkit::postgres::PostgresServer;

use super::count::{Add, value};
use super::{address, open_new};

#[tokio::test]
async fn two_servers_never_lose_each_others_work() {
    let Some(server) = PostgresServer::shared() else { return };
    let address = address(&server.database());
    let one = PostgresStore::open(&address).await.expect("opens");
    let two = PostgresStore::open(&address).await.expect("opens");
    let commits = (0..200).map(|ix| {
        let store = if ix % 2 == 0 { &one } else { &two };
        async move { store.commit(Box::new(Add)).await.expect("the commit works").1 }
    });
    let positions = join_all(commits).await;
    assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), 200, "each has its own position");
    for store in [&one, &two] {
        assert_eq!(value(store).await, 200);
        assert_eq!(store.head().await.expect("reads").0, 200);
    }
    let ids = join_all((0..300).map(|ix| if ix % 2 == 0 { one.next_run_id() } else { two.next_run_id() }));
    let ids = ids.await.into_iter().map(|id| id.expect("works")).collect::<BTreeSet<_>>();
    assert_eq!(ids.len(), 300, "no number is given twice");
}

#[tokio::test]
async fn a_database_has_one_server_unless_they_share() {
    let Some((one, address)) = open_new().await else { return };
    let refused = PostgresStore::open(&address).await.map(drop).expect_err("it is in use");
    assert!(matches!(refused, PostgresError::InUse { .. }), "{refused}");
    one.commit(Box::new(Add)).await.expect("the first goes on");
    one.close().await;
    let next = PostgresStore::open(&address).await.expect("it is free again");
    next.commit(Box::new(Add)).await.expect("the commit works");
    assert_eq!(value(&next).await, 2);
}
