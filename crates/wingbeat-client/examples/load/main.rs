//! Puts load on a platform with the simulated executor and prints what it took, one JSON object a line:
//! `{"bench","measure","value","unit","settings"}`.
//!
//! It uses only what any client could: `CreateRun`, `Enqueue` and the watches. It must never look into
//! the platform's files.

mod platform;

use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{Anyhow, Platform};
use serde_json::json;
use wingbeat_client::ServerAddr;

#[derive(Parser)]
#[command(about = "Load generator: `wingbeat up --executor simulated` is what it is meant for")]
struct Arguments {
    /// The server: host:port, or unix: and a path.
    #[arg(long, env = "WINGBEAT_ENDPOINT", default_value = "localhost:8080")]
    endpoint: String,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand, Clone, Copy)]
enum Scenario {
    /// One-task runs, one after another: create to complete.
    Latency {
        #[arg(long, default_value_t = 1000)]
        runs: usize,
    },
    /// One run whose root gets many children: enqueue to terminal.
    #[command(visible_alias = "children")]
    FanOut {
        #[arg(long, default_value_t = 10_000)]
        children: usize,
        /// Calls in flight.
        #[arg(long, default_value_t = 128)]
        concurrency: usize,
    },
    /// Many one-task runs at once: create to complete.
    Runs {
        #[arg(long, default_value_t = 1000)]
        runs: usize,
        /// Runs in flight.
        #[arg(long, default_value_t = 96)]
        concurrency: usize,
    },
}

#[tokio::main]
async fn main() -> Result<(), Anyhow> {
    let arguments = Arguments::parse();
    let platform = Platform::new(ServerAddr::parse(&arguments.endpoint)?);
    match arguments.scenario {
        Scenario::Latency { runs } => latency(&platform, runs).await,
        Scenario::FanOut { children, concurrency } => fan_out(&platform, children, concurrency).await,
        Scenario::Runs { runs, concurrency } => many_runs(&platform, runs, concurrency).await,
    }
}

async fn latency(platform: &Platform, n_runs: usize) -> Result<(), Anyhow> {
    // The first run pays for connections and for the spec's row.
    platform.one_run().await?;
    let mut samples = Vec::with_capacity(n_runs);
    for _ in 0..n_runs {
        let started = Instant::now();
        platform.one_run().await?;
        samples.push(started.elapsed());
    }
    let figures = Figures { bench: "latency", settings: json!({ "runs": n_runs }) };
    figures.percentiles("create to complete", &mut samples);
    Ok(())
}

async fn many_runs(platform: &Platform, n_runs: usize, concurrency: usize) -> Result<(), Anyhow> {
    platform.one_run().await?;
    let started = Instant::now();
    let mut samples: Vec<Duration> = stream::iter(0..n_runs)
        .map(|_| async {
            let created = Instant::now();
            platform.one_run().await?;
            Ok::<_, Anyhow>(created.elapsed())
        })
        .buffer_unordered(concurrency)
        .try_collect()
        .await?;
    let settings = json!({ "runs": n_runs, "concurrency": concurrency });
    let figures = Figures { bench: "runs", settings };
    figures.rate("runs to terminal", n_runs, started.elapsed());
    figures.percentiles("create to complete", &mut samples);
    Ok(())
}

async fn fan_out(platform: &Platform, n_children: usize, concurrency: usize) -> Result<(), Anyhow> {
    let run = platform.run_with_waiting_root().await?;
    let mut watch = platform.watch_children(&run).await?;
    let started = Instant::now();
    let enqueue = stream::iter(0..n_children)
        .map(|index| {
            let run = &run;
            async move {
                let sent = Instant::now();
                platform.enqueue(run, &child_name(index)).await?;
                Ok::<_, Anyhow>((sent.elapsed(), sent))
            }
        })
        .buffered(concurrency)
        .try_collect::<Vec<_>>();
    let finish = async {
        let mut ended = vec![None; n_children];
        let mut n_left = n_children;
        while n_left > 0 {
            let Some(index) = watch.next_terminal().await?.as_deref().and_then(child_index) else { continue };
            if ended.get(index).is_some_and(Option::is_none) {
                ended[index] = Some(Instant::now());
                n_left -= 1;
            }
        }
        Ok::<_, Anyhow>(ended)
    };
    let (enqueued, ended) = futures::try_join!(enqueue, finish)?;
    let took = started.elapsed();
    platform.abort(&run).await?;

    let settings = json!({ "children": n_children, "concurrency": concurrency });
    let figures = Figures { bench: "fan-out", settings };
    figures.rate("actions to terminal", n_children, took);
    let mut calls: Vec<_> = enqueued.iter().map(|(call, _)| *call).collect();
    figures.percentiles("enqueue call", &mut calls);
    let mut lives: Vec<_> = enqueued
        .iter()
        .zip(&ended)
        .filter_map(|((_, sent), ended)| ended.map(|ended| ended.saturating_duration_since(*sent)))
        .collect();
    figures.percentiles("enqueue to terminal", &mut lives);
    Ok(())
}

fn child_name(index: usize) -> String {
    format!("c{index}")
}

fn child_index(name: &str) -> Option<usize> {
    name.strip_prefix('c')?.parse().ok()
}

struct Figures {
    bench: &'static str,
    settings: serde_json::Value,
}

impl Figures {
    fn print(&self, measure: &str, value: f64, unit: &str) {
        let Self { bench, settings } = self;
        let value = (value * 1000.0).round() / 1000.0;
        let line =
            json!({ "bench": bench, "measure": measure, "value": value, "unit": unit, "settings": settings });
        println!("{line}");
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn rate(&self, measure: &str, count: usize, took: Duration) {
        self.print(measure, count as f64 / took.as_secs_f64(), "1/s");
    }

    fn percentiles(&self, measure: &str, samples: &mut [Duration]) {
        samples.sort_unstable();
        for (name, per_mille) in [("p50", 500), ("p99", 990)] {
            let ix = (samples.len() * per_mille / 1000).min(samples.len().saturating_sub(1));
            let Some(sample) = samples.get(ix) else { return };
            self.print(&format!("{measure} {name}"), sample.as_secs_f64() * 1000.0, "ms");
        }
    }
}
