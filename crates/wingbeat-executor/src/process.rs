//! Supervises the processes of attempts: start, exit, signals, and that nothing of a task survives it.
//!
//! This is the only module that touches processes; what the operating system must offer is in
//! [`platform`], one file per system. It decides nothing about what an exit means (`outcome`) and
//! knows nothing of the server.
//!
//! A task's processes, its *family*, are found three ways, because a task may do anything: its process
//! group, a random mark in the environment that children inherit, and the parent chain. What becomes
//! an orphan is handed to the executor by the kernel, not to pid 1, and is reaped here: so the process
//! that runs an executor must not wait for children of its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

pub(crate) use self::forker::{Forker, is_gone};
use self::leader::Leader;
use self::platform::Processes;
use crate::outcome::{Exit, Oom};

mod forker;
mod leader;
#[cfg(target_os = "linux")]
#[path = "process/linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
compile_error!("process supervision is written for Linux; add its counterpart beside process/linux.rs");

/// How long a family may take to vanish after SIGKILL before the executor stops waiting for it.
///
/// A process in uninterruptible sleep (a hung network file system) cannot be killed by anybody.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// First and longest pause between two looks at a family that is being killed.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// The first processes that the runtime waits for. Every other child of this process is an orphan of a
/// task, which has to be reaped here, because nobody else waits for it. Global, as children are.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn leaders() -> MutexGuard<'static, BTreeSet<i32>> {
    // A set of numbers has no half-done state that a panic could leave behind.
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a group number may be trusted although the group's leader is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupTrust {
    /// It was ours a moment ago.
    Fresh,
    /// It comes from a file; by now it may be anybody's, unless the leader itself is still there.
    Recorded,
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    /// The whole environment.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) folder: &'a Path,
    /// What it reads; `None`: nothing.
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdout: &'a Path,
    pub(crate) stderr: &'a Path,
    /// The attempt's mark; must also be in `env`.
    pub(crate) marker: String,
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Its output files cannot be made.
    #[error("could not open {} for the task's output", path.display())]
    Output { path: PathBuf, source: io::Error },
    /// The system refused.
    #[error("could not start {}", program.display())]
    Spawn { program: PathBuf, source: io::Error },
}

/// What identifies a family on this machine, also for a later executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FamilyMark {
    /// Random text in the environment of each member.
    pub(crate) marker: String,
    /// The kernel's number of this boot: process ids mean nothing in another one.
    pub(crate) boot: String,
    /// The first process, once it runs. Also the number of its group.
    pub(crate) leader: Option<ProcessId>,
}

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// Its number.
    pub pid: i32,
    /// When it started, in the kernel's ticks since boot.
    pub started: u64,
}

impl ProcessId {
    /// The process that asks; `None` if the kernel does not say when it started.
    pub fn own() -> Option<Self> {
        let pid = i32::try_from(std::process::id()).ok()?;
        Some(Self { pid, started: platform::started_at(pid)? })
    }

    /// Whether exactly this process is there. One that has ended and was not waited for still is.
    pub fn exists(self) -> bool {
        platform::started_at(self.pid) == Some(self.started)
    }

    /// SIGTERM, to exactly this process or to none.
    pub fn terminate(self) {
        platform::terminate(self);
    }

    /// SIGKILL, to exactly this process or to none.
    pub fn kill(self) {
        platform::kill(self);
    }
}

impl FamilyMark {
    /// The mark of a family that has no process yet.
    pub(crate) fn announce(marker: String) -> Self {
        Self { marker, boot: platform::boot_id().to_owned(), leader: None }
    }
}

/// Prepares this process: orphans of tasks become its children instead of pid 1's.
///
/// # Errors
/// The kernel refused; leftovers are then found by their mark only.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    platform::adopt_orphans()
}

/// Memory that a process fills now.
pub(crate) fn resident_bytes(pid: u32) -> Option<u64> {
    platform::resident_bytes(pid)
}

/// How often the kernel had killed for want of memory, as near to this executor as it is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KillCount(Option<u64>);

impl KillCount {
    /// As it was a second ago at most: the kernel takes longer to count than a small task needs to run.
    pub(crate) fn lately() -> Self {
        static LAST: Mutex<Option<(Instant, KillCount)>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some((at, count)) if at.elapsed() < Duration::from_secs(1) => count,
            _ => {
                let count = Self(platform::oom_kills());
                *last = Some((Instant::now(), count));
                count
            }
        }
    }

    /// Whether one of them may have ended a process that ended so. They are SIGKILLs.
    pub(crate) fn rose(self, exit: Exit) -> Oom {
        if exit != Exit::Signal(Signal::KILL.as_raw()) {
            return Oom::Unseen;
        }
        match (self.0, platform::oom_kills()) {
            (Some(before), Some(now)) if now > before => Oom::Seen,
            _ => Oom::Unseen,
        }
    }
}

/// A running task and its family. Dropping it kills the family's group.
#[derive(Debug)]
pub(crate) struct TaskProcess {
    leader: Leader,
    mark: FamilyMark,
    group: i32,
    /// How the first process ended, once that is known. Its number may be anybody's then.
    exit: Option<Exit>,
}

impl TaskProcess {
    /// Starts a process in a group of its own, its output appended to two files.
    ///
    /// # Errors
    /// [`StartError`]: nothing runs.
    pub(crate) fn start(launch: Launch<'_>) -> Result<Self, StartError> {
        let stdout = output(launch.stdout)?;
        let stderr = output(launch.stderr)?;
        let mut command = std::process::Command::new(&launch.program);
        command
            .args(&launch.args)
            .env_clear()
            .envs(&launch.env)
            .current_dir(launch.folder)
            .stdin(launch.stdin.map_or_else(Stdio::null, Stdio::from))
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0);
        // Locked over the start: a child that ends at once must not be taken for an orphan.
        let mut leaders = leaders();
        let child = Command::from(command)
            .spawn()
            .map_err(|source| StartError::Spawn { program: launch.program.clone(), source })?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("an unreaped child has a number");
        leaders.insert(pid);
        drop(leaders);
        let leader = platform::started_at(pid).map(|started| ProcessId { pid, started });
        let mark = FamilyMark { marker: launch.marker, boot: platform::boot_id().to_owned(), leader };
        Ok(Self { leader: Leader::started(child), mark, group: pid, exit: None })
    }

    /// Takes charge of a process that `parent` has forked, and that leads a group of its own.
    ///
    /// # Errors
    /// It is gone, or is nobody of ours: then somebody else learns of its end.
    pub(crate) fn adopt(pid: i32, parent: Arc<Forker>, marker: String) -> io::Result<Self> {
        // Locked over the look, as in `start`: it becomes this process's child when its parent ends.
        let mut leaders = leaders();
        let leader = Leader::adopted(pid, parent)?;
        leaders.insert(pid);
        drop(leaders);
        let process = platform::started_at(pid).map(|started| ProcessId { pid, started });
        let mark = FamilyMark { marker, boot: platform::boot_id().to_owned(), leader: process };
        Ok(Self { leader, mark, group: pid, exit: None })
    }

    /// The family has another mark from now on.
    pub(crate) fn take_mark(&mut self, marker: String) {
        self.mark.marker = marker;
    }

    /// What speaks to this process, which forks others for whoever asks over `control`.
    ///
    /// # Errors
    /// It has ended already.
    pub(crate) fn forker(&self, control: UnixStream) -> io::Result<Forker> {
        let process = self.mark.leader.ok_or(io::ErrorKind::NotFound)?;
        Forker::new(process, control)
    }

    /// What identifies the family; to be written down for a successor.
    pub(crate) fn mark(&self) -> &FamilyMark {
        &self.mark
    }

    /// The first process's number, for people.
    pub(crate) fn pid(&self) -> u32 {
        self.group.unsigned_abs()
    }

    /// Waits for the first process to end. Woken by the kernel, and harmless to cancel.
    pub(crate) async fn wait(&mut self) -> Exit {
        if let Some(exit) = self.exit {
            return exit;
        }
        let exit = self.leader.wait().await.unwrap_or_else(|error| {
            tracing::error!(pid = self.group, %error, "could not learn how a task's process ended");
            Exit::Unknown
        });
        leaders().remove(&self.group);
        *self.exit.insert(exit)
    }

    /// Asks the family to end, and kills what is left of it after `grace`.
    pub(crate) async fn stop(&mut self, grace: Duration) {
        self.ask_to_end();
        // Cancelled waits lose nothing: the status is kept until it is asked for again.
        let _ended = timeout(grace, self.wait()).await;
        self.kill_family().await;
    }

    /// Kills whatever the task left running, and waits until it is gone.
    pub(crate) async fn kill_family(&mut self) {
        self.kill_group();
        let _status = timeout(KILL_PATIENCE, self.wait()).await;
        // What a family leaves behind has this process for its parent, or descends from what has.
        if platform::has_only(&leaders()) {
            return;
        }
        end_family(&self.mark, GroupTrust::Fresh).await;
    }

    /// While the group's number cannot be anybody else's.
    fn kill_group(&self) {
        if self.exit.is_none() && self.leader.has_its_number() {
            platform::kill_group(self.group);
        }
    }

    fn ask_to_end(&self) {
        let family = Processes::look()
            .and_then(|processes| processes.family(&self.mark, GroupTrust::Fresh, &leaders().clone()));
        match family {
            Ok(members) => members.into_iter().for_each(ProcessId::terminate),
            Err(error) => {
                tracing::warn!(pid = self.group, %error, "a task cannot be asked to end; it is killed");
            }
        }
    }
}

impl Drop for TaskProcess {
    fn drop(&mut self) {
        // Only when the supervising task was dropped or panicked; the ordinary way is `kill_family`.
        self.kill_group();
        if self.exit.is_none() {
            leaders().remove(&self.group);
        }
    }
}

/// Kills every process of a family, again and again until none is left. Returns how many it killed.
///
/// Members may fork while they are being killed, so one look is never enough.
pub(crate) async fn end_family(mark: &FamilyMark, trust: GroupTrust) -> usize {
    let deadline = Instant::now() + KILL_PATIENCE;
    let mut seen = HashSet::new();
    let mut pause = LOOK_AGAIN.0;
    loop {
        let left = match living_members(mark.clone(), trust).await {
            Ok(members) if members.is_empty() => return seen.len(),
            Ok(members) => {
                for member in members {
                    member.kill();
                    seen.insert(member);
                }
                "they survive SIGKILL".to_owned()
            }
            // For want of descriptors or memory, which comes and goes.
            Err(error) => format!("they cannot be looked for: {error}"),
        };
        if Instant::now() > deadline {
            tracing::warn!(?mark, left, "processes of a task may be left behind");
            return seen.len();
        }
        // Nobody tells when a process that is not ours is gone; this loop lives for milliseconds.
        sleep(pause).await;
        pause = (pause * 2).min(LOOK_AGAIN.1);
    }
}

/// Reads a good part of /proc, which takes milliseconds on a busy machine: other attempts must not wait for it.
async fn living_members(mark: FamilyMark, trust: GroupTrust) -> io::Result<Vec<ProcessId>> {
    let look = move || {
        let processes = Processes::look()?;
        let known = {
            // Locked over the reaping: a list of children that is read meanwhile may lack some.
            let leaders = leaders();
            processes.reap_orphans(&leaders);
            leaders.clone()
        };
        processes.family(&mark, trust, &known)
    };
    tokio::task::spawn_blocking(look).await.map_err(io::Error::other)?
}

fn output(path: &Path) -> Result<std::fs::File, StartError> {
    // Append: several processes of a task share the file, and none may overwrite another's lines.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| StartError::Output { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
