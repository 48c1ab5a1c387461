//! The repository's own commands: `cargo xtask help` lists them.
//!
//! Decides nothing about the product. What is checked or measured here is the repository and the built binary, from
//! outside; no crate of the workspace is linked in, so that `cargo xtask tidy` builds in seconds.

mod bench;
mod repository;
mod rpc_coverage;
mod tidy;
mod vectors;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
usage: cargo xtask <command>

  tidy                              check the repository's own rules
  rpc-coverage [--check FILE]       which RPCs of flyteidl2 the binary serves; --check fails when FILE's count is stale
  bench [NAME…] [--json] [--quick]  measure a release build: startup, latency, control-plane
  vectors FILE                      run golden vectors of the stock client against the type engine
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    match command.as_str() {
        "tidy" => tidy::run(rest),
        "rpc-coverage" => rpc_coverage::run(rest),
        "bench" => bench::run(rest),
        "vectors" => vectors::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        unknown => bail!("there is no command `{unknown}`; `cargo xtask help` lists them"),
    }
}
