//! Chains and fan-outs of no-op tasks with the stock client: what a step costs its user, per isolation.
//!
//! The client is `bench/steps.py`, which needs an environment with the package `flyte`: `.venv` of this repository
//! (`make .venv/.test`), or the interpreter that `WINGBEAT_PYTHON` names.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Effort;
use super::figure::Figure;
use super::load::{data_folder, for_each_figure};
use super::platform::{Platform, Programs};
use crate::repository;

/// Isolation of the server, and what is measured with it.
const CHAINS: [(&str, &str); 3] =
    [("process", "task"), ("warm", "task,heavy,many"), ("reuse", "reused,trace,crowd,rust")];

pub(crate) fn run(programs: &Programs, effort: Effort) -> Result<Vec<Figure>> {
    let python = python()?;
    let (steps, children) = match effort {
        Effort::Full => ("40", "1000"),
        Effort::Quick => ("5", "20"),
    };
    let client = || {
        let mut client = Command::new(&python);
        client.arg(repository::root().join("bench/steps.py")).args([
            "--steps",
            steps,
            "--children",
            children,
        ]);
        client
    };
    let mut figures = Vec::new();
    let mut by_hand = client();
    by_hand.args(["--kinds", "hand"]);
    figures.extend(figures_of(by_hand)?);
    // Removed together at the end: some file systems are slow for minutes after many files went.
    let mut folders = Vec::new();
    for (isolation, kinds) in CHAINS {
        let data = data_folder()?;
        let python = python.to_string_lossy();
        let options = ["--executor", "process", "--isolation", isolation, "--python", &*python];
        let platform = Platform::start_with(programs, data.path(), &options)?;
        let endpoint = platform.address.trim_start_matches("http://").replace("127.0.0.1", "localhost");
        let mut client = client();
        client.args(["--endpoint", &endpoint, "--isolation", isolation, "--kinds", kinds]);
        client.arg("--load").arg(&programs.load);
        figures.extend(figures_of(client)?);
        folders.push(data);
    }
    Ok(figures)
}

fn figures_of(program: Command) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for_each_figure(program, |figure| {
        figures.push(figure);
        Ok(())
    })?;
    Ok(figures)
}

fn python() -> Result<OsString> {
    if let Some(named) = std::env::var_os("WINGBEAT_PYTHON") {
        return Ok(named);
    }
    let own = repository::root().join(".venv/bin/python");
    ensure!(
        own.exists(),
        "there is no .venv with `flyte` here: run `make .venv/.test`, or set WINGBEAT_PYTHON"
    );
    Ok(own.into_os_string())
}
