//! Benchmarks of a release build, from outside: what is measured is what a user would see.
//!
//! What each one does, and what its figures mean, is in `bench/README.md`.

mod figure;
mod load;
mod platform;
mod process;
mod scale;
mod startup;
mod steps;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use figure::Figure;
use platform::{Database, Programs};

type Benchmark = fn(&Programs, Effort) -> Result<Vec<Figure>>;

const BENCHMARKS: [(&str, Benchmark); 7] = [
    ("startup", startup::run),
    ("latency", load::latency),
    ("control-plane", load::control_plane),
    ("fairness", load::fairness),
    ("idle", scale::idle),
    ("scale", scale::scale),
    ("steps", steps::run),
];

/// How much is done before a figure is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    Full,
    /// Shows that the benchmark works; the figures are noisy.
    Quick,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Table,
    JsonLines,
}

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let mut chosen: Vec<(&str, Benchmark)> = Vec::new();
    let (mut output, mut effort) = (Output::Table, Effort::Full);
    let mut database = None;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--database" => {
                let address = arguments.next().context("--database needs the address of a database")?;
                database = Some(Database::at(address.clone())?);
            }
            "--json" => output = Output::JsonLines,
            "--quick" => effort = Effort::Quick,
            name => chosen.push(find(name)?),
        }
    }
    if chosen.is_empty() {
        chosen.extend(BENCHMARKS);
    }
    let programs = Programs::build(database)?;
    for (name, benchmark) in chosen {
        for figure in benchmark(&programs, effort)? {
            match output {
                Output::Table => println!("{}", figure.row(name)),
                Output::JsonLines => println!("{}", figure.json(name)),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> Result<(&'static str, Benchmark)> {
    match BENCHMARKS.into_iter().find(|(known, _)| *known == name) {
        Some(found) => Ok(found),
        None => bail!(
            "there is no benchmark `{name}`; there are: {}",
            BENCHMARKS.map(|(known, _)| known).join(", ")
        ),
    }
}
