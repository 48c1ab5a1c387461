//! Has the tables that grow counted while a platform is new. Plans that were made while they were empty take any index
//! for as good as another, and the database itself counts only after a minute. Nothing depends on it but speed.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::address::PostgresAddress;

/// After how many transactions of a process.
const AFTER: [u64; 3] = [4, 32, 256];
/// With so many actions in the last count, plans are what they will be.
const ENOUGH: f32 = 10_000.0;
const KNOWN: &str = "SELECT reltuples FROM pg_class WHERE oid = 'action'::regclass";
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
        if AFTER.contains(&self.n_written) {
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
    let known: f32 = sqlx::query_scalar(KNOWN).fetch_one(&mut db).await?;
    if known < ENOUGH {
        db.execute(COUNT).await?;
    }
    db.close().await
}
