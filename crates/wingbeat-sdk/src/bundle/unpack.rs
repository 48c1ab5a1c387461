//! Takes a bundle out into a folder. Nothing in it is believed: neither names, nor kinds, nor sizes.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use super::MAX_CONTENT_BYTES;

/// Bounds of what a bundle may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Bytes of all files together, and of everything that is decompressed.
    pub max_bytes: u64,
    /// Files and folders.
    pub max_entries: usize,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        // Names and padding come to the files' own bytes.
        Self { max_bytes: MAX_CONTENT_BYTES + (64 << 20), max_entries: 200_000 }
    }
}

/// Why a bundle was not taken out, or not as a whole.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// Not an archive, or a damaged one.
    #[error("the code bundle is damaged: {0}")]
    Damaged(#[source] io::Error),
    /// A name that leads out of the folder.
    #[error("the code bundle holds `{name}`, which leads out of its folder")]
    Escapes {
        /// The name as it stands there.
        name: String,
    },
    /// A link, a device or anything else that is no file.
    #[error("the code bundle holds `{name}`, which is neither a file nor a folder")]
    Kind {
        /// Its name.
        name: String,
    },
    /// More than is allowed.
    #[error("the code bundle holds more than {max_bytes} bytes or {max_entries} entries")]
    TooLarge {
        /// Bytes that are allowed.
        max_bytes: u64,
        /// Entries that are allowed.
        max_entries: usize,
    },
    /// The folder cannot be written to.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
}

/// Takes everything out of `archive` (tar in gzip) into `folder`, and gives the number of files. Files that are there
/// are replaced. After an error some files may be there. Blocking.
///
/// # Errors
/// [`UnpackError`]; nothing outside `folder` was touched.
pub fn unpack(archive: impl Read, folder: &Path, limits: UnpackLimits) -> Result<usize, UnpackError> {
    let too_large = || UnpackError::TooLarge { max_bytes: limits.max_bytes, max_entries: limits.max_entries };
    let write_failed = |path: PathBuf| move |source| UnpackError::Write { path, source };
    std::fs::create_dir_all(folder).map_err(write_failed(folder.to_owned()))?;
    // A kilobyte can hold a gigabyte of names, which the tar reader would keep in memory.
    let mut archive = Archive::new(MultiGzDecoder::new(archive).take(limits.max_bytes));
    archive.set_preserve_mtime(false);
    let (mut n_files, mut n_entries, mut n_bytes) = (0, 0, 0_u64);
    for entry in archive.entries().map_err(UnpackError::Damaged)? {
        let mut entry = entry.map_err(UnpackError::Damaged)?;
        n_entries += 1;
        n_bytes = n_bytes.saturating_add(entry.size());
        if n_entries > limits.max_entries || n_bytes > limits.max_bytes {
            return Err(too_large());
        }
        let (name, kind) = judge(&entry)?;
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        n_files += usize::from(kind != EntryType::Directory);
        // It follows no link that leads out of the folder, also none that was there before.
        let is_inside = entry.unpack_in(folder).map_err(write_failed(folder.join(&name)))?;
        if !is_inside {
            return Err(UnpackError::Escapes { name });
        }
    }
    Ok(n_files)
}

fn judge(entry: &Entry<'_, impl Read>) -> Result<(String, EntryType), UnpackError> {
    let path = entry.path().map_err(UnpackError::Damaged)?;
    let name = path.display().to_string();
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.is_empty() || name.contains('\0') || !path.components().all(is_plain) {
        return Err(UnpackError::Escapes { name });
    }
    let kind = entry.header().entry_type();
    let is_known =
        [EntryType::Regular, EntryType::Continuous, EntryType::Directory, EntryType::XGlobalHeader]
            .contains(&kind);
    if is_known { Ok((name, kind)) } else { Err(UnpackError::Kind { name }) }
}
