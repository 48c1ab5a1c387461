//! Keeps one executor alive beside the server: takes over the one that an earlier `up` left running,
//! starts one otherwise, and starts it again when it dies. It never decides about attempts.

use std::collections::hash_map::RandomState;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use wingbeat_executor::ProcessId;

use super::config::UpConfig;
use super::data_folder::{make, replace};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// An executor that lived this long was a working one: the next wait is the first again.
const SETTLED: Duration = Duration::from_secs(30);

/// Time for the executor to stop its tasks and to report: their own grace, and something on top.
const STOP_PATIENCE: Duration = Duration::from_secs(25);

/// Above this, an executor's log is started anew.
const MOST_LOG_BYTES: u64 = 16 << 20;

/// Who the executor of a data folder is. Written by the executor itself, once it holds the folder's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Whoami {
    #[serde(flatten)]
    pub(crate) process: ProcessId,
    /// What it was started with, without the program's own name.
    pub(crate) arguments: Vec<String>,
}

impl Whoami {
    /// Writes it where a later `up` looks.
    pub(crate) fn write(&self, data: &Path) -> io::Result<()> {
        let folder = folder_of(data);
        make(&folder)?;
        let text = serde_json::to_string(self).map_err(io::Error::other)?;
        replace(&whoami_file(data), &text)
    }

    fn read(data: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(whoami_file(data)).ok()?).ok()
    }
}

/// The executor's part of the data folder.
pub(crate) fn folder_of(data: &Path) -> PathBuf {
    data.join("executor")
}

fn whoami_file(data: &Path) -> PathBuf {
    folder_of(data).join("whoami.json")
}

/// Held by the executor for as long as it lives.
fn lock_file(data: &Path) -> PathBuf {
    folder_of(data).join("lock")
}

/// Keeps the executor of one data folder.
#[derive(Debug)]
pub(crate) struct ExecutorKeeper {
    data: PathBuf,
    arguments: Vec<String>,
    current: Current,
}

#[derive(Debug)]
enum Current {
    None,
    /// Started by this process.
    Own(Child),
    /// Left by an `up` that was killed.
    Adopted(Whoami),
}

impl ExecutorKeeper {
    pub(crate) fn new(config: &UpConfig) -> Self {
        Self { data: config.data.clone(), arguments: arguments(config), current: Current::None }
    }

    /// Runs until it is dropped; the executor itself then stays, until [`Self::stop`].
    ///
    /// Cancel-safe: what is running is remembered in `self`.
    pub(crate) async fn run(&mut self) {
        let mut wait = FIRST_WAIT;
        loop {
            let started = Instant::now();
            match self.live_once().await {
                Ok(ended) => {
                    let log = log_path(&self.data);
                    warn!(ended, log = %log.display(), "the executor ended; it is started again");
                }
                Err(error) => warn!(error = %error, "the executor could not be started; trying again"),
            }
            self.current = Current::None;
            if started.elapsed() >= SETTLED {
                wait = FIRST_WAIT;
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One life of an executor, from finding or starting it to its end.
    async fn live_once(&mut self) -> io::Result<String> {
        make(&folder_of(&self.data))?;
        if let Some(running) = find_running(&self.data)? {
            self.say_adopted(&running);
            self.current = Current::Adopted(running);
            wait_for_release(lock_file(&self.data)).await;
            return Ok("an adopted one, with a status that only its parent could read".to_owned());
        }
        let child = self.spawn()?;
        info!(pid = child.id(), "started the executor");
        self.current = Current::Own(child);
        let Current::Own(child) = &mut self.current else { unreachable!("set one line above") };
        child.wait().await.map(|status| status.to_string())
    }

    fn say_adopted(&self, running: &Whoami) {
        if running.arguments == self.arguments {
            info!(pid = running.process.pid, "took over the executor that was still running");
        } else {
            let settings = running.arguments.join(" ");
            warn!(
                pid = running.process.pid,
                settings,
                "took over an executor that was started with other settings; it keeps them until it is stopped"
            );
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = log_file(&log_path(&self.data))?;
        let mut command = Command::new(std::env::current_exe()?);
        // Tasks can see what the executor sees; the database's password is not theirs.
        for name in DATABASE_VARIABLES {
            command.env_remove(name);
        }
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            // Files, not pipes: the executor outlives us, and a pipe whose reader is gone kills.
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            .spawn()
    }

    /// Asks the executor to stop its tasks and end, and waits for it. Says how that went.
    pub(crate) async fn stop(mut self) -> Stopped {
        match std::mem::replace(&mut self.current, Current::None) {
            Current::Adopted(running) => return self.stop_adopted(&running).await,
            Current::Own(child) => match stop_own(child).await {
                Stopped::Cleanly => {}
                Stopped::Killed => return Stopped::Killed,
            },
            Current::None => {}
        }
        // Ours may have been one that waited for the folder: whoever has it is still there.
        match find_running(&self.data) {
            Ok(Some(running)) => self.stop_adopted(&running).await,
            Ok(None) | Err(_) => Stopped::Cleanly,
        }
    }

    async fn stop_adopted(&self, running: &Whoami) -> Stopped {
        running.process.terminate();
        let released = wait_for_release(lock_file(&self.data));
        if timeout(STOP_PATIENCE, released).await.is_ok() {
            return Stopped::Cleanly;
        }
        running.process.kill();
        Stopped::Killed
    }
}

async fn stop_own(mut child: Child) -> Stopped {
    // Not waited for yet, so the number cannot be anybody else's.
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        // It may have ended already, which is what was wanted.
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(STOP_PATIENCE, child.wait()).await.is_ok() {
        return Stopped::Cleanly;
    }
    // A killed process ends; nothing is left to do if the wait itself fails.
    let _ = child.kill().await;
    Stopped::Killed
}

/// How the executor's end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// With all its tasks.
    Cleanly,
    /// It did not listen. What it left running is ended by the next executor.
    Killed,
}

/// What the server alone needs to know.
const DATABASE_VARIABLES: [&str; 4] =
    ["WINGBEAT_DATABASE", "WINGBEAT_DATABASE_PASSWORD_FILE", "PGPASSWORD", "PGPASSFILE"];

fn arguments(config: &UpConfig) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    let mut arguments = vec!["executor".to_owned(), "--data".to_owned(), path(&config.data)];
    if let Some(store) = &config.store {
        arguments.extend(["--store".to_owned(), store.to_string()]);
    }
    arguments.extend(["--kind".to_owned(), config.executor.name().to_owned()]);
    arguments.extend(["--isolation".to_owned(), config.isolation.name().to_owned()]);
    arguments.extend(["--warm-idle".to_owned(), config.warm_idle_seconds.to_string()]);
    if let Some(python) = &config.python {
        arguments.extend(["--python".to_owned(), path(python)]);
    }
    if let Some(slots) = config.parallelism {
        arguments.extend(["--parallelism".to_owned(), slots.to_string()]);
    }
    if config.database.is_some() {
        arguments.extend(["--name".to_owned(), own_name(&config.data)]);
    }
    for name in &config.pass_env {
        arguments.extend(["--pass-env".to_owned(), name.clone()]);
    }
    arguments
}

/// The name of the executor of a data folder among those of other servers on the same database: made up once, and
/// kept, so that an executor that is started anew is known to be the former one's successor.
fn own_name(data: &Path) -> String {
    let file = folder_of(data).join("name");
    if let Ok(kept) = std::fs::read_to_string(&file) {
        return kept.trim().to_owned();
    }
    let name = format!("local-{:08x}", RandomState::new().build_hasher().finish() >> 32);
    let kept = make(&folder_of(data)).and_then(|()| replace(&file, &name));
    if let Err(error) = kept {
        warn!(error = %error, "the executor's name could not be kept");
    }
    name
}

/// The executor that holds the folder's lock, if there is one.
pub(crate) fn find_running(data: &Path) -> io::Result<Option<Whoami>> {
    let file = match File::open(lock_file(data)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        // Nobody has it; dropping the file lets go again.
        Ok(()) => Ok(None),
        // One that has just taken the lock has not written yet; then the file names a former one.
        Err(TryLockError::WouldBlock) => match Whoami::read(data).filter(|said| said.process.exists()) {
            Some(running) => Ok(Some(running)),
            None => {
                Err(io::Error::other("an executor runs on the data folder, but it does not say who it is"))
            }
        },
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits until the lock at `path` is let go. A thread sleeps in the kernel for that: no timer polls.
async fn wait_for_release(path: PathBuf) {
    let (done, wait) = oneshot::channel();
    std::thread::spawn(move || {
        // If it cannot even be opened, then whoever holds it cannot be waited for either.
        let _released = File::open(path).and_then(|file| file.lock());
        let _ = done.send(());
    });
    let _ = wait.await;
}

fn log_path(data: &Path) -> PathBuf {
    folder_of(data).join("executor.log")
}

fn log_file(path: &Path) -> io::Result<File> {
    let too_long = std::fs::metadata(path).is_ok_and(|log| log.len() > MOST_LOG_BYTES);
    if too_long {
        std::fs::rename(path, path.with_extension("log.old"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use wingbeat_executor::ProcessId;

    use super::{Whoami, find_running, folder_of, lock_file};

    fn said(process: ProcessId) -> Whoami {
        Whoami { process, arguments: vec!["executor".to_owned()] }
    }

    #[test]
    fn who_holds_the_lock_is_found_by_what_it_wrote() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(find_running(data.path()).expect("no lock"), None);
        let own = said(ProcessId::own().expect("it has a start time"));
        own.write(data.path()).expect("it is written");
        let lock = File::create(lock_file(data.path())).expect("a lock file");
        assert_eq!(find_running(data.path()).expect("nobody has it"), None);
        lock.lock().expect("it is free");
        assert_eq!(find_running(data.path()).expect("it is held"), Some(own));
    }

    #[test]
    fn a_name_that_a_former_executor_left_is_not_believed() {
        let data = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder_of(data.path())).expect("a folder");
        let lock = File::create(lock_file(data.path())).expect("a lock file");
        lock.lock().expect("it is free");
        assert!(find_running(data.path()).is_err(), "nothing is written");
        let own = ProcessId::own().expect("it has a start time");
        // The number is in use again, by a process that started later.
        let former = said(ProcessId { started: own.started - 1, ..own });
        former.write(data.path()).expect("it is written");
        assert!(find_running(data.path()).is_err(), "it names nobody");
    }
}
