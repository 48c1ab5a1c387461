//! The executor's part of the data folder: who may use it, an attempt's folder, and the records by
//! which a successor finds what a dead executor left running.
//!
//! ```text
//! <data>/executor/lock                     held while an executor runs
//! <data>/executor/running/<attempt>.json   one per attempt that may have processes
//! <data>/executor/templates/               of preloaded interpreters: their program and output
//! <data>/executor/reused/<random>/         of a reused process: working folder, TMPDIR, output beside attempts
//! <data>/attempts/<run>/<action>/<n>/work  working folder of the process; the code bundle goes here
//! <data>/attempts/<run>/<action>/<n>/tmp   its TMPDIR
//! ```
//!
//! The folder of an attempt, or of a reused process, is not removed here: literals of local files may point into it for as long as
//! the run exists.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::assignment::Held;
use crate::process::FamilyMark;

/// How long a new executor waits for the one before it to let go of the folder.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// Version of the record's format; a record of another version is never acted on.
const RECORD_VERSION: u32 = 1;

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another executor has it.
    #[error("another executor uses {}", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("could not prepare {}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The executor's part of the data folder. One executor at a time has it.
#[derive(Debug)]
pub(crate) struct DataFolder {
    attempts: PathBuf,
    running: PathBuf,
    templates: PathBuf,
    reused: PathBuf,
    // Closing it lets the next executor in.
    _lock: File,
}

/// The folder of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct AttemptFolder {
    /// Working folder of the process.
    pub(crate) work: PathBuf,
    /// For its temporary files.
    pub(crate) temp: PathBuf,
    pub(crate) stdout: PathBuf,
    pub(crate) stderr: PathBuf,
}

impl AttemptFolder {
    fn below(root: &Path) -> Self {
        Self {
            work: root.join("work"),
            temp: root.join("tmp"),
            stdout: root.join("stdout.log"),
            stderr: root.join("stderr.log"),
        }
    }
}

/// The folder of one reused process.
#[derive(Debug)]
pub(crate) struct ProcessFolder {
    /// Its working folder, with the code bundle.
    pub(crate) work: PathBuf,
    /// For temporary files that belong to no attempt.
    pub(crate) temp: PathBuf,
    /// Output that belongs to no attempt.
    pub(crate) log: PathBuf,
}

/// What a successor needs to know of one attempt's processes.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    family: FamilyMark,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<AttemptOutput>,
}

/// Where the lines of an attempt are, and where they belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AttemptOutput {
    pub(crate) log_prefix: String,
    pub(crate) stdout: PathBuf,
    pub(crate) stderr: PathBuf,
}

/// What an executor that died left on record.
#[derive(Debug)]
pub(crate) struct Leftover {
    /// The record, to be removed once it is dealt with.
    pub(crate) record: PathBuf,
    /// Nothing if the record cannot be read.
    pub(crate) family: Option<FamilyMark>,
    /// Only attempts have one.
    pub(crate) output: Option<AttemptOutput>,
}

impl DataFolder {
    /// Takes the folder; waits a little for an executor that is just ending.
    ///
    /// # Errors
    /// [`FolderError::InUse`]: end the other executor first.
    pub(crate) async fn open(data_dir: &Path) -> Result<Self, FolderError> {
        let (own, attempts) = (data_dir.join("executor"), data_dir.join("attempts"));
        let running = own.join("running");
        for folder in [&running, &attempts] {
            fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        }
        let path = own.join("lock");
        let lock = File::create(&path).map_err(|source| io_error(&path, source))?;
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    let (templates, reused) = (own.join("templates"), own.join("reused"));
                    return Ok(Self { attempts, running, templates, reused, _lock: lock });
                }
                Err(TryLockError::Error(source)) => return Err(io_error(&path, source)),
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    return Err(FolderError::InUse { path });
                }
                // The system offers no way to await a file lock; this ends after ten seconds.
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Makes the folder of an attempt, empty. What an earlier start of the same attempt left is removed:
    /// the SDK would take a bundle's marker there for its own.
    ///
    /// # Errors
    /// [`FolderError::Io`]: the attempt cannot run here.
    pub(crate) fn create_attempt(&self, held: &Held) -> Result<AttemptFolder, FolderError> {
        let root = self.attempt_root(held);
        if root.exists() {
            fs::remove_dir_all(&root).map_err(|source| io_error(&root, source))?;
        }
        let folder = AttemptFolder::below(&root);
        for path in [&folder.work, &folder.temp] {
            fs::create_dir_all(path).map_err(|source| io_error(path, source))?;
        }
        Ok(folder)
    }

    /// Writes down which processes belong to an attempt, and where its lines go. Called before the start, and again with
    /// the leader's number after it, so that no moment exists at which a process is in no record.
    ///
    /// # Errors
    /// [`FolderError::Io`]: the attempt must not be started.
    pub(crate) fn record(
        &self,
        held: &Held,
        family: &FamilyMark,
        log_prefix: &str,
    ) -> Result<(), FolderError> {
        let AttemptFolder { stdout, stderr, .. } = AttemptFolder::below(&self.attempt_root(held));
        let output = AttemptOutput { log_prefix: log_prefix.to_owned(), stdout, stderr };
        write_record(&self.record_path(held), family, Some(output))
    }

    /// The same for a preloaded interpreter.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it must not be started.
    pub(crate) fn record_template(&self, number: u64, family: &FamilyMark) -> Result<(), FolderError> {
        write_record(&self.template_record_path(number), family, None)
    }

    /// Forgets an attempt whose processes are gone.
    pub(crate) fn forget(&self, held: &Held) {
        forget(&self.record_path(held));
    }

    /// Forgets a preloaded interpreter that is gone.
    pub(crate) fn forget_template(&self, number: u64) {
        forget(&self.template_record_path(number));
    }

    /// The same for a reused process.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it must not be started.
    pub(crate) fn record_reused(&self, number: u64, family: &FamilyMark) -> Result<(), FolderError> {
        write_record(&self.reused_record_path(number), family, None)
    }

    /// Forgets a reused process that is gone.
    pub(crate) fn forget_reused(&self, number: u64) {
        forget(&self.reused_record_path(number));
    }

    /// Makes the folder of a new reused process.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it cannot be started.
    pub(crate) fn reused(&self) -> Result<ProcessFolder, FolderError> {
        let root = self.reused.join(format!("{:016x}", rand::random::<u64>()));
        let folder =
            ProcessFolder { work: root.join("work"), temp: root.join("tmp"), log: root.join("output.log") };
        for path in [&folder.work, &folder.temp] {
            fs::create_dir_all(path).map_err(|source| io_error(path, source))?;
        }
        Ok(folder)
    }

    /// The folder of what preloaded interpreters need: their program, their output, temporary files.
    ///
    /// # Errors
    /// [`FolderError::Io`]: none can be started.
    pub(crate) fn templates(&self) -> Result<PathBuf, FolderError> {
        fs::create_dir_all(&self.templates).map_err(|source| io_error(&self.templates, source))?;
        Ok(self.templates.clone())
    }

    /// What an executor before this one left on record.
    pub(crate) fn leftovers(&self) -> Vec<Leftover> {
        let Ok(entries) = fs::read_dir(&self.running) else { return Vec::new() };
        entries.flatten().map(|entry| read_record(entry.path())).collect()
    }

    fn attempt_root(&self, held: &Held) -> PathBuf {
        let action = &held.key.action;
        let run = self.attempts.join(action.run.0.to_string());
        run.join(action.name.as_str()).join(held.key.attempt.to_string())
    }

    fn template_record_path(&self, number: u64) -> PathBuf {
        self.running.join(format!("template-{number}.json"))
    }

    fn reused_record_path(&self, number: u64) -> PathBuf {
        self.running.join(format!("reused-{number}.json"))
    }

    fn record_path(&self, held: &Held) -> PathBuf {
        self.running.join(format!("{held}-{}.json", held.fence.0))
    }
}

/// A record that cannot be read, or is of another version, is there to be removed.
fn read_record(path: PathBuf) -> Leftover {
    let record = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Record>(&text).ok());
    let (family, output) = match record.filter(|record| record.version == RECORD_VERSION) {
        Some(Record { version: _, family, output }) => (Some(family), output),
        None => (None, None),
    };
    Leftover { record: path, family, output }
}

fn write_record(path: &Path, family: &FamilyMark, output: Option<AttemptOutput>) -> Result<(), FolderError> {
    let record = Record { version: RECORD_VERSION, family: family.clone(), output };
    let text = serde_json::to_vec(&record).expect("a record holds only text and numbers");
    // Renamed into place, so that a successor never reads half of it. Not synced: processes do not
    // outlive the machine either.
    let fresh = path.with_extension("new");
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, path)).map_err(|source| io_error(path, source))
}

fn forget(record: &Path) {
    if let Err(error) = fs::remove_file(record)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %record.display(), "could not remove a record of processes");
    }
}

fn io_error(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io { path: path.to_owned(), source }
}
