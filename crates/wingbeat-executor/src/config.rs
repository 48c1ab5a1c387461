//! What an executor is told at its start. Filled once, by `main`.

use std::path::PathBuf;
use std::time::Duration;

use wingbeat_blob::StoreAddress;

use crate::bridge::JoinConfig;

/// How attempts are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutorKind {
    /// Each in a fresh process.
    Process,
    /// Not at all: each succeeds after the milliseconds in its task's `WINGBEAT_SIM_MS`. For load tests.
    Simulated,
}

impl ExecutorKind {
    /// The name of this way to run, as capability and as isolation.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Simulated => "simulated",
        }
    }
}

/// Where the server is.
#[derive(Debug, Clone)]
pub enum ServerPlace {
    /// On this machine.
    Beside {
        /// The Unix socket on which it serves the executor protocol and, for tasks, its API.
        socket: PathBuf,
        /// The platform's object store.
        store: StoreAddress,
    },
    /// On another one, which says where the object store is.
    Elsewhere(JoinConfig),
}

/// How far attempts are kept apart from each other and from what was loaded before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Tasks that ask for it share processes; the others are forked as [`Isolation::Warm`] says.
    Reuse,
    /// Each Python task is forked from a preloaded interpreter where that is safe.
    Warm,
    /// Each starts an interpreter of its own.
    Process,
}

impl Isolation {
    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reuse => "reuse",
            Self::Warm => "warm",
            Self::Process => "process",
        }
    }

    /// The isolation of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Reuse, Self::Warm, Self::Process].into_iter().find(|isolation| isolation.name() == name)
    }
}

/// Settings of one executor.
#[derive(Debug, Clone)]
pub struct ExecutorConfig {
    /// Stable name on this machine, for people: `local`.
    pub name: String,
    /// How attempts are run.
    pub kind: ExecutorKind,
    /// The server, and where its platform's inputs, outputs and log lines are.
    pub server: ServerPlace,
    /// Folder for `attempts/` and `executor/`.
    pub data_dir: PathBuf,
    /// The interpreter of tasks, its folder, or a virtual environment. `None`: the active virtual
    /// environment, else the first `python3` on PATH.
    pub python: Option<PathBuf>,
    /// How attempts of the process kind are started.
    pub isolation: Isolation,
    /// How long a preloaded interpreter stays without being used.
    pub warm_idle: Duration,
    /// Attempts that run at once. `None`: one per core.
    pub slots: Option<u32>,
    /// Memory that tasks may fill. `None`: the machine's.
    pub memory_bytes: Option<u64>,
    /// Time between SIGTERM and SIGKILL where an assignment names none.
    pub stop_grace: Duration,
    /// Environment variables that tasks inherit on top of the built-in list.
    pub pass_env: Vec<String>,
    /// Queues that it serves; none: all of them.
    pub queues: Vec<String>,
    /// The environment that the executor was started with.
    pub host_env: Vec<(String, String)>,
}
