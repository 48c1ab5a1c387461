//! Has the tables that grow counted while a platform is new. Plans that were made while they were empty take any index
//! for as good as another, and the database itself counts only after a minute. Nothing depends on it but speed.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::address::PostgresAddress;

/// After how many transactions of a process the first time; then whenever there are twice as many.
const FIRST: u64 = 4;
/// With fewer actions one index is still as good as another, and a count would say that this is so. With ten thousand in the
/// last count, plans are what they will be.
const WORTHWHILE: &str = "SELECT (SELECT count(*) FROM (SELECT FROM action LIMIT 16) few) = 16
    AND (SELECT reltuples FROM pg_class WHERE oid = 'action'::regclass) < 10000";
const COUNT: &str = "ANALYZE action, attempt, run, counter, tally, spec";
const PATIENCE: Duration = Duration::from_secs(10);

/// When to count.
#[derive(Default)]
pub(crate) struct Counting {
    n_written: u64,
}

impl Counting {
    /// A transaction was written.
    pub(crate) fn written(&mut self, due: &Notify) {
        self.n_written += 1;
        if self.n_written >= FIRST && self.n_written.is_power_of_two() {
            due.notify_one();
        }
    }
}

/// Counts whenever it is due, on a connection of its own: nobody who writes waits for it.
pub(crate) async fn count_when_due(address: &PostgresAddress, due: &Notify) -> ! {
    loop {
        due.notified().await;
        // What fails now is done when it is due again, or by the database itself.
        let _ = timeout(PATIENCE, count(address)).await;
    }
}

async fn count(address: &PostgresAddress) -> Result<(), sqlx::Error> {
    let mut db = address.options().connect().await?;
    if sqlx::query_scalar(WORTHWHILE).fetch_one(&mut db).await? {
        db.execute(COUNT).await?;
    }
    db.close().await
}
