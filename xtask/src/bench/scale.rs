//! One large run, and many watchers: memory of the server beside what the load program measures.

use std::time::{Duration, SystemTime};

use anyhow::Result;

use super::Effort;
use super::figure::Figure;
use super::load::{data_folder, run_load};
use super::platform::{Platform, Programs};
use super::process::{Memory, memory_of, usage_of_tree};
use super::startup::{files_changed_since, idle_figures};

/// Memory has settled by then; the load program waits longer.
const SETTLE: Duration = Duration::from_millis(500);

/// Questions about a run of many live actions, its end, and a larger one that runs through.
pub(crate) fn scale(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let count = |name: &str, usual: usize| {
        let quick = if effort == Effort::Quick { 1_000 } else { usual };
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(quick)
    };
    let (live, through) = (count("WINGBEAT_BENCH_LIVE", 100_000), count("WINGBEAT_BENCH_ACTIONS", 1_000_000));
    let mut figures = large_run(programs, live)?;
    figures.extend(through_run(programs, through)?);
    Ok(figures)
}

fn large_run(programs: &Programs, live: usize) -> Result<Vec<Figure>> {
    let data = data_folder()?;
    let platform = Platform::start(programs, data.path(), "simulated")?;
    let (mut empty, mut full) = (0, 0);
    let mut figures = run_load(programs, &platform, &["scale", "--live", &live.to_string()], |figure| {
        let moment = figure.measure.as_str();
        if !matches!(moment, "ready" | "live: enqueued" | "live: asked" | "aborted") {
            return Ok(Vec::new());
        }
        std::thread::sleep(SETTLE);
        let memory = memory_of(platform.pid())?;
        match moment {
            "ready" => empty = memory.now_kib,
            "live: enqueued" => full = memory.now_kib,
            _ => (),
        }
        Ok(memory_figures(moment, memory).into())
    })?;
    figures.push(
        Figure::new("memory per 100,000 live", per_hundred_thousand(full.saturating_sub(empty), live), "MiB")
            .with("live", live),
    );
    Ok(figures)
}

fn through_run(programs: &Programs, actions: usize) -> Result<Vec<Figure>> {
    let data = data_folder()?;
    let platform = Platform::start(programs, data.path(), "simulated")?;
    let scenario = ["fan-out", "--concurrency", "256", "--children", &actions.to_string()];
    let mut seen = false;
    run_load(programs, &platform, &scenario, |_| {
        if std::mem::replace(&mut seen, true) {
            return Ok(Vec::new());
        }
        Ok(memory_figures("run through", memory_of(platform.pid())?).into())
    })
}

fn memory_figures(moment: &str, memory: Memory) -> [Figure; 2] {
    let mebibytes = |kib: u64| mebibytes(kib);
    [
        Figure::new("server memory", mebibytes(memory.now_kib), "MiB").with("when", moment),
        Figure::new("server memory, most so far", mebibytes(memory.most_kib), "MiB").with("when", moment),
    ]
}

/// Watchers of a run and of all runs while nothing happens.
pub(crate) fn idle(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let (watchers, watch) = match effort {
        Effort::Full => ("1000", Duration::from_mins(1)),
        Effort::Quick => ("20", Duration::from_secs(5)),
    };
    let data = data_folder()?;
    let platform = Platform::start(programs, data.path(), "simulated")?;
    // Held open for longer than is looked at.
    let held = (watch + Duration::from_secs(10)).as_secs().to_string();
    run_load(programs, &platform, &["watchers", "--watchers", watchers, "--seconds", &held], |_| {
        std::thread::sleep(SETTLE * 6);
        let started_at = SystemTime::now();
        let before = usage_of_tree(platform.pid())?;
        std::thread::sleep(watch);
        let after = usage_of_tree(platform.pid())?;
        let n_touched = files_changed_since(data.path(), started_at)?;
        let figures = idle_figures(before, after, n_touched, watch);
        Ok(figures.into_iter().map(|figure| figure.with("watchers", watchers)).collect())
    })
}

#[expect(clippy::cast_precision_loss, reason = "sizes of a process are far below 2^52")]
fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of actions are far below 2^52")]
fn per_hundred_thousand(kib: u64, live: usize) -> f64 {
    mebibytes(kib) * 100_000.0 / live as f64
}

#[cfg(test)]
mod tests {
    use super::per_hundred_thousand;

    #[test]
    fn memory_is_told_for_a_hundred_thousand() {
        assert!((per_hundred_thousand(2_048, 1_000) - 200.0).abs() < 1e-9);
    }
}
