//! What only the store on PostgreSQL has to do.

mod count;
mod opening;
mod outages;
mod planning;
mod sharing;

use wingbeat_store_sql::{PostgresAddress, PostgresStore};
use wingbeat_testkit::postgres::PostgresServer;

pub(crate) fn address(url: &str) -> PostgresAddress {
    PostgresAddress::parse(url, None).expect("an address")
}

/// A store on a new database of the server that all tests share.
pub(crate) async fn open_new() -> Option<(PostgresStore, PostgresAddress)> {
    let address = address(&PostgresServer::shared()?.database());
    let store = PostgresStore::open(&address).await.expect("opens");
    Some((store, address))
}
