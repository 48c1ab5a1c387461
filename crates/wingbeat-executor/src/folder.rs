//! The executor's part of the data folder: who may use it, an attempt's folder, and the records by
//! which a successor finds what a dead executor left running.
//!
//! ```text
//! <data>/executor/lock                     held while an executor runs
//! <data>/executor/running/                 what processes there are
//! <data>/executor/templates/               of preloaded interpreters: their program and output
//! <data>/executor/reused/<random>/         of a reused process: working folder, TMPDIR, output beside attempts
//! <data>/attempts/<run>/<action>-<n>/work  working folder of a process of its own; the code bundle goes here
//! <data>/attempts/<run>/<action>-<n>/tmp   its TMPDIR
//! <data>/attempts/<run>/<action>-<n>/*.log what it prints, until that is in the store
//! ```
//!
//! The folder of an attempt, or of a reused process, is not removed here: literals of local files may point into it for as long as
//! the run exists.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::assignment::Held;
use crate::process::FamilyMark;

mod records;

pub(crate) use records::{AttemptOutput, Leftover};
use records::{Records, Slot};

/// How long a new executor waits for the one before it to let go of the folder.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

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
    records: Records,
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
    record: Slot,
}

impl AttemptFolder {
    /// Makes the working folder, which only a process of its own needs.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it cannot be started.
    pub(crate) fn make_work(&self) -> Result<(), FolderError> {
        fs::create_dir_all(&self.work).map_err(|source| io_error(&self.work, source))
    }

    /// Writes down which processes belong to the attempt, and where its lines go. Called before the start, and again with
    /// the leader's number after it, so that no moment exists at which a process is in no record.
    ///
    /// # Errors
    /// [`FolderError::Io`]: the attempt must not be started.
    pub(crate) fn record(&self, family: &FamilyMark, log_prefix: &str) -> Result<(), FolderError> {
        let (stdout, stderr) = (self.stdout.clone(), self.stderr.clone());
        let output = AttemptOutput { log_prefix: log_prefix.to_owned(), stdout, stderr };
        self.record.write(family, output)
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

impl DataFolder {
    /// Takes the folder; waits a little for an executor that is just ending.
    ///
    /// # Errors
    /// [`FolderError::InUse`]: end the other executor first.
    pub(crate) async fn open(data_dir: &Path) -> Result<Self, FolderError> {
        let (own, attempts) = (data_dir.join("executor"), data_dir.join("attempts"));
        for folder in [&own, &attempts] {
            fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        }
        let path = own.join("lock");
        let lock = File::create(&path).map_err(|source| io_error(&path, source))?;
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    let records = Records::open(own.join("running"))?;
                    let (templates, reused) = (own.join("templates"), own.join("reused"));
                    return Ok(Self { attempts, records, templates, reused, _lock: lock });
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
        let temp = root.join("tmp");
        fs::create_dir_all(&temp).map_err(|source| io_error(&temp, source))?;
        Ok(AttemptFolder {
            work: root.join("work"),
            temp,
            stdout: root.join("stdout.log"),
            stderr: root.join("stderr.log"),
            record: self.records.take(),
        })
    }

    /// Forgets an attempt whose processes are gone and whose lines are stored: a second copy would only fill the disk.
    pub(crate) fn forget(&self, folder: &AttemptFolder) {
        for file in [&folder.stdout, &folder.stderr] {
            empty(file);
        }
        // Not before: the next executor stores the lines of those on record.
        self.records.give_back(&folder.record);
    }

    /// Writes down a preloaded interpreter.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it must not be started.
    pub(crate) fn record_template(&self, number: u64, family: &FamilyMark) -> Result<(), FolderError> {
        self.records.write_named(&template(number), family)
    }

    /// Forgets a preloaded interpreter that is gone.
    pub(crate) fn forget_template(&self, number: u64) {
        self.records.remove_named(&template(number));
        let _never_made = fs::remove_dir_all(self.temp_of_template(number));
    }

    /// An empty folder for what a preloaded interpreter writes while it loads.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it cannot be made.
    pub(crate) fn template_temp(&self, number: u64) -> Result<PathBuf, FolderError> {
        let temp = self.temp_of_template(number);
        // Of an interpreter that was killed.
        let _none_before = fs::remove_dir_all(&temp);
        fs::create_dir_all(&temp).map_err(|source| io_error(&temp, source))?;
        Ok(temp)
    }

    fn temp_of_template(&self, number: u64) -> PathBuf {
        self.templates.join(format!("{number}.tmp"))
    }

    /// Writes down a reused process.
    ///
    /// # Errors
    /// [`FolderError::Io`]: it must not be started.
    pub(crate) fn record_reused(&self, number: u64, family: &FamilyMark) -> Result<(), FolderError> {
        self.records.write_named(&reused(number), family)
    }

    /// Forgets a reused process that is gone.
    pub(crate) fn forget_reused(&self, number: u64) {
        self.records.remove_named(&reused(number));
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
        self.records.leftovers()
    }

    fn attempt_root(&self, held: &Held) -> PathBuf {
        let (action, attempt) = (&held.key.action, held.key.attempt);
        self.attempts.join(action.run.0.to_string()).join(format!("{}-{attempt}", action.name))
    }
}

fn template(number: u64) -> String {
    format!("template-{number}")
}

fn reused(number: u64) -> String {
    format!("reused-{number}")
}

/// Most attempts print nothing, so there is nothing to be done.
fn empty(file: &Path) {
    if fs::metadata(file).is_ok_and(|file| file.len() > 0)
        && let Err(error) = File::create(file)
    {
        tracing::warn!(%error, path = %file.display(), "could not empty a file of lines that are stored");
    }
}

fn io_error(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io { path: path.to_owned(), source }
}
