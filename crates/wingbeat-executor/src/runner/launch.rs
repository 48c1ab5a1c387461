//! From an assignment to a process that has ended and left nothing running.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use wingbeat_model::Failure;

use super::reused::{self, Reused};
use crate::assignment::{Assignment, Command, Target};
use crate::bundle;
use crate::environment::{Sources, environment};
use crate::errors::told;
use crate::executor::Executor;
use crate::folder::AttemptFolder;
use crate::logs::Following;
use crate::outcome::{Exit, Oom, system, user};
use crate::process::{FamilyMark, KillCount, Launch, TaskProcess};
use crate::proxy::{AttemptIdentity, AttemptProxy};
use crate::registry::{StopOrder, StopSignal};
use crate::reuse::Tenancy;
use crate::template::substitute;
use crate::warm::{Code, NotTaken, Template, WarmPool};
use crate::wire::{self, Happening};

/// The template types whose command line is the SDK's own runtime.
const PYTHON_TYPES: [&str; 5] = ["", "python", "python-task", "actor", "sandboxed-python"];

/// How the process part of an attempt ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// No process was started.
    NotStarted(Failure),
    /// It was made to stop.
    Stopped(StopOrder),
    /// The process that it shared is gone, by nobody knows whose doing.
    Lost(Failure),
    /// It ended by itself, or by somebody unknown.
    Exited { exit: Exit, oom: Oom },
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        Self::NotStarted(failure)
    }
}

/// The attempt's folder, and who follows what is written there.
pub(super) type Site<'a> = (&'a AttemptFolder, &'a Following);

/// A task's process, and how it was started, for people.
struct Running {
    body: Body,
    isolation: String,
}

/// What the attempt runs in.
enum Body {
    Own(TaskProcess),
    Shared(Tenancy),
}

/// Starts the process and waits for its end or a stop. When this returns, no process of it is left.
pub(super) async fn supervise(
    executor: &Executor,
    assignment: &Assignment,
    site: Site<'_>,
    stop: &mut StopSignal,
) -> Ending {
    if let Some(order) = stop.order() {
        return Ending::Stopped(order);
    }
    let started = start(executor, assignment, site, stop).await;
    match started {
        Ok((running, proxy)) => {
            let ending = watch(executor, assignment, running, stop).await;
            proxy.shutdown().await;
            ending
        }
        Err(ending) => ending,
    }
}

async fn watch(
    executor: &Executor,
    assignment: &Assignment,
    running: Running,
    stop: &mut StopSignal,
) -> Ending {
    let Running { body, isolation } = running;
    let pid = match &body {
        Body::Own(process) => process.pid(),
        Body::Shared(tenancy) => tenancy.pid(),
    };
    executor.outbox.push_start(wire::report(&assignment.held, Happening::Started { isolation, pid }));
    match body {
        Body::Own(process) => watch_own(executor, assignment, process, stop).await,
        Body::Shared(tenancy) => reused::watch(executor, assignment, tenancy, stop).await,
    }
}

async fn watch_own(
    executor: &Executor,
    assignment: &Assignment,
    mut process: TaskProcess,
    stop: &mut StopSignal,
) -> Ending {
    let kills_before = KillCount::lately();
    let ending = tokio::select! {
        // An exit that is already there is the truth, even if a stop came in the same moment.
        biased;
        exit = process.wait() => Ending::Exited { exit, oom: kills_before.rose(exit) },
        order = stop.ordered() => Ending::Stopped(order),
    };
    if let Ending::Stopped(_) = &ending {
        process.stop(assignment.stop_grace.unwrap_or(executor.stop_grace)).await;
    } else {
        process.kill_family().await;
    }
    ending
}

async fn start(
    executor: &Executor,
    assignment: &Assignment,
    site: Site<'_>,
    stop: &mut StopSignal,
) -> Result<(Running, AttemptProxy), Ending> {
    let (folder, _following) = site;
    let command = command_of(assignment)?;
    let proxy = AttemptProxy::start(executor.servers.clone(), &identity(executor, assignment))
        .await
        .map_err(|error| not_started(&error))?;
    let marker = format!("{:032x}", rand::random::<u128>());
    let env = environment(&Sources {
        assignment,
        host: &executor.host_env,
        pass_env: &executor.pass_env,
        store_env: &executor.store_env,
        python: &executor.python,
        endpoint: &proxy.address(),
        temp: &folder.temp,
        marker: &marker,
    });
    let (program, args) = command_line(executor, assignment, command, &env)?;
    // Other programs than the SDK's runtime gain nothing from what is loaded, and know no bundles.
    let is_runtime = command.is_runtime();
    if !is_runtime {
        folder.make_work().map_err(|error| not_started(&error))?;
    }
    let program = bundle::placed(&executor.store, &folder.work, program, &args).await?;
    let (stdout, stderr) = (&folder.stdout, &folder.stderr);
    let launch = Launch {
        program,
        args,
        env,
        folder: &folder.work,
        stdin: None,
        stdout,
        stderr,
        marker: marker.clone(),
    };
    let running = if is_runtime {
        run(executor, assignment, launch, site, stop).await?
    } else {
        let process = fresh(folder, assignment, launch)?;
        Running { body: Body::Own(process), isolation: "process".to_owned() }
    };
    Ok((running, proxy))
}

/// In the tier that its task, the executor's settings and the state of things allow.
async fn run(
    executor: &Executor,
    assignment: &Assignment,
    launch: Launch<'_>,
    site: Site<'_>,
    stop: &mut StopSignal,
) -> Result<Running, Ending> {
    let not_reused = match reused::begin(executor, assignment, &launch, site, stop).await? {
        Reused::Taken(tenancy) => {
            return Ok(Running { body: Body::Shared(tenancy), isolation: "reused".to_owned() });
        }
        Reused::Unwanted => String::new(),
        Reused::Refused(reason) => format!(", not reused: {reason}"),
    };
    let (folder, _following) = site;
    folder.make_work().map_err(|error| not_started(&error))?;
    bundle::unpack_ahead(&executor.store, launch.folder, &launch.args).await;
    let (process, isolation) = match forked(executor, assignment, &launch, folder, stop).await? {
        Forked::Taken(process, isolation) => (process, isolation),
        Forked::Unwanted => (fresh(folder, assignment, launch)?, "process".to_owned()),
        Forked::Refused(reason) => {
            tracing::debug!(attempt = %assignment.held, reason, "an attempt starts in a fresh process");
            (fresh(folder, assignment, launch)?, format!("process, not warm: {reason}"))
        }
    };
    Ok(Running { body: Body::Own(process), isolation: isolation + &not_reused })
}

/// What became of the wish to fork an attempt.
enum Forked {
    /// With how it was started, for people.
    Taken(TaskProcess, String),
    /// Attempts like this one are not forked.
    Unwanted,
    Refused(String),
}

/// Forks the attempt from a preloaded interpreter, where there may be one for it.
async fn forked(
    executor: &Executor,
    assignment: &Assignment,
    launch: &Launch<'_>,
    folder: &AttemptFolder,
    stop: &mut StopSignal,
) -> Result<Forked, Ending> {
    let Some(warm) = &executor.warm else { return Ok(Forked::Unwanted) };
    let code = Code::of(&launch.program, &launch.args);
    let shared = code.as_ref().and_then(|code| warm.with_libraries(code, &launch.env));
    if let Some(interpreter) = shared {
        match fork_of(warm, &interpreter, (assignment, folder), launch, None, stop).await? {
            Forked::Refused(reason) => interpreter.give_up(&reason),
            taken @ (Forked::Taken(..) | Forked::Unwanted) => return Ok(taken),
        }
    }
    let interpreter = tokio::select! {
        interpreter = warm.interpreter(&launch.program, &launch.env) => interpreter,
        // One that loads may take its time.
        order = stop.ordered() => return Err(Ending::Stopped(order)),
    };
    match interpreter {
        Ok(interpreter) => fork_of(warm, &interpreter, (assignment, folder), launch, code, stop).await,
        Err(reason) => Ok(Forked::Refused(reason)),
    }
}

/// Forks the attempt from this interpreter. `code` is set where it may be asked what it imports.
async fn fork_of(
    warm: &WarmPool,
    interpreter: &Arc<Template>,
    (assignment, folder): (&Assignment, &AttemptFolder),
    launch: &Launch<'_>,
    code: Option<Code>,
    stop: &mut StopSignal,
) -> Result<Forked, Ending> {
    let isolation = interpreter.isolation();
    let fork = tokio::select! {
        fork = warm.fork(Arc::clone(interpreter)) => fork,
        order = stop.ordered() => return Err(Ending::Stopped(order)),
    };
    let mut fork = match fork {
        Ok(fork) => fork,
        Err(reason) => return Ok(Forked::Refused(reason)),
    };
    // Before anything of the task runs in it.
    if let Err(failure) = record(folder, assignment, fork.process(&launch.marker).mark()) {
        fork.discard().await;
        return Err(failure.into());
    }
    let asked = code.filter(|code| warm.ask(code));
    match fork.run(launch, asked.is_some()).await {
        Ok((process, line)) => {
            if let Some(code) = asked {
                warm.hear(code, line);
            }
            Ok(Forked::Taken(process, isolation))
        }
        Err(NotTaken::Refused(reason)) => Ok(Forked::Refused(reason)),
        Err(NotTaken::Unknown(reason)) => Err(system("StartFailed", reason).into()),
    }
}

fn fresh(
    folder: &AttemptFolder,
    assignment: &Assignment,
    launch: Launch<'_>,
) -> Result<TaskProcess, Failure> {
    record(folder, assignment, &FamilyMark::announce(launch.marker.clone()))?;
    let process = TaskProcess::start(launch).map_err(|error| not_started(&error))?;
    // Without a record of its number the mark alone still leads a successor to it.
    if let Err(failure) = record(folder, assignment, process.mark()) {
        tracing::warn!(error = failure.message, "could not write down a task's process");
    }
    Ok(process)
}

pub(super) fn record(
    folder: &AttemptFolder,
    assignment: &Assignment,
    family: &FamilyMark,
) -> Result<(), Failure> {
    folder.record(family, &assignment.log_prefix).map_err(|error| not_started(&error))
}

fn command_of(assignment: &Assignment) -> Result<&Command, Failure> {
    let task = &assignment.task;
    let unsupported = |what: &str| {
        let message = format!(
            "task `{}` {what}; this executor starts Python processes on its own machine and cannot run it",
            task.name
        );
        Failure { recoverable: false, ..user("UnsupportedTaskType", message) }
    };
    if !PYTHON_TYPES.contains(&task.kind.as_str()) {
        return Err(unsupported(&format!("is of type `{}`", task.kind)));
    }
    match &task.target {
        Target::Container(command) if !command.argv.is_empty() => Ok(command),
        Target::Container(_) => Err(unsupported("has a container without a command")),
        Target::Pod => Err(unsupported("has a Kubernetes pod template")),
        Target::Sql => Err(unsupported("is an SQL statement")),
        Target::None => Err(unsupported("has nothing to run")),
    }
}

fn command_line(
    executor: &Executor,
    assignment: &Assignment,
    command: &Command,
    env: &BTreeMap<String, String>,
) -> Result<(PathBuf, Vec<String>), Failure> {
    let mut words = command.argv.iter().map(|arg| substitute(arg, assignment));
    let program = words.next().unwrap_or_default();
    let path = env.get("PATH").map(String::as_str).unwrap_or_default();
    let found = executor.python.resolve(&program, path);
    let program = found.map_err(|error| Failure {
        // Running it again finds the same environment.
        recoverable: false,
        ..user("PythonEnvironmentMissingFlyte", error.to_string())
    })?;
    let args: Vec<String> = words.collect();
    if args.iter().any(|arg| arg.contains('\0')) {
        return Err(user(
            "BadCommandLine",
            "an argument of the task's command holds a NUL character".to_owned(),
        ));
    }
    Ok((program, args))
}

fn identity(executor: &Executor, assignment: &Assignment) -> AttemptIdentity {
    let held = &assignment.held;
    AttemptIdentity {
        session_id: executor.session_id.clone(),
        run_id: held.key.action.run.0,
        action: assignment.action().to_owned(),
        attempt: assignment.attempt(),
        fence: held.fence.0,
    }
}

pub(super) fn not_started(error: &dyn std::error::Error) -> Failure {
    system("StartFailed", told(error))
}
