//! Which processes there are and where their lines go, for the executor after this one.
//!
//! ```text
//! <data>/executor/running/<n>.json           an attempt's, while it may have processes; empty: nobody's
//! <data>/executor/running/template-<n>.json  a preloaded interpreter's
//! <data>/executor/running/reused-<n>.json    a reused process's
//! ```
//!
//! An attempt's file is written over by the next one's: to make and remove files costs a file system more than all else
//! that is done here, and ext4 without a journal walks over every one that was removed in the last minutes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::{FolderError, io_error};
use crate::process::FamilyMark;

/// Version of the record's format; a record of another version is never acted on.
const RECORD_VERSION: u32 = 1;

/// Bytes that are written wholly or not at all, whenever the executor is killed: a page.
const WRITTEN_WHOLE: usize = 4_096;

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

/// The file for an attempt's record.
#[derive(Debug, Clone)]
pub(crate) struct Slot(PathBuf);

impl Slot {
    /// Writes the attempt's record, over an earlier one of its own if there is one.
    pub(super) fn write(&self, family: &FamilyMark, output: AttemptOutput) -> Result<(), FolderError> {
        write_over(&self.0, text(family, Some(output))).map_err(|source| io_error(&self.0, source))
    }
}

/// All records.
#[derive(Debug)]
pub(super) struct Records {
    folder: PathBuf,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    spare: Vec<Slot>,
    /// The highest number of any.
    newest: u64,
}

impl Records {
    /// Those of the folder, with what the executor before this one left.
    pub(super) fn open(folder: PathBuf) -> Result<Self, FolderError> {
        fs::create_dir_all(&folder).map_err(|source| io_error(&folder, source))?;
        let mut slots = Slots::default();
        for path in entries(&folder) {
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            let Some(number) = number else { continue };
            slots.newest = slots.newest.max(number);
            if is_empty(&path) {
                slots.spare.push(Slot(path));
            }
        }
        Ok(Self { folder, slots: Mutex::new(slots) })
    }

    /// Every record that says something, or cannot be read.
    pub(super) fn leftovers(&self) -> Vec<Leftover> {
        entries(&self.folder).filter(|path| !is_empty(path)).map(read).collect()
    }

    /// A file for one attempt more.
    pub(super) fn take(&self) -> Slot {
        let mut slots = self.lock();
        slots.spare.pop().unwrap_or_else(|| {
            slots.newest += 1;
            Slot(self.folder.join(format!("{}.json", slots.newest)))
        })
    }

    /// Clears the record, for another attempt.
    pub(super) fn give_back(&self, slot: &Slot) {
        match File::create(&slot.0) {
            Ok(_emptied) => self.lock().spare.push(slot.clone()),
            Err(error) => {
                tracing::warn!(%error, path = %slot.0.display(), "could not clear a record of processes");
            }
        }
    }

    /// Writes the record of a process that is not an attempt's.
    pub(super) fn write_named(&self, name: &str, family: &FamilyMark) -> Result<(), FolderError> {
        let path = self.named(name);
        write_over(&path, text(family, None)).map_err(|source| io_error(&path, source))
    }

    /// Removes it.
    pub(super) fn remove_named(&self, name: &str) {
        let path = self.named(name);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "could not remove a record of processes");
        }
    }

    fn named(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        // No method can panic with half of a change.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() == 0)
}

/// A record that cannot be read, or is of another version, is there to be removed.
fn read(path: PathBuf) -> Leftover {
    let record = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Record>(&text).ok());
    let (family, output) = match record.filter(|record| record.version == RECORD_VERSION) {
        Some(Record { version: _, family, output }) => (Some(family), output),
        None => (None, None),
    };
    Leftover { record: path, family, output }
}

fn text(family: &FamilyMark, output: Option<AttemptOutput>) -> Vec<u8> {
    let record = Record { version: RECORD_VERSION, family: family.clone(), output };
    serde_json::to_vec(&record).expect("a record holds only text and numbers")
}

/// In one write, and never shorter than what is there, so that a successor never reads half of a record. Not synced:
/// processes do not outlive the machine either.
fn write_over(path: &Path, mut text: Vec<u8>) -> io::Result<()> {
    let there = fs::metadata(path).map_or(0, |file| usize::try_from(file.len()).unwrap_or_default());
    if text.len().max(there) > WRITTEN_WHOLE {
        let fresh = path.with_extension("new");
        return fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, path));
    }
    text.resize(text.len().max(there), b' ');
    OpenOptions::new().write(true).create(true).truncate(false).open(path)?.write_all(&text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{AttemptOutput, Records};
    use crate::process::FamilyMark;

    fn output(log_prefix: &str) -> AttemptOutput {
        AttemptOutput { log_prefix: log_prefix.to_owned(), stdout: "out".into(), stderr: "err".into() }
    }

    fn on_record(records: &Records) -> Vec<String> {
        let mut prefixes: Vec<String> =
            records.leftovers().into_iter().map(|left| left.output.unwrap().log_prefix).collect();
        prefixes.sort();
        prefixes
    }

    #[test]
    fn a_file_is_used_again_and_tells_only_of_its_last_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path().join("running")).unwrap();
        let mark = FamilyMark::announce("mark".to_owned());
        let (first, second) = (records.take(), records.take());
        first.write(&mark, output("the-first-and-longest")).unwrap();
        first.write(&mark, output("first")).unwrap();
        second.write(&mark, output("second")).unwrap();
        assert_eq!(on_record(&records), ["first", "second"], "a shorter text leaves nothing of a longer one");

        records.give_back(&first);
        assert_eq!(on_record(&records), ["second"]);
        let long = "l".repeat(5_000);
        second.write(&mark, output(&long)).unwrap();
        assert_eq!(on_record(&records), [long], "one that is longer than a page is moved into place");
        second.write(&mark, output("second")).unwrap();
        let third = records.take();
        assert_eq!(third.0, first.0);
        assert_eq!(on_record(&records), ["second"], "nothing of the first is left in it");
        third.write(&mark, output("third")).unwrap();
        assert_eq!(on_record(&records), ["second", "third"]);
    }

    #[test]
    fn what_a_dead_executor_left_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let mark = FamilyMark::announce("mark".to_owned());
        let dead = Records::open(folder.path().to_owned()).unwrap();
        let (left, spare) = (dead.take(), dead.take());
        left.write(&mark, output("left")).unwrap();
        dead.give_back(&spare);
        fs::write(folder.path().join("torn.json"), "{").unwrap();

        let successor = Records::open(folder.path().to_owned()).unwrap();
        assert_eq!(successor.leftovers().len(), 2, "one of them cannot be read");
        let (one, other) = (successor.take(), successor.take());
        assert_eq!(one.0, spare.0);
        assert!(other.0 != left.0 && other.0 != spare.0);
    }
}
