//! `wingbeat executor`: a process of its own, in a session of its own, so that neither a Ctrl-C in the
//! server's terminal nor the server's death reaches the tasks.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use wingbeat_blob::{S3Address, StoreAddress};
use wingbeat_client::Surroundings;
use wingbeat_executor::{ExecutorConfig, ExecutorError, ExecutorKind, ProcessId};

use crate::arguments::ExecutorArguments;
use crate::failure::Failure;
use crate::up::config;
use crate::up::data_folder::{socket_of, store_of};
use crate::up::executor_keeper::Whoami;

/// Name of the executor beside the server.
const LOCAL: &str = "local";

/// Time between SIGTERM and SIGKILL where an assignment names none.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Runs attempts until it is told to stop, or until its server stays away too long.
pub(crate) fn run(arguments: &ExecutorArguments, around: &Surroundings) -> Result<(), Failure> {
    // It fails only for the leader of a process group, which a shell has made one: fine as well.
    let _ = rustix::process::setsid();
    let config = executor_config(arguments, around)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error.to_string()))?;
    runtime.block_on(async {
        let shutdown = shutdown()?;
        let announce = || say_who_we_are(&arguments.data);
        let ended = wingbeat_executor::run(config, announce, shutdown).await;
        ended.map_err(|error| failure(&arguments.data, &error))
    })
}

fn executor_config(arguments: &ExecutorArguments, around: &Surroundings) -> Result<ExecutorConfig, Failure> {
    let kind = match config::ExecutorKind::parse(&arguments.kind) {
        Some(config::ExecutorKind::Process) => ExecutorKind::Process,
        Some(config::ExecutorKind::Simulated) => ExecutorKind::Simulated,
        None => {
            let what = format!("--kind {}: write process or simulated", arguments.kind);
            return Err(Failure::usage("the executor cannot start").because(what));
        }
    };
    Ok(ExecutorConfig {
        name: LOCAL.to_owned(),
        kind,
        socket: socket_of(&arguments.data),
        data_dir: arguments.data.clone(),
        store: store_address(arguments)?,
        python: arguments.python.clone(),
        slots: arguments.parallelism,
        memory_bytes: None,
        stop_grace: STOP_GRACE,
        pass_env: arguments.pass_env.clone(),
        host_env: around.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    })
}

fn store_address(arguments: &ExecutorArguments) -> Result<StoreAddress, Failure> {
    let Some(text) = &arguments.store else { return Ok(StoreAddress::Local(store_of(&arguments.data))) };
    S3Address::parse(text).map(StoreAddress::S3).map_err(|bad| {
        Failure::usage("the executor cannot start").because(format!("--store {text}: {bad}"))
    })
}

/// So that a later `up` can take this executor over, and stop it.
fn say_who_we_are(data: &Path) -> io::Result<()> {
    let process = ProcessId::own().ok_or_else(|| io::Error::other("/proc does not show this process"))?;
    Whoami { process, arguments: std::env::args().skip(1).collect() }.write(data)
}

/// Resolves when the executor is told to stop.
fn shutdown() -> Result<impl Future<Output = ()>, Failure> {
    let on = |kind| {
        signal(kind).map_err(|error| Failure::new("could not listen for signals").because(error.to_string()))
    };
    let (mut interrupt, mut terminate) = (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn failure(data: &Path, error: &ExecutorError) -> Failure {
    Failure::new(format!("the executor of {} ended", data.display())).caused_by(error)
}
