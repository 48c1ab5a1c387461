//! The program `wingbeat`. It reads arguments, environment and files once, hands typed settings to
//! the crates that do the work, and turns what went wrong into text and an exit status. It decides
//! nothing about runs.

mod arguments;
mod commands;
mod executor;
mod executor_token;
mod failure;
mod logging;
mod output;
mod rpc_coverage;
mod run;
mod table;
mod up;

use std::process::ExitCode;

use clap::Parser;
use wingbeat_client::Surroundings;

use crate::arguments::{AboutExecutors, Arguments, Command};
use crate::failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let around = surroundings();
    match dispatch(arguments.command, &around) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command, around: &Surroundings) -> Result<(), Failure> {
    let runs_attempts = matches!(&command, Command::Executor(executor) if executor.about.is_none());
    let usual = if runs_attempts { "info" } else { "warn" };
    logging::start(around, usual);
    match command {
        Command::Up(arguments) => up::run(&arguments, around),
        Command::Executor(executor) => match executor.about {
            None => executor::run(&executor.run, around),
            Some(AboutExecutors::Token(token)) => executor_token::run(&token, around),
            Some(AboutExecutors::Drain(drain)) => match &drain.name {
                Some(name) => ask(commands::drain(name, &drain.target, around)),
                None => executor::drain(&drain, around),
            },
        },
        Command::Run(arguments) => run::run(&arguments, around),
        Command::RpcCoverage(arguments) => rpc_coverage::run(&arguments),
        Command::User(command) => ask(commands::run(command, around)),
    }
}

/// Runs a command that talks to a server.
fn ask(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error.to_string()))?;
    runtime.block_on(command)
}

/// The one place that reads the process's environment.
fn surroundings() -> Surroundings {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Surroundings { variables, working_folder: std::env::current_dir().ok(), home: std::env::home_dir() }
}
