//! The files through which an attempt and the platform talk: makes the folders before the start, and
//! afterwards reads the error, makes the outputs durable and takes their digest.
//!
//! It reports what it found and leaves the verdict to `outcome`. Local paths only: what is in a bucket is looked
//! at by `results`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use buffa::Message;
use sha2::{Digest, Sha256};
use wingbeat_blob::{BlobError, BlobStore};
use wingbeat_proto::flyteidl2::core::{ErrorDocument, container_error};

use crate::assignment::{Assignment, Target};
use crate::outcome::{ContainerError, ErrorFile, OutputsFile};

/// An `error.pb` larger than this is not the runtime's.
pub(crate) const MAX_ERROR_BYTES: u64 = 64 << 20;

/// Why an attempt's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// A URI of another kind than a path on this machine.
    #[error("`{uri}` is not a path on this machine, and this executor reaches no other storage")]
    NotLocal { uri: String },
    /// A file operation failed.
    #[error("could not use {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The platform's bucket could not be used.
    #[error(transparent)]
    Store(#[from] BlobError),
}

/// What an attempt left behind.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) error: ErrorFile,
    pub(crate) outputs: Option<OutputsFile>,
    /// Full path of the report; empty if none was written.
    pub(crate) report_uri: String,
}

/// Every folder that must be there before the attempt writes to it.
///
/// # Errors
/// [`FilesError::NotLocal`]: the attempt cannot run.
pub(crate) fn places(assignment: &Assignment, store: &BlobStore) -> Result<BTreeSet<PathBuf>, FilesError> {
    let a = assignment;
    // It makes the folder of raw data itself: most attempts need none, and an empty folder fills a block of the disk.
    let is_runtime = matches!(&a.task.target, Target::Container(command) if command.is_runtime());
    let mut folders = BTreeSet::new();
    for (uri, made_later) in
        [(&a.output_prefix, false), (&a.raw_data_prefix, is_runtime), (&parent(&a.checkpoint_uri), false)]
    {
        // A bucket has no folders. Raw data may go to another one than ours.
        if store.is_shared() && uri.starts_with("s3://") {
            continue;
        }
        let folder = local(uri)?;
        if !made_later && !folder.as_os_str().is_empty() {
            folders.insert(folder);
        }
    }
    Ok(folders)
}

/// Makes folders. Blocking.
///
/// # Errors
/// [`FilesError::Io`]: the attempt cannot run.
pub(crate) fn create(folders: &BTreeSet<PathBuf>) -> Result<(), FilesError> {
    let make = |folder: &PathBuf| {
        fs::create_dir_all(folder).map_err(|source| FilesError::Io { path: folder.clone(), source })
    };
    folders.iter().try_for_each(make)
}

/// Looks at what the attempt wrote. Its outputs are durable when this returns. Blocking.
///
/// # Errors
/// [`FilesError`]: the outputs may be there but cannot be promised to last.
pub(crate) fn collect(output_prefix: &str) -> Result<Found, FilesError> {
    let folder = local(output_prefix)?;
    let report = folder.join("report.html");
    Ok(Found {
        error: read_error(&folder.join("error.pb")),
        outputs: settle_outputs(&folder)?,
        report_uri: if report.is_file() { text(&report) } else { String::new() },
    })
}

/// Writes an empty, durable `outputs.pb` for a task that wrote none. Blocking.
///
/// # Errors
/// [`FilesError`]: nothing can be promised.
pub(crate) fn write_empty_outputs(output_prefix: &str) -> Result<OutputsFile, FilesError> {
    let folder = local(output_prefix)?;
    let path = folder.join("outputs.pb");
    fs::create_dir_all(&folder)
        .and_then(|()| File::create(&path)?.sync_all())
        .and_then(|()| File::open(&folder)?.sync_all())
        .map_err(|source| FilesError::Io { path: path.clone(), source })?;
    Ok(OutputsFile { folder: text(&folder), size: 0, sha256: Sha256::digest(b"").into() })
}

fn parent(uri: &str) -> String {
    uri.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn local(uri: &str) -> Result<PathBuf, FilesError> {
    let path = uri.strip_prefix("file://").unwrap_or(uri).trim_end_matches('/');
    if path.contains("://") {
        return Err(FilesError::NotLocal { uri: uri.to_owned() });
    }
    Ok(PathBuf::from(path))
}

fn read_error(path: &Path) -> ErrorFile {
    let bytes = match File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MAX_ERROR_BYTES).read_to_end(&mut bytes).map(|_| bytes)
    }) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return ErrorFile::Missing,
        Err(error) => return ErrorFile::Unreadable(error.to_string()),
    };
    decode_error(&bytes)
}

/// Reads what the runtime wrote of a failure.
pub(crate) fn decode_error(bytes: &[u8]) -> ErrorFile {
    match ErrorDocument::decode_from_slice(bytes) {
        Ok(document) => ErrorFile::Read(ContainerError {
            code: document.error.code.clone(),
            message: document.error.message.clone(),
            recoverable: document.error.kind == container_error::Kind::RECOVERABLE,
            origin: document.error.origin.to_i32(),
        }),
        Err(error) => ErrorFile::Unreadable(error.to_string()),
    }
}

/// Syncs the file, then its folder's entry, and takes size and digest on the way.
fn settle_outputs(folder: &Path) -> Result<Option<OutputsFile>, FilesError> {
    let path = folder.join("outputs.pb");
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FilesError::Io { path, source }),
    };
    let mut hasher = Sha256::new();
    let settled = io::copy(&mut file, &mut hasher)
        .and_then(|size| file.sync_all().map(|()| size))
        .and_then(|size| File::open(folder)?.sync_all().map(|()| size));
    match settled {
        Ok(size) => {
            let sha256 = hasher.finalize().into();
            Ok(Some(OutputsFile { folder: text(folder), size, sha256 }))
        }
        Err(source) => Err(FilesError::Io { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use buffa::Message;
    use sha2::{Digest, Sha256};
    use wingbeat_proto::flyteidl2::core::{
        ContainerError as WireError, ErrorDocument, container_error, execution_error,
    };

    use super::{ErrorFile, FilesError, collect, create, places};
    use crate::assignment::{Command, Target};
    use crate::testing::assignment;

    #[test]
    fn an_empty_folder_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let found = collect(folder.path().to_str().unwrap()).unwrap();
        assert_eq!((found.error, found.outputs, found.report_uri), (ErrorFile::Missing, None, String::new()));
    }

    #[test]
    fn outputs_report_and_error_are_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("outputs.pb"), b"abc").unwrap();
        fs::write(folder.path().join("report.html"), b"<p>").unwrap();
        let error = WireError {
            code: "ValueError".to_owned(),
            message: "no".to_owned(),
            kind: container_error::Kind::RECOVERABLE.into(),
            origin: execution_error::ErrorKind::USER.into(),
            ..Default::default()
        };
        let document = ErrorDocument { error: error.into(), ..Default::default() };
        fs::write(folder.path().join("error.pb"), document.encode_to_vec()).unwrap();
        let found = collect(&format!("{}/", folder.path().display())).unwrap();
        let outputs = found.outputs.unwrap();
        assert_eq!(outputs.folder, folder.path().display().to_string());
        assert_eq!((outputs.size, outputs.sha256), (3, Sha256::digest(b"abc").into()));
        assert!(found.report_uri.ends_with("/report.html"));
        let ErrorFile::Read(error) = found.error else { panic!("not read") };
        assert_eq!((error.code.as_str(), error.recoverable, error.origin), ("ValueError", true, 1));
    }

    #[test]
    fn folders_are_made_and_other_storage_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let below = |name: &str| root.path().join(name).display().to_string();
        let mut a = assignment();
        (a.output_prefix, a.raw_data_prefix) = (below("out/1"), below("raw/1"));
        a.checkpoint_uri = below("cp/1/_flytecheckpoints");
        let store = wingbeat_blob::BlobStore::open_local(&root.path().join("store")).unwrap();
        let command = |program: &str| Command { argv: vec![program.to_owned()], ..Command::default() };
        a.task.target = Target::Container(command("a0"));
        create(&places(&a, &store).unwrap()).unwrap();
        assert!(root.path().join("out/1").is_dir() && root.path().join("cp/1").is_dir());
        assert!(!root.path().join("raw").exists(), "the runtime makes it when it needs it");
        a.task.target = Target::Container(command("sh"));
        create(&places(&a, &store).unwrap()).unwrap();
        assert!(root.path().join("raw/1").is_dir());
        a.raw_data_prefix = "s3://bucket/x".to_owned();
        assert!(matches!(places(&a, &store), Err(FilesError::NotLocal { .. })));
    }
}
