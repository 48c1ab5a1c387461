//! `wingbeat up`: the whole platform from one command. It checks the settings, takes the data folder,
//! starts the server in this process and the executor as another one, and stops both when asked.
//!
//! When this process is killed, the executor and its tasks stay: the next `up` takes them over.

pub(crate) mod config;
pub(crate) mod config_file;
pub(crate) mod data_folder;
pub(crate) mod executor_keeper;
mod greeting;
mod object_store;
pub(crate) mod origin;
mod server;

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use wingbeat_client::Surroundings;

use self::config::UpConfig;
use self::data_folder::DataFolder;
use self::executor_keeper::{ExecutorKeeper, Stopped};
use self::server::Server;
use crate::arguments::UpArguments;
use crate::failure::Failure;
use crate::output;

/// Signals this close to each other are one wish.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// Runs the platform until somebody stops it.
pub(crate) fn run(arguments: &UpArguments, around: &Surroundings) -> Result<(), Failure> {
    let config = UpConfig::resolve(arguments, around)?;
    let folder = DataFolder::take(&config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error.to_string()))?;
    runtime.block_on(serve(&config, &folder, around))
}

async fn serve(config: &UpConfig, folder: &DataFolder, around: &Surroundings) -> Result<(), Failure> {
    // Before anything is started, so that a signal never finds us unprepared.
    let mut signals = StopSignals::listen()?;
    let server = Server::start(config, folder, around).await?;
    folder.keep_address(server.addr())?;
    for line in greeting::lines(server.addr(), folder.path(), around) {
        say(&line);
    }
    if let Some(address) = server.executor_addr() {
        say(&format!(
            "executors on other machines: https://{address}, with a token of `wingbeat executor token create`"
        ));
    }
    let mut keeper = ExecutorKeeper::new(config);
    let why = tokio::select! {
        name = signals.next() => name,
        () = keeper.run(), if !config.no_executor => "the executor's keeper ended",
        () = server.failed() => "a part of the server broke; see its log, and start it again",
    };
    say(&format!("Stopping ({why}): first the executor with its tasks, then the server."));
    let stop = async {
        // The executor first: its last reports are still taken.
        let stopped = keeper.stop().await;
        server.stop().await;
        stopped
    };
    let stopped = tokio::select! {
        stopped = stop => stopped,
        name = signals.again() => {
            return Err(Failure::new(format!("stopped at once ({name} again)"))
                .because("the executor and its tasks may still be stopping")
                .advise("the next `wingbeat up` on this data folder takes over what is left"));
        }
    };
    match stopped {
        Stopped::Cleanly => say("Stopped: no server, executor or task of this data folder is running."),
        Stopped::Killed => say(
            "Stopped, but the executor did not end in time and was killed; the next `wingbeat up` ends what it left.",
        ),
    }
    Ok(())
}

/// A terminal that was closed is no reason to stop working.
fn say(text: &str) {
    let _ = output::line(text);
}

/// The signals that mean "stop".
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind)
                .map_err(|error| Failure::new("could not listen for signals").because(error.to_string()))
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// A signal that is meant to be a second one: wrappers pass on what the terminal has sent already.
    async fn again(&mut self) -> &'static str {
        let first = Instant::now();
        loop {
            let name = self.next().await;
            if first.elapsed() > SAME_SIGNAL {
                return name;
            }
        }
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupted",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "the terminal was closed",
        }
    }
}
