//! Time to the ready line, and what an idle platform costs.

use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use super::Effort;
use super::figure::{Figure, min_and_median};
use super::load::data_folder;
use super::platform::{Platform, Programs};
use super::process::{Usage, usage_of_tree};

/// First connections and the executor's registration are over by then.
const SETTLE: Duration = Duration::from_secs(3);

pub(crate) fn run(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let (n_starts, watch) = match effort {
        Effort::Full => (11, Duration::from_mins(1)),
        Effort::Quick => (3, Duration::from_secs(5)),
    };
    let mut figures = ready_times(programs, n_starts)?;
    figures.extend(idle(programs, watch)?);
    Ok(figures)
}

fn ready_times(programs: &Programs, n_starts: usize) -> Result<Vec<Figure>> {
    let existing = data_folder()?;
    drop(Platform::start(programs, existing.path(), "process")?);
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..n_starts {
        let fresh = data_folder()?;
        cold.push(ready_after(programs, fresh.path())?);
        warm.push(ready_after(programs, existing.path())?);
    }
    let figures = [("cold", &cold), ("existing", &warm)].into_iter().flat_map(|(data, samples)| {
        let (min, median) = min_and_median(samples);
        [("ready min", min), ("ready median", median)].map(|(measure, value)| {
            Figure::new(measure, value, "ms").with("data", data).with("starts", n_starts)
        })
    });
    Ok(figures.collect())
}

fn ready_after(programs: &Programs, data: &Path) -> Result<f64> {
    let platform = Platform::start(programs, data, "process")?;
    Ok(platform.ready_after.as_secs_f64() * 1_000.0)
}

fn idle(programs: &Programs, watch: Duration) -> Result<Vec<Figure>> {
    let data = data_folder()?;
    let platform = Platform::start(programs, data.path(), "process")?;
    std::thread::sleep(SETTLE);
    let started_at = SystemTime::now();
    let before = usage_of_tree(platform.pid())?;
    std::thread::sleep(watch);
    let after = usage_of_tree(platform.pid())?;
    let n_touched = files_changed_since(data.path(), started_at)?;
    Ok(idle_figures(before, after, n_touched, watch))
}

pub(super) fn idle_figures(before: Usage, after: Usage, n_touched: u32, watch: Duration) -> Vec<Figure> {
    let per_minute = |count: u64| as_f64(count) * 60.0 / watch.as_secs_f64();
    let watched = watch.as_secs();
    let memory = |measure, kib: u64| {
        Figure::new(measure, as_f64(kib) / 1024.0, "MiB").with("processes", after.n_processes)
    };
    let rate = |measure, count, unit| Figure::new(measure, per_minute(count), unit).with("seconds", watched);
    vec![
        memory("idle memory PSS", after.pss_kib),
        memory("idle memory RSS", after.rss_kib),
        rate("idle writes to disk", after.written_bytes - before.written_bytes, "bytes/min"),
        rate("idle files changed", u64::from(n_touched), "files/min"),
        rate("idle write calls", after.write_calls - before.write_calls, "calls/min"),
        rate("idle cpu", after.cpu_ticks - before.cpu_ticks, "ticks/min"),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counters of one minute are far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

pub(super) fn files_changed_since(folder: &Path, since: SystemTime) -> Result<u32> {
    let mut n_changed = 0;
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.context("could not list the data folder")?;
        let metadata = entry.metadata().context("could not look at the data folder")?;
        if metadata.is_dir() {
            n_changed += files_changed_since(&entry.path(), since)?;
        } else if metadata.modified().is_ok_and(|modified| modified > since) {
            n_changed += 1;
        }
    }
    Ok(n_changed)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Usage, data_folder, files_changed_since, idle_figures};

    #[test]
    fn counters_become_rates_per_minute() {
        let before = Usage { written_bytes: 100, ..Usage::default() };
        let after = Usage { written_bytes: 400, pss_kib: 2048, n_processes: 2, ..Usage::default() };
        let figures = idle_figures(before, after, 1, Duration::from_secs(20));
        let value = |measure: &str| figures.iter().find(|f| f.measure == measure).map(|f| f.value);
        assert_eq!(value("idle writes to disk"), Some(900.0));
        assert_eq!(value("idle files changed"), Some(3.0));
        assert_eq!(value("idle memory PSS"), Some(2.0));
    }

    #[test]
    fn changed_files_are_counted_in_folders_too() {
        let data = data_folder().expect("a temporary folder");
        let since = SystemTime::now() - Duration::from_secs(5);
        std::fs::create_dir(data.path().join("inner")).expect("a folder");
        std::fs::write(data.path().join("inner/a"), "x").expect("a file");
        assert_eq!(files_changed_since(data.path(), since).ok(), Some(1));
        let later = SystemTime::now() + Duration::from_secs(5);
        assert_eq!(files_changed_since(data.path(), later).ok(), Some(0));
    }
}
