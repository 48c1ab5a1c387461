//! Measures what a call of a task costs in a local run: ten thousand tasks that do nothing, one after the other and as
//! a map. Prints one line of JSON; `bench/rust_tasks.py` calls it.

use std::time::Instant;

use wingbeat::local::{self, LocalSettings};
use wingbeat::{Environment, Result, task};

static ENV: Environment = Environment::new("noops");
const CALLS: i64 = 10_000;

/// Does nothing.
#[task(env = ENV)]
async fn noop(x: i64) -> i64 {
    x
}

async fn measure() -> Result<(f64, f64)> {
    // The first calls make what later ones use.
    for x in 0..100 {
        noop(x).await?;
    }
    let begin = Instant::now();
    for x in 0..CALLS {
        noop(x).await?;
    }
    let sequential = begin.elapsed();
    let begin = Instant::now();
    let results = wingbeat::map(noop, 0..CALLS).concurrency(64).await?;
    let mapped = begin.elapsed();
    assert_eq!(results.len(), 10_000);
    let each = |total: std::time::Duration| total.as_secs_f64() * 1e6 / 1e4;
    Ok((each(sequential), each(mapped)))
}

fn main() -> Result<()> {
    let runtime = tokio_runtime();
    let outcome = runtime.block_on(local::scope(LocalSettings::default(), measure()));
    let (sequential, mapped) = outcome.result??;
    println!(
        r#"{{"calls": {CALLS}, "microseconds_each": {sequential:.2}, "microseconds_each_mapped": {mapped:.2}}}"#
    );
    Ok(())
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be made")
}
