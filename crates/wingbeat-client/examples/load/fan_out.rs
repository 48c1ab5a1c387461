//! Runs whose roots get many children: enqueue to terminal.

use std::time::{Duration, Instant};

use clap::Args;
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::figures::Figures;
use crate::platform::{Anyhow, ChildTask, Platform, Run, Watch, deployed};

/// How many children, of how many runs, and how fast they come.
#[derive(Args, Clone)]
pub(crate) struct Shape {
    /// Children of each run.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) children: usize,
    /// Runs that get them, in turn.
    #[arg(long, default_value_t = 1)]
    pub(crate) runs: usize,
    /// Calls in flight.
    #[arg(long, default_value_t = 128)]
    pub(crate) concurrency: usize,
    /// Calls per second; as fast as it goes unless set. Latencies then count from when a call was due.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// A deployed task without inputs that children run, `environment.function@version`, instead of a simulated one.
    #[arg(long, requires = "root")]
    pub(crate) task: Option<String>,
    /// A deployed task without inputs that stays as long as its run, for the roots.
    #[arg(long, requires = "task")]
    pub(crate) root: Option<String>,
}

impl Shape {
    fn all(&self) -> usize {
        self.children * self.runs
    }

    fn due(&self, index: usize) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        self.rate.map(|rate| Duration::from_secs_f64(index as f64 / rate))
    }
}

/// When a child was sent and how long the call took.
struct Enqueued {
    sent: Instant,
    call: Duration,
}

/// Enqueues children as `shape` says; `name` of a child is its number.
async fn enqueue(
    platform: &Platform,
    runs: &[Run],
    task: &ChildTask,
    shape: &Shape,
) -> Result<Vec<Enqueued>, Anyhow> {
    let started = Instant::now();
    stream::iter(0..shape.all())
        .map(|index| {
            let run = &runs[index % runs.len()];
            async move {
                let sent = match shape.due(index) {
                    Some(due) => {
                        tokio::time::sleep_until((started + due).into()).await;
                        started + due
                    }
                    None => Instant::now(),
                };
                platform.enqueue(run, &child_name(index), task).await?;
                Ok::<_, Anyhow>(Enqueued { sent, call: sent.elapsed() })
            }
        })
        .buffered(shape.concurrency)
        .try_collect()
        .await
}

/// When each of a run's children ended.
async fn ends(mut watch: Watch, n_children: usize) -> Result<Vec<(usize, Instant)>, Anyhow> {
    let mut ended = Vec::with_capacity(n_children);
    let mut seen = std::collections::HashSet::with_capacity(n_children);
    while ended.len() < n_children {
        let Some(index) = watch.next_terminal().await?.as_deref().and_then(child_index) else { continue };
        if seen.insert(index) {
            ended.push((index, Instant::now()));
        }
    }
    Ok(ended)
}

pub(crate) async fn run(platform: &Platform, shape: &Shape) -> Result<(), Anyhow> {
    let (mut runs, mut watches) = (Vec::new(), Vec::new());
    let task = match &shape.task {
        Some(written) => platform.deployed_child(written).await?,
        None => ChildTask::simulated(0),
    };
    for _ in 0..shape.runs {
        let run = match &shape.root {
            Some(written) => {
                let run = platform.run_with_root(deployed(written)?).await?;
                Platform::store_inputs(&run)?;
                run
            }
            None => platform.run_with_waiting_root().await?,
        };
        watches.push(platform.watch_children(&run).await?);
        runs.push(run);
    }
    let started = Instant::now();
    let finish = try_join_all(watches.into_iter().map(|watch| ends(watch, shape.children)));
    let (enqueued, ended) = futures::try_join!(enqueue(platform, &runs, &task, shape), finish)?;
    let took = started.elapsed();
    for run in &runs {
        platform.abort(run).await?;
    }

    let mut settings =
        json!({ "children": shape.children, "runs": shape.runs, "concurrency": shape.concurrency });
    if let Some(rate) = shape.rate {
        settings["rate"] = json!(rate.round());
    }
    let figures = Figures { bench: "fan-out", settings };
    figures.rate("actions to terminal", shape.all(), took);
    let mut calls: Vec<_> = enqueued.iter().map(|child| child.call).collect();
    figures.percentiles("enqueue call", &mut calls);
    let ended = ended.into_iter().flatten();
    let mut lives: Vec<_> =
        ended.map(|(index, at)| at.saturating_duration_since(enqueued[index].sent)).collect();
    figures.percentiles("enqueue to terminal", &mut lives);
    Ok(())
}

fn child_name(index: usize) -> String {
    format!("c{index}")
}

fn child_index(name: &str) -> Option<usize> {
    name.strip_prefix('c')?.parse().ok()
}

/// Children that stay: none of them ends by itself.
pub(crate) async fn enqueue_staying(
    platform: &Platform,
    run: &Run,
    n_children: usize,
    concurrency: usize,
) -> Result<(), Anyhow> {
    let task = ChildTask::simulated(STAYING_MS);
    stream::iter(0..n_children)
        .map(|index| {
            let task = &task;
            async move { platform.enqueue(run, &child_name(index), task).await }
        })
        .buffer_unordered(concurrency)
        .try_for_each(|()| async { Ok(()) })
        .await
}

/// Longer than any measurement.
const STAYING_MS: u32 = 36_000_000;

/// Small runs while a large one is enqueued and executed: how long they take.
pub(crate) async fn fairness(platform: &Platform, shape: &Shape) -> Result<(), Anyhow> {
    platform.one_run().await?;
    let large = platform.run_with_waiting_root().await?;
    let watch = platform.watch_children(&large).await?;
    let settings = json!({ "children": shape.children, "concurrency": shape.concurrency });
    let figures = Figures { bench: "fairness", settings };
    let (runs, task) = ([large], ChildTask::simulated(0));
    let load =
        async { futures::try_join!(enqueue(platform, &runs, &task, shape), ends(watch, shape.children)) };
    let mut load = std::pin::pin!(load);
    let started = Instant::now();
    let other = Platform::new(platform.addr());
    let mut samples = Vec::new();
    loop {
        let created = Instant::now();
        let small = std::pin::pin!(other.one_run());
        match futures::future::select(small, &mut load).await {
            futures::future::Either::Left((ended, _)) => {
                ended?;
                samples.push(created.elapsed());
            }
            futures::future::Either::Right((ended, _)) => {
                ended?;
                break;
            }
        }
    }
    figures.rate("large run: actions to terminal", shape.children, started.elapsed());
    figures.rate("small runs beside it", samples.len(), started.elapsed());
    figures.percentiles("small run beside it", &mut samples);
    platform.abort(&runs[0]).await
}
