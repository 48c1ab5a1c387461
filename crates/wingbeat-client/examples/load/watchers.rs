//! Watches that are open while nothing happens.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use wingbeat_client::ServerAddr;

use crate::figures::Figures;
use crate::platform::{Anyhow, Platform};

/// Streams of one connection; servers bound them.
const PER_CONNECTION: usize = 50;

/// How many watch, and how long.
#[derive(Args, Clone, Copy)]
pub(crate) struct Watchers {
    /// Streams: half of them watch the actions of one run, half all runs.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) watchers: usize,
    /// For how long they are held open.
    #[arg(long, default_value_t = 90)]
    pub(crate) seconds: u64,
}

pub(crate) async fn run(addr: &ServerAddr, wanted: Watchers) -> Result<(), Anyhow> {
    let first = Platform::new(addr.clone());
    first.one_run().await?;
    let run = first.run_with_waiting_root().await?;
    let (mut clients, mut of_run, mut of_project) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..wanted.watchers {
        if index % PER_CONNECTION == 0 {
            clients.push(Platform::new(addr.clone()));
        }
        let client = &clients[index / PER_CONNECTION];
        if index % 2 == 0 {
            of_run.push(client.watch_actions(&run).await?);
        } else {
            of_project.push(client.watch_runs().await?);
        }
    }
    let settings = json!({ "watchers": wanted.watchers, "connections": clients.len() });
    let figures = Figures { bench: "idle", settings };
    #[expect(clippy::cast_precision_loss, reason = "a count of streams")]
    figures.print("watches open", (of_run.len() + of_project.len()) as f64, "streams");
    tokio::time::sleep(Duration::from_secs(wanted.seconds)).await;
    first.abort(&run).await
}
