//! Code bundles that carry the task's own program. The stock runtime unpacks its bundle itself; a binary that lies in
//! one cannot, so the executor does it before the start (ADR 0010).
//!
//! A bundle comes from outside: nothing of it is written beside the attempt's folder, and its size is limited.

use std::io::{self, Cursor, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use wingbeat_blob::bundle::{UnpackError, UnpackLimits, unpack};
use wingbeat_blob::{BlobError, BlobStore};
use wingbeat_model::Failure;

use crate::errors::told;
use crate::outcome::{system, user};

mod ahead;
pub(crate) use ahead::unpack_ahead;

/// Code of a bundle that cannot be used.
const BAD_BUNDLE: &str = "BadCodeBundle";

/// Why a bundle does not give the program.
#[derive(Debug, thiserror::Error)]
enum NotPlaced {
    #[error("`--dest {0}` leads out of the attempt's folder")]
    Dest(String),
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    #[error("it cannot be used from the folder that the bundle was unpacked into")]
    Program(#[source] io::Error),
    #[error("unpacking ended early")]
    Ended(#[from] tokio::task::JoinError),
}

/// Where the program is. If it lies in a code bundle (a relative path, and the command has `--tgz`), the bundle is
/// unpacked into the working folder first.
///
/// # Errors
/// The bundle is not there or cannot be unpacked, or the program is not in it.
pub(crate) async fn placed(
    store: &BlobStore,
    work: &Path,
    program: PathBuf,
    args: &[String],
) -> Result<PathBuf, Failure> {
    let (Some(uri), true) = (flag(args, "--tgz"), is_within(&program)) else { return Ok(program) };
    let dest = Path::new(flag(args, "--dest").unwrap_or("."));
    let failed = |reason: NotPlaced| bad(uri, &program, &reason);
    if !stays_within(dest) {
        return Err(failed(NotPlaced::Dest(dest.display().to_string())));
    }
    let archive = open(store, uri).await?;
    let (folder, name, inner) = (work.join(dest), archive_name(uri).to_owned(), program.clone());
    let unpacking = tokio::task::spawn_blocking(move || {
        unpack(archive, &folder, UnpackLimits::default())?;
        // The sign by which the runtime knows that there is nothing left to unpack.
        std::fs::write(folder.join(format!(".{name}.extracted")), "").map_err(NotPlaced::Program)?;
        executable(&folder.join(inner)).map_err(NotPlaced::Program)
    });
    unpacking.await.map_err(NotPlaced::from).flatten().map_err(failed)
}

/// The value behind a flag.
pub(crate) fn flag<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    let ix = args.iter().position(|arg| arg == name)?;
    args.get(ix + 1).map(String::as_str)
}

/// Is it a relative path that leads nowhere else? A bare name is looked for on PATH.
fn is_within(program: &Path) -> bool {
    let is_bare = program.components().count() == 1 && !program.starts_with(".");
    !is_bare && stays_within(program)
}

fn stays_within(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn archive_name(uri: &str) -> &str {
    uri.rsplit('/').next().unwrap_or(uri)
}

fn bad(uri: &str, program: &Path, reason: &NotPlaced) -> Failure {
    let (name, program) = (archive_name(uri), program.display());
    let message = format!("`{name}` does not give the program `{program}`: {}", told(reason));
    Failure { recoverable: false, ..user(BAD_BUNDLE, message) }
}

/// The archive, which lies in the store or on this machine.
async fn open(store: &BlobStore, uri: &str) -> Result<Box<dyn Read + Send>, Failure> {
    let name = archive_name(uri);
    let unusable = |message: String| Failure { recoverable: false, ..user(BAD_BUNDLE, message) };
    if let Ok(path) = store.locate(uri) {
        let archive = store.get_at_most(&path, UnpackLimits::default().max_bytes).await;
        return archive.map(|bytes| Box::new(Cursor::new(bytes)) as Box<_>).map_err(|error| {
            if error.is_not_found() {
                unusable(format!("the code bundle `{name}` is gone"))
            } else if let BlobError::TooLarge { size, max_bytes, .. } = error {
                unusable(format!("the code bundle `{name}` has {size} bytes, more than {max_bytes}"))
            } else {
                system("CodeBundleUnreachable", format!("the code bundle `{name}`: {}", told(&error)))
            }
        });
    }
    let file = tokio::fs::File::open(uri.strip_prefix("file://").unwrap_or(uri)).await;
    let file = file.map_err(|error| unusable(format!("the code bundle `{name}` cannot be read: {error}")))?;
    Ok(Box::new(file.into_std().await))
}

/// Archives of stock clients keep no permissions: what is to be started gets the one that it needs.
fn executable(program: &Path) -> io::Result<PathBuf> {
    let mode = std::fs::metadata(program)?.permissions().mode();
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(mode | 0o500))?;
    Ok(program.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use wingbeat_blob::BlobStore;

    use super::{is_within, placed};

    pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            // Written by hand: the builder itself refuses names that lead out.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn args(uri: &Path) -> Vec<String> {
        ["--tgz", uri.to_str().unwrap(), "--dest", "code"].map(ToOwned::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_program_in_a_bundle_is_unpacked_and_may_be_started() {
        let root = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&root.path().join("store")).unwrap();
        let uri = root.path().join("fast.tar.gz");
        std::fs::write(&uri, archive(&[("bin/task", "#!/bin/sh"), ("data/x.txt", "x")])).unwrap();
        let work = root.path().join("work");
        let program = placed(&store, &work, "./bin/task".into(), &args(&uri)).await.unwrap();
        assert!(program.starts_with(work.join("code")), "{}", program.display());
        assert_ne!(std::fs::metadata(&program).unwrap().permissions().mode() & 0o100, 0);
        assert_eq!(std::fs::read_to_string(work.join("code/data/x.txt")).unwrap(), "x");
        assert!(work.join("code/.fast.tar.gz.extracted").exists());
    }

    #[tokio::test]
    async fn what_leads_out_is_refused_and_nothing_of_it_written() {
        let root = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&root.path().join("store")).unwrap();
        let uri = root.path().join("fast.tar.gz");
        std::fs::write(&uri, archive(&[("../../escaped", "x"), ("bin/task", "")])).unwrap();
        let failure =
            placed(&store, &root.path().join("work"), "bin/task".into(), &args(&uri)).await.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.recoverable), ("BadCodeBundle", false));
        assert!(failure.message.contains("leads out"), "{}", failure.message);
        assert!(!root.path().join("escaped").exists());
    }

    #[tokio::test]
    async fn a_bundle_that_is_gone_or_lacks_the_program_is_told_by_name() {
        let root = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&root.path().join("store")).unwrap();
        let uri = root.path().join("fast.tar.gz");
        let failure = placed(&store, root.path(), "bin/task".into(), &args(&uri)).await.unwrap_err();
        assert!(failure.message.contains("`fast.tar.gz`"), "{}", failure.message);
        std::fs::write(&uri, archive(&[("bin/other", "")])).unwrap();
        let failure = placed(&store, root.path(), "bin/task".into(), &args(&uri)).await.unwrap_err();
        assert!(failure.message.contains("`bin/task`"), "{}", failure.message);
    }

    #[tokio::test]
    async fn other_programs_stay_where_they_are() {
        let root = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&root.path().join("store")).unwrap();
        let program = placed(&store, root.path(), "/venv/bin/a0".into(), &args(root.path())).await;
        assert_eq!(program.unwrap(), PathBuf::from("/venv/bin/a0"));
        for (program, within) in [("a0", false), ("../x/y", false), ("./x", true), ("bin/x", true)] {
            assert_eq!(is_within(Path::new(program)), within, "{program}");
        }
    }
}
