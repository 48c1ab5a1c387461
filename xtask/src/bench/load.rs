//! Drives the load program of `wingbeat-client` against a platform with the simulated executor, so that the server is
//! what is measured: no process is started for an attempt.
//!
//! The load program prints one JSON object a line, `{"bench","measure","value","unit","settings"}`; its `bench` is our
//! scenario.

use std::path::Path;
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

/// Enqueue to terminal: one run of many children, then many runs of one action each.
pub(crate) fn control_plane(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let (children, runs) = match effort {
        Effort::Full => ("10000", "1000"),
        Effort::Quick => ("500", "50"),
    };
    let mut figures = measure(programs, &["fan-out", "--children", children])?;
    figures.extend(measure(programs, &["runs", "--runs", runs])?);
    Ok(figures)
}

/// A platform of its own for each scenario: the one before leaves nothing behind.
fn measure(programs: &Programs, scenario: &[&str]) -> Result<Vec<Figure>> {
    let data = tempfile::Builder::new()
        .prefix("wingbeat-bench.")
        .tempdir()
        .context("could not make a data folder")?;
    let platform = Platform::start(&programs.wingbeat, data.path(), "simulated")?;
    run_load(&programs.load, &platform.address, scenario)
}

fn run_load(load: &Path, address: &str, scenario: &[&str]) -> Result<Vec<Figure>> {
    let output = Command::new(load)
        .args(["--endpoint", address])
        .args(scenario)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not run {}", load.display()))?;
    ensure!(output.status.success(), "the load program failed at {}", scenario.join(" "));
    let printed =
        String::from_utf8(output.stdout).context("the load program wrote text that is not UTF-8")?;
    let name = scenario.first().copied();
    let parsed = printed.lines().map(|line| Ok(parse(line)?.with("scenario", name)));
    let figures: Vec<Figure> = parsed.collect::<Result<_>>()?;
    ensure!(!figures.is_empty(), "the load program printed no figure at {}", scenario.join(" "));
    Ok(figures)
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
    read().with_context(|| format!("the load program printed `{line}`, which is no figure"))
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
