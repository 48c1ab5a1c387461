//! One large run: how fast it is enqueued, what questions about it cost, and how long its end takes.

use std::future::Future;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::fan_out;
use crate::figures::Figures;
use crate::platform::{Anyhow, Platform, Run};

/// How large.
#[derive(Args, Clone, Copy)]
pub(crate) struct Size {
    /// Actions that are alive at once.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) live: usize,
    /// Calls in flight.
    #[arg(long, default_value_t = 256)]
    pub(crate) concurrency: usize,
    /// How often each question is asked.
    #[arg(long, default_value_t = 20)]
    pub(crate) repeat: usize,
}

/// Whoever samples the server's memory after a figure has this long for it.
const SAMPLED_WITHIN: Duration = Duration::from_secs(2);

pub(crate) async fn run(platform: &Platform, size: Size) -> Result<(), Anyhow> {
    let settings = json!({ "live": size.live, "concurrency": size.concurrency });
    let figures = Figures { bench: "scale", settings };
    platform.one_run().await?;
    figures.print("ready", 0.0, "actions");
    tokio::time::sleep(SAMPLED_WITHIN).await;

    let run = platform.run_with_waiting_root().await?;
    let started = Instant::now();
    fan_out::enqueue_staying(platform, &run, size.live, size.concurrency).await?;
    figures.rate("live: enqueued", size.live, started.elapsed());
    tokio::time::sleep(SAMPLED_WITHIN).await;

    questions(platform, &run, &figures, size.repeat).await?;
    figures.print("live: asked", 0.0, "actions");
    tokio::time::sleep(SAMPLED_WITHIN).await;

    let started = Instant::now();
    let mut watch = platform.watch_children(&run).await?;
    platform.abort(&run).await?;
    let mut n_left = size.live;
    let mut small = Vec::new();
    let other = Platform::new(platform.addr());
    let last = async {
        while n_left > 0 {
            n_left -= usize::from(watch.next_terminal().await?.is_some());
        }
        Ok::<_, Anyhow>(())
    };
    let mut last = std::pin::pin!(last);
    loop {
        let created = Instant::now();
        let beside = std::pin::pin!(other.one_run());
        match futures::future::select(beside, &mut last).await {
            futures::future::Either::Left((ended, _)) => {
                ended?;
                small.push(created.elapsed());
            }
            futures::future::Either::Right((ended, _)) => {
                ended?;
                break;
            }
        }
    }
    figures.rate("aborted", size.live, started.elapsed());
    figures.percentiles("small run beside the abort", &mut small);
    tokio::time::sleep(SAMPLED_WITHIN).await;
    questions(platform, &run, &Figures { bench: "scale-ended", ..figures }, size.repeat).await
}

/// What people and consoles ask about a run.
async fn questions(platform: &Platform, run: &Run, figures: &Figures, repeat: usize) -> Result<(), Anyhow> {
    asked(figures, "ListActions first page", repeat, || platform.list_actions(run, "", &[])).await?;
    let third = {
        let second = platform.list_actions(run, "", &[]).await?;
        platform.list_actions(run, &second, &[]).await?
    };
    asked(figures, "ListActions later page", repeat, || platform.list_actions(run, &third, &[])).await?;
    for (name, phase) in [("queued", "1"), ("running", "4"), ("succeeded", "5"), ("failed", "6")] {
        let measure = format!("ListActions {name}");
        let filter = [("phase", phase)];
        asked(figures, &measure, repeat, || platform.list_actions(run, "", &filter)).await?;
    }
    asked(figures, "ListRuns", repeat, || platform.list_runs()).await?;
    asked(figures, "GetRunDetails", repeat, || platform.run_details(run)).await?;
    asked(figures, "GetActionDetails", repeat, || platform.action_details(run, "c7")).await?;
    asked(figures, "WatchActions first message", repeat, || platform.first_actions(run)).await?;
    asked(figures, "WatchGroups first message", repeat, || platform.first_groups()).await
}

async fn asked<T, F>(
    figures: &Figures,
    measure: &str,
    repeat: usize,
    ask: impl Fn() -> F,
) -> Result<(), Anyhow>
where
    F: Future<Output = Result<T, Anyhow>>,
{
    let mut samples = Vec::with_capacity(repeat);
    for _ in 0..repeat {
        let started = Instant::now();
        ask().await?;
        samples.push(started.elapsed());
    }
    figures.percentiles(measure, &mut samples);
    Ok(())
}
