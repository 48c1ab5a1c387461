//! Two servers on one database: nothing is lost, and the order of commits is that of positions.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;
use wingbeat_store::{Neighbour, Replicas, RunReads, RunWrites};
use wingbeat_store_sql::PostgresStore;
use wingbeat_testkit::postgres::PostgresServer;

use super::count::{Add, value};
use super::{address, open_new};

/// However busy the machine is.
const LONG: Duration = Duration::from_mins(1);

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

/// The duty has one holder; when that one leaves, the next one has a later epoch. Neighbours are seen while they are
/// there.
#[tokio::test]
async fn the_duty_goes_on_to_another_server_and_neighbours_are_seen() {
    let Some((one, address)) = open_new().await else { return };
    let two = PostgresStore::open(&address).await.expect("opens");
    one.announce("/one").await.expect("works");
    let neighbour = Neighbour { server: one.server(), endpoint: "/one".to_owned() };
    assert_eq!(two.neighbours().await.expect("reads"), [neighbour]);
    one.take_duty().await.expect("works");
    two.take_duty().await.expect("works");
    assert_eq!((one.duty(), two.duty()), (Some(1), None));
    one.close().await;
    let taken = async {
        while two.duty().is_none() {
            two.take_duty().await.expect("works");
        }
    };
    timeout(LONG, taken).await.expect("it is free");
    assert_eq!(two.duty(), Some(2));
    assert!(two.neighbours().await.expect("reads").is_empty());
}

/// What a server wrote wakes the other one, and is told to it once; its own work is no news.
#[tokio::test]
async fn a_server_hears_of_what_another_wrote() {
    let Some((one, address)) = open_new().await else { return };
    let two = PostgresStore::open(&address).await.expect("opens");
    let start = two.head().await.expect("reads");
    // What was said while it joined.
    timeout(LONG, two.heard()).await.expect("it looks once");
    one.commit(Box::new(Add)).await.expect("the commit works");
    timeout(LONG, two.heard()).await.expect("it is told");
    let echo = two.echo(start).await.expect("reads").expect("it is kept");
    assert_eq!((echo.upto, echo.more), (one.head().await.expect("reads"), false));
    let own = two.commit(Box::new(Add)).await.expect("the commit works").1;
    let echo = two.echo(echo.upto).await.expect("reads").expect("it is kept");
    assert_eq!((echo.upto, echo.changes.is_empty()), (own, true));
}
