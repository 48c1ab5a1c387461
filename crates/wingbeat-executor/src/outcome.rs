//! Decides how an attempt ended, from what its process left behind. Pure; one table, tested as one.
//!
//! The order is the rule: the runtime's own word (`error.pb`) is believed whatever the exit status
//! says, because a task that raises still exits with 0; then outputs; then the status.

use wingbeat_model::{Failure, FailureClass};

use crate::assignment::DeclaredOutputs;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It has ended, and nobody can tell how.
    Unknown,
}

/// Whether the kernel killed something for want of memory while the process ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oom {
    /// It killed nothing, or nobody counts.
    Unseen,
    /// The count of such kills rose.
    Seen,
}

/// What `error.pb` held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ErrorFile {
    /// There is none.
    Missing,
    /// There is one that cannot be read.
    Unreadable(String),
    /// The runtime's account of the failure.
    Read(ContainerError),
}

/// An error as the runtime wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerError {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) recoverable: bool,
    /// `ExecutionError.ErrorKind` on the wire: unknown 0, user 1, system 2.
    pub(crate) origin: i32,
}

/// The outputs file of an attempt, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputsFile {
    /// The folder that it lies in, without a slash at its end.
    pub(crate) folder: String,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

/// Everything that the verdict rests on.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) exit: Exit,
    pub(crate) oom: Oom,
    pub(crate) error: ErrorFile,
    pub(crate) outputs: Option<OutputsFile>,
    pub(crate) declared: DeclaredOutputs,
    /// The last lines of standard error, for the message.
    pub(crate) stderr_tail: String,
}

/// How the attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With outputs; `None` where the task has none and wrote none.
    Succeeded(Option<OutputsFile>),
    /// With an error.
    Failed(Failure),
}

const SIGNAL_KILL: i32 = 9;
const KIND_USER: i32 = 1;
const KIND_SYSTEM: i32 = 2;

/// The signal by which a process ends itself.
const SIGABRT: i32 = 6;

/// The verdict on a process that was not stopped by the executor.
pub(crate) fn decide(evidence: Evidence) -> Outcome {
    match evidence.error {
        ErrorFile::Read(error) => return Outcome::Failed(from_runtime(error)),
        ErrorFile::Unreadable(why) => {
            let message = format!("the task failed, and its error.pb cannot be read: {why}");
            return Outcome::Failed(system("ErrorUnreadable", message));
        }
        ErrorFile::Missing => {}
    }
    match evidence.exit {
        Exit::Code(0) => match (evidence.outputs, evidence.declared) {
            (None, DeclaredOutputs::Some) => {
                let message = "the process ended with status 0 but wrote neither outputs.pb nor error.pb";
                Outcome::Failed(system("OutputsMissing", with_tail(message, &evidence.stderr_tail)))
            }
            (outputs, _) => Outcome::Succeeded(outputs),
        },
        Exit::Code(code) => {
            let message = format!("the process ended with status {code} and wrote no error.pb");
            Outcome::Failed(user("ExitCode", with_tail(&message, &evidence.stderr_tail)))
        }
        // CPython aborts itself when a daemon thread holds stdout at its very end. The runtime writes outputs.pb as
        // the last thing it does for the task, so the task had its result by then.
        Exit::Signal(SIGABRT) if evidence.outputs.is_some() => Outcome::Succeeded(evidence.outputs),
        Exit::Signal(signal) => Outcome::Failed(by_signal(signal, evidence.oom, &evidence.stderr_tail)),
        Exit::Unknown => {
            let message = "the process has ended, and this machine could not tell the executor how";
            Outcome::Failed(infrastructure("ExitUnknown", with_tail(message, &evidence.stderr_tail)))
        }
    }
}

/// A failure of the system around the task.
pub(crate) fn system(code: &str, message: String) -> Failure {
    failure(FailureClass::System, KIND_SYSTEM, code, message)
}

/// A failure of the machine or the executor.
pub(crate) fn infrastructure(code: &str, message: String) -> Failure {
    failure(FailureClass::Infrastructure, KIND_SYSTEM, code, message)
}

/// A failure of the task itself.
pub(crate) fn user(code: &str, message: String) -> Failure {
    failure(FailureClass::User, KIND_USER, code, message)
}

fn failure(class: FailureClass, wire_kind: i32, code: &str, message: String) -> Failure {
    Failure { class, code: code.to_owned(), message, recoverable: true, worker: String::new(), wire_kind }
}

fn from_runtime(error: ContainerError) -> Failure {
    // An unknown origin is mostly an import that failed: the user's code, so the user's budget.
    let class = if error.origin == KIND_SYSTEM { FailureClass::System } else { FailureClass::User };
    Failure {
        class,
        code: error.code,
        message: error.message,
        recoverable: error.recoverable,
        worker: String::new(),
        wire_kind: error.origin,
    }
}

fn by_signal(signal: i32, oom: Oom, stderr_tail: &str) -> Failure {
    if signal == SIGNAL_KILL && oom == Oom::Seen {
        let message = "the kernel killed the process because memory ran out";
        return user("OOMKilled", with_tail(message, stderr_tail));
    }
    let name = signal_name(signal);
    let message = with_tail(&format!("the process was killed by signal {signal} ({name})"), stderr_tail);
    // These come from what the process itself did; all others from somebody outside.
    if matches!(
        name,
        "SIGSEGV" | "SIGABRT" | "SIGFPE" | "SIGILL" | "SIGBUS" | "SIGSYS" | "SIGPIPE" | "SIGTRAP"
    ) {
        user("KilledBySignal", message)
    } else {
        system("KilledBySignal", message)
    }
}

/// Names of the signals that end processes, by the numbers of Linux on x86 and ARM.
fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => "unnamed",
    }
}

fn with_tail(message: &str, stderr_tail: &str) -> String {
    let tail = stderr_tail.trim_end();
    if tail.is_empty() { message.to_owned() } else { format!("{message}; the last lines of stderr:\n{tail}") }
}

#[cfg(test)]
mod tests;
