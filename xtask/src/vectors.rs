//! Runs golden vectors: builds the program that does, which is no part of this one so that this one builds in seconds,
//! and hands it the file.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::repository;

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let [file] = arguments else { bail!("usage: cargo xtask vectors FILE") };
    // All members are chosen: with fewer, features would differ and the API would be compiled again.
    let built = Command::new(env!("CARGO"))
        .current_dir(repository::root())
        .args(["build", "--quiet", "--workspace", "--bins", "--examples"])
        .status()
        .context("cannot start cargo")?;
    if !built.success() {
        bail!("the program that runs vectors does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| repository::root().join("target"));
    let program = target.join("debug").join("wingbeat-vectors");
    let ended = Command::new(&program)
        .arg(file)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
