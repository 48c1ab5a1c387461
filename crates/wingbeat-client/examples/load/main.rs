//! Puts load on a platform with the simulated executor and prints what it took, one JSON object a line:
//! `{"bench","measure","value","unit","settings"}`.
//!
//! It uses only what any client could: `CreateRun`, `Enqueue` and the watches. It must never look into
//! the platform's files; inputs of real children it stores as their parent would.

mod fan_out;
mod figures;
mod instant;
mod platform;
mod questions;
mod scale;
mod watchers;

use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use fan_out::Shape;
use figures::Figures;
use futures::{StreamExt, TryStreamExt, stream};
use instant::Instant as InstantBackend;
use platform::{Anyhow, Platform};
use scale::Size;
use serde_json::json;
use watchers::Watchers;
use wingbeat_client::ServerAddr;
use wingbeat_proto::flyteidl2::workflow::create_run_request::Task;

#[derive(Parser)]
#[command(about = "Load generator: `wingbeat up --executor simulated` is what it is meant for")]
struct Arguments {
    /// The server: host:port, or unix: and a path.
    #[arg(long, env = "WINGBEAT_ENDPOINT", default_value = "localhost:8080")]
    endpoint: String,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand, Clone)]
enum Scenario {
    /// One-task runs, one after another: create to complete.
    Latency {
        #[arg(long, default_value_t = 1000)]
        runs: usize,
    },
    /// Runs whose roots get many children: enqueue to terminal.
    #[command(visible_alias = "children")]
    FanOut(Shape),
    /// One-task runs, one after another, while a run gets many children.
    Fairness(Shape),
    /// One run of many live actions: questions about it, and its end.
    Scale(Size),
    /// Watches that are open while nothing happens.
    Watchers(Watchers),
    /// No load, but a backend for a task that is run by hand: it answers at once and keeps nothing.
    Instant(InstantBackend),
    /// Many one-task runs at once: create to complete.
    Runs {
        #[arg(long, default_value_t = 1000)]
        runs: usize,
        /// Runs in flight.
        #[arg(long, default_value_t = 96)]
        concurrency: usize,
        /// A deployed task without required inputs, `environment.function@version`, instead of a simulated one.
        #[arg(long)]
        task: Option<String>,
    },
}

#[tokio::main]
async fn main() -> Result<(), Anyhow> {
    let arguments = Arguments::parse();
    let platform = Platform::new(ServerAddr::parse(&arguments.endpoint)?);
    match arguments.scenario {
        Scenario::Latency { runs } => latency(&platform, runs).await,
        Scenario::FanOut(shape) => fan_out::run(&platform, &shape).await,
        Scenario::Fairness(shape) => fan_out::fairness(&platform, &shape).await,
        Scenario::Scale(size) => scale::run(&platform, size).await,
        Scenario::Watchers(wanted) => watchers::run(&platform.addr(), wanted).await,
        Scenario::Instant(wanted) => instant::serve(wanted).await,
        Scenario::Runs { runs, concurrency, task } => {
            let task =
                task.map_or_else(|| Ok(platform::simulated(0)), |written| platform::deployed(&written))?;
            many_runs(&platform, task, runs, concurrency).await
        }
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

async fn many_runs(platform: &Platform, task: Task, n_runs: usize, concurrency: usize) -> Result<(), Anyhow> {
    platform.one_run_of(task.clone()).await?;
    let started = Instant::now();
    let mut samples: Vec<Duration> = stream::iter(0..n_runs)
        .map(|_| async {
            let created = Instant::now();
            platform.one_run_of(task.clone()).await?;
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
