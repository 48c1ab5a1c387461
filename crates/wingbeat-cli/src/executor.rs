//! `wingbeat executor`: a process of its own, in a session of its own, so that neither a Ctrl-C in the
//! server's terminal nor the server's death reaches the tasks.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use wingbeat_blob::{S3Address, StoreAddress};
use wingbeat_client::Surroundings;
use wingbeat_executor::{
    ExecutorConfig, ExecutorError, ExecutorKind, Isolation, JoinConfig, ProcessId, ServerPlace,
};
use wingbeat_model::JoinToken;

use crate::arguments::{Drain, ExecutorArguments};
use crate::failure::Failure;
use crate::output;
use crate::up::config;
use crate::up::data_folder::{make, refuse_too_long, socket_of, store_of};
use crate::up::executor_keeper::{Whoami, find_running};

/// Name of the executor beside the server.
const LOCAL: &str = "local";

/// The signal that means: take nothing new, and end when everything has ended.
const DRAIN: Signal = Signal::USR1;

/// Time between SIGTERM and SIGKILL where an assignment names none.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Runs attempts until it is told to stop, or until its server stays away too long.
pub(crate) fn run(arguments: &ExecutorArguments, around: &Surroundings) -> Result<(), Failure> {
    // It fails only for the leader of a process group, which a shell has made one: fine as well.
    let _ = rustix::process::setsid();
    let config = executor_config(arguments, around)?;
    // Each event of an attempt is a few microseconds of work: handing it to another thread costs more than doing it. What
    // waits for the disk, or unpacks, has threads of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("could not start").because(error.to_string()))?;
    runtime.block_on(async {
        let shutdown = shutdown()?;
        let data = config.data_dir.clone();
        let announce = || say_who_we_are(&data);
        let ended = Box::pin(wingbeat_executor::run(config, announce, shutdown, drain_wish()?)).await;
        ended.map_err(|error| failure(&data, &error))
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
    let Some(isolation) = Isolation::parse(&arguments.isolation) else {
        let what = format!("--isolation {}: write reuse, warm or process", arguments.isolation);
        return Err(Failure::usage("the executor cannot start").because(what));
    };
    let (name, server, data_dir) = place(arguments, around)?;
    Ok(ExecutorConfig {
        name,
        kind,
        server,
        data_dir,
        python: arguments.python.clone(),
        isolation,
        warm_idle: Duration::from_secs(arguments.warm_idle),
        slots: arguments.parallelism,
        memory_bytes: None,
        stop_grace: STOP_GRACE,
        pass_env: arguments.pass_env.clone(),
        queues: arguments.queues.clone(),
        host_env: around.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    })
}

/// Its name, its server and its data folder.
fn place(
    arguments: &ExecutorArguments,
    around: &Surroundings,
) -> Result<(String, ServerPlace, PathBuf), Failure> {
    let usage = |why: String| Failure::usage("the executor cannot start").because(why);
    let (Some(endpoint), Some(file)) = (&arguments.endpoint, &arguments.join_token_file) else {
        let Some(data) = arguments.data.clone() else {
            return Err(usage("it has no server".to_owned()).advise(
                "name one on another machine with --endpoint and --join-token-file; `wingbeat up` starts the one beside it",
            ));
        };
        let store = store_address(arguments, &data)?;
        let name = arguments.name.clone().unwrap_or_else(|| LOCAL.to_owned());
        return Ok((name, ServerPlace::Beside { socket: socket_of(&data), store }, data));
    };
    let (host, port) = host_and_port(endpoint).ok_or_else(|| {
        usage(format!("--endpoint {endpoint}: write https://HOST:PORT, the port of --executor-listen"))
    })?;
    let text = std::fs::read_to_string(file)
        .map_err(|error| usage(format!("--join-token-file {}: {error}", file.display())))?;
    let token = JoinToken::parse(&text)
        .map_err(|error| usage(format!("--join-token-file {}: {error}", file.display())))?;
    let name = arguments.name.clone().or_else(host_name).unwrap_or_default();
    if name.is_empty() || name == LOCAL {
        return Err(usage(format!("`{name}` cannot be its name")).advise("name it with --name"));
    }
    let data = arguments.data.clone().or_else(|| usual_folder(around));
    let data =
        data.ok_or_else(|| usage("there is no home folder; name a data folder with --data".to_owned()))?;
    refuse_too_long(&data)?;
    make(&data).map_err(|error| usage(format!("{}: {error}", data.display())))?;
    let join = JoinConfig { host, port, token, executor: name.clone() };
    Ok((name, ServerPlace::Elsewhere(join), data))
}

fn host_and_port(endpoint: &str) -> Option<(String, u16)> {
    let (host, port) = endpoint.strip_prefix("https://")?.trim_end_matches('/').rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(['/', '@']) {
        return None;
    }
    Some((host.to_owned(), port.parse().ok().filter(|port| *port != 0)?))
}

fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

fn store_address(arguments: &ExecutorArguments, data: &Path) -> Result<StoreAddress, Failure> {
    let Some(text) = &arguments.store else { return Ok(StoreAddress::Local(store_of(data))) };
    if !text.contains("://") {
        return Ok(StoreAddress::Local(text.into()));
    }
    S3Address::parse(text)
        .map(StoreAddress::S3)
        .map_err(|bad| Failure::usage("the executor cannot start").because(format!("--store {text}: {bad}")))
}

/// So that a later `up` can take this executor over, and stop it.
fn say_who_we_are(data: &Path) -> io::Result<()> {
    let process = ProcessId::own().ok_or_else(|| io::Error::other("/proc does not show this process"))?;
    Whoami { process, arguments: std::env::args().skip(1).collect() }.write(data)
}

/// Makes the executor of a data folder take nothing new.
pub(crate) fn drain(place: &Drain, around: &Surroundings) -> Result<(), Failure> {
    if place.target.endpoint.is_some() || place.target.config.is_some() {
        return Err(Failure::usage("which executor of that server is meant is not said")
            .advise("name it, as `wingbeat get executor` shows it"));
    }
    let Some(data) = place.data.clone().or_else(|| usual_folder(around)) else {
        return Err(Failure::usage("which executor is meant is not clear")
            .advise("name it, or its data folder with --data"));
    };
    let failed = |why: String| {
        Failure::new(format!("could not drain the executor of {}", data.display())).because(why)
    };
    let running = find_running(&data).map_err(|error| failed(error.to_string()))?;
    let Some(running) = running else { return Err(failed("none is running there".to_owned())) };
    if !running.arguments.iter().any(|word| word == "--endpoint" || word.starts_with("--endpoint=")) {
        return Err(failed("it stands beside a server, which would start it again".to_owned())
            .advise("stop `wingbeat up`, or start it with --no-executor"));
    }
    let pid = Pid::from_raw(running.process.pid);
    let sent = pid.map(|pid| kill_process(pid, DRAIN));
    match sent {
        Some(Ok(())) => output::line("the executor takes nothing new, and ends when what it runs has ended"),
        Some(Err(error)) => Err(failed(error.to_string())),
        None => Err(failed("it does not say which process it is".to_owned())),
    }
}

fn usual_folder(around: &Surroundings) -> Option<PathBuf> {
    Some(around.home.as_ref()?.join(".wingbeat-executor"))
}

/// Resolves when somebody wishes that the executor drains.
fn drain_wish() -> Result<impl Future<Output = ()>, Failure> {
    let mut wish = signal(SignalKind::user_defined1())
        .map_err(|error| Failure::new("could not listen for signals").because(error.to_string()))?;
    Ok(async move {
        if wish.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    })
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

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn an_endpoint_is_a_host_and_a_port_over_tls() {
        for (text, want) in [
            ("https://wings.example:8443", Some(("wings.example", 8443))),
            ("https://[::1]:1/", Some(("::1", 1))),
            ("http://wings.example:8443", None),
            ("https://wings.example", None),
            ("https://u@wings.example:1", None),
            ("https://:1", None),
        ] {
            let want = want.map(|(host, port): (&str, u16)| (host.to_owned(), port));
            assert_eq!(host_and_port(text), want, "{text}");
        }
    }
}
