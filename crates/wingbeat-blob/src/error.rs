//! Decides what a failure of the store means to the caller: gone, in the way, too big, no room, or broken.

use std::error::Error;
use std::io;

use crate::path::BlobPath;

/// Why an object could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such object; a folder is none.
    #[error("object `{path}` does not exist")]
    NotFound {
        /// The object.
        path: BlobPath,
    },
    /// There is one already, and it was not to be replaced.
    #[error("object `{path}` exists already")]
    AlreadyExists {
        /// The object.
        path: BlobPath,
    },
    /// The object is larger than the caller can take.
    #[error("object `{path}` has {size} bytes, more than {max_bytes}")]
    TooLarge {
        /// The object.
        path: BlobPath,
        /// Its size in bytes.
        size: u64,
        /// What the caller allowed.
        max_bytes: u64,
    },
    /// A symlink on the way leads out of the store; nothing was touched.
    #[error("object `{path}` lies behind a symlink that leaves the store")]
    OutsideRoot {
        /// The object.
        path: BlobPath,
    },
    /// No room, or no quota. Nothing was published; a person must make room.
    #[error("the disk is full: could not write object `{path}`")]
    DiskFull {
        /// The object.
        path: BlobPath,
        /// What the disk said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Anything else that the disk or the service said.
    #[error("could not access object `{path}`")]
    Io {
        /// The object.
        path: BlobPath,
        /// What the disk said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl BlobError {
    /// Whether the object is missing, which many callers treat as an answer.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    pub(crate) fn from_store(path: &BlobPath, source: object_store::Error) -> Self {
        let path = path.clone();
        if matches!(source, object_store::Error::NotFound { .. }) {
            return Self::NotFound { path };
        }
        if matches!(source, object_store::Error::AlreadyExists { .. }) {
            return Self::AlreadyExists { path };
        }
        if io_kind(&source).is_some_and(is_full) {
            return Self::DiskFull { path, source: source.into() };
        }
        Self::Io { path, source: source.into() }
    }

    /// Like [`Self::from_store`] for reads, where a file in a folder's place means that nothing is there.
    pub(crate) fn from_read(path: &BlobPath, source: object_store::Error) -> Self {
        if io_kind(&source) == Some(io::ErrorKind::NotADirectory) {
            return Self::NotFound { path: path.clone() };
        }
        Self::from_store(path, source)
    }

    pub(crate) fn from_io(path: &BlobPath, source: io::Error) -> Self {
        let path = path.clone();
        let kind = source.kind();
        if matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            return Self::NotFound { path };
        }
        if is_full(kind) {
            return Self::DiskFull { path, source: source.into() };
        }
        Self::Io { path, source: source.into() }
    }
}

/// The kind of the first I/O error in the chain: `object_store` has no kind of its own for a full disk.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = inner.source();
    }
    None
}

fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::BlobError;
    use crate::path::BlobPath;

    /// The way `object_store` wraps what the disk says: once in its local error, once in `Generic`.
    #[derive(Debug, thiserror::Error)]
    #[error("unable to copy data to file: {source}")]
    struct LocalError {
        source: io::Error,
    }

    fn wrapped(kind: io::ErrorKind) -> object_store::Error {
        object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(LocalError { source: kind.into() }),
        }
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let path = BlobPath::parse("a").unwrap();
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = BlobError::from_store(&path, wrapped(kind));
            assert!(matches!(error, BlobError::DiskFull { .. }), "{error:?}");
            assert!(error.to_string().contains("disk is full"));
            assert!(matches!(BlobError::from_io(&path, kind.into()), BlobError::DiskFull { .. }));
        }
        let enospc = io::Error::from_raw_os_error(28);
        assert!(matches!(BlobError::from_io(&path, enospc), BlobError::DiskFull { .. }));
        let denied = BlobError::from_store(&path, wrapped(io::ErrorKind::PermissionDenied));
        assert!(matches!(denied, BlobError::Io { .. }));
    }

    #[test]
    fn a_file_in_a_folders_place_is_absence_only_when_reading() {
        let path = BlobPath::parse("a/b").unwrap();
        assert!(BlobError::from_read(&path, wrapped(io::ErrorKind::NotADirectory)).is_not_found());
        assert!(!BlobError::from_store(&path, wrapped(io::ErrorKind::NotADirectory)).is_not_found());
    }
}
