//! Drives the load program of `wingbeat-client` against a platform with the simulated executor, so that the server is
//! what is measured: no process is started for an attempt.
//!
//! The load program prints one JSON object a line, `{"bench","measure","value","unit","settings"}`; its `bench` is our
//! scenario.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Effort;
use super::figure::Figure;
use super::platform::{Platform, Programs};

/// Create to complete of a one-task run, one after another.
pub(crate) fn latency(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let runs = match effort {
        Effort::Full => "1000",
        Effort::Quick => "50",
    };
    measure(programs, &["latency", "--runs", runs])
}

/// Enqueue to terminal: one run of many children, many runs of some, many runs of one action each; then latencies at
/// half of what the first could do.
pub(crate) fn control_plane(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let (children, runs, each) = match effort {
        Effort::Full => ("10000", "1000", "100"),
        Effort::Quick => ("500", "50", "10"),
    };
    let mut figures = measure(programs, &["fan-out", "--children", children])?;
    let rate = throughput(&figures)?;
    figures.extend(measure(programs, &["fan-out", "--runs", each, "--children", each])?);
    figures.extend(measure(programs, &["runs", "--runs", runs])?);
    let half = format!("{:.0}", rate / 2.0);
    let paced = ["fan-out", "--children", children, "--concurrency", "1024", "--rate", &half];
    figures.extend(measure(programs, &paced)?);
    Ok(figures)
}

fn throughput(figures: &[Figure]) -> Result<f64> {
    let rate = figures.iter().find(|figure| figure.unit == "1/s").map(|figure| figure.value);
    rate.context("the load program printed no rate")
}

/// One-task runs, one after another, while a run gets many children.
pub(crate) fn fairness(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let (children, concurrency) = match effort {
        Effort::Full => ("100000", "2048"),
        Effort::Quick => ("2000", "256"),
    };
    measure(programs, &["fairness", "--children", children, "--concurrency", concurrency])
}

/// A platform of its own for each scenario: the one before leaves nothing behind.
fn measure(programs: &Programs, scenario: &[&str]) -> Result<Vec<Figure>> {
    let data = data_folder()?;
    let platform = Platform::start(programs, data.path(), "simulated")?;
    run_load(programs, &platform, scenario, |_| Ok(Vec::new()))
}

pub(crate) fn data_folder() -> Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("wingbeat-bench.").tempdir().context("could not make a data folder")
}

/// Runs a scenario to its end. `beside` looks at the platform when a figure has come, and may add figures.
pub(crate) fn run_load(
    programs: &Programs,
    platform: &Platform,
    scenario: &[&str],
    mut beside: impl FnMut(&Figure) -> Result<Vec<Figure>>,
) -> Result<Vec<Figure>> {
    let mut load = Command::new(&programs.load);
    load.args(["--endpoint", &platform.address]).args(scenario);
    let name = scenario.first().copied();
    let mut figures = Vec::new();
    for_each_figure(load, |figure| {
        let figure = figure.with("scenario", name);
        let seen = beside(&figure)?;
        figures.push(figure);
        figures.extend(seen);
        Ok(())
    })?;
    Ok(figures)
}

/// Runs a program that prints a figure a line, and hands them on as they come.
pub(crate) fn for_each_figure(
    mut program: Command,
    mut take: impl FnMut(Figure) -> Result<()>,
) -> Result<()> {
    let shown = format!("{program:?}");
    let spawned = program.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.with_context(|| format!("could not run {shown}"))?;
    let lines = BufReader::new(child.stdout.take().context("stdout was not piped")?).lines();
    let mut any = false;
    for line in lines {
        let line = line.with_context(|| format!("{shown} wrote text that is not UTF-8"))?;
        take(parse(&line)?)?;
        any = true;
    }
    let status = child.wait().with_context(|| format!("{shown} was lost"))?;
    ensure!(status.success(), "{shown} failed");
    ensure!(any, "{shown} printed no figure");
    Ok(())
}

fn parse(line: &str) -> Result<Figure> {
    let read = || {
        let figure: Value = serde_json::from_str(line).ok()?;
        Some(Figure {
            measure: figure["measure"].as_str()?.to_owned(),
            value: figure["value"].as_f64()?,
            unit: figure["unit"].as_str()?.to_owned(),
            settings: figure["settings"].as_object().cloned().unwrap_or_default(),
        })
    };
    read().with_context(|| format!("`{line}` was printed, which is no figure"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_line_of_the_load_program_becomes_a_figure() {
        let line =
            r#"{"measure":"throughput","value":2100,"unit":"actions/s","settings":{"children":10000}}"#;
        let figure = parse(line).expect("the sample is well formed");
        assert!(
            figure.json("control-plane").starts_with(r#"{"bench":"control-plane","measure":"throughput""#)
        );
        assert!(parse("starting").is_err());
    }
}
