//! Takes code bundles out into a folder: for the executor, when a task's program lies in one, and for whoever else has
//! to. Nothing in a bundle is believed: neither names, nor kinds, nor modes, nor sizes. Packing one is not done here.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry};

/// Largest content of a bundle; what is larger is data, not code.
pub const MAX_CONTENT_BYTES: u64 = 1 << 30;

/// What its owner may always do with a file that was taken out: read it and write it.
#[cfg(unix)]
const OWNERS_MODE: u32 = 0o600;

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
    #[error("the code bundle is damaged")]
    Damaged {
        /// What its reader says.
        source: io::Error,
    },
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
    /// The folder cannot be written to, or the archive ends within a file.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
}

/// Takes everything out of `archive` (tar in gzip) into `folder`, and gives the number of files. Files that are there
/// are replaced, folders are made for the files in them. After an error some files may be there. Blocking.
///
/// # Errors
/// [`UnpackError`]; nothing outside `folder` was touched.
pub fn unpack(archive: impl Read, folder: &Path, limits: UnpackLimits) -> Result<usize, UnpackError> {
    std::fs::create_dir_all(folder).map_err(|source| write_failed(folder, source))?;
    // A kilobyte can hold a gigabyte of names, which the tar reader would keep in memory. One byte more than is allowed:
    // a bundle that reaches it is too large, and not damaged.
    let bytes = MultiGzDecoder::new(archive).take(limits.max_bytes.saturating_add(1));
    let mut archive = Archive::new(bytes);
    archive.set_preserve_mtime(false);
    let unpacked = unpack_entries(&mut archive, folder, limits);
    if unpacked.is_err() && archive.into_inner().limit() == 0 {
        return Err(too_large(limits));
    }
    unpacked
}

fn too_large(limits: UnpackLimits) -> UnpackError {
    UnpackError::TooLarge { max_bytes: limits.max_bytes, max_entries: limits.max_entries }
}

fn damaged(source: io::Error) -> UnpackError {
    UnpackError::Damaged { source }
}

fn write_failed(path: &Path, source: io::Error) -> UnpackError {
    UnpackError::Write { path: path.to_owned(), source }
}

fn unpack_entries(
    archive: &mut Archive<impl Read>,
    folder: &Path,
    limits: UnpackLimits,
) -> Result<usize, UnpackError> {
    let (mut n_files, mut n_entries, mut n_bytes) = (0, 0, 0_u64);
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        n_entries += 1;
        n_bytes = n_bytes.saturating_add(entry.size());
        if n_entries > limits.max_entries || n_bytes > limits.max_bytes {
            return Err(too_large(limits));
        }
        if let Some(path) = file_of(&entry)? {
            unpack_file(&mut entry, &path, folder)?;
            n_files += 1;
        }
    }
    Ok(n_files)
}

/// The path of a file; none for a folder, whose mode is not believed either.
fn file_of(entry: &Entry<'_, impl Read>) -> Result<Option<PathBuf>, UnpackError> {
    let path = entry.path().map_err(damaged)?;
    let name = path.display().to_string();
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.is_empty() || name.contains('\0') || !path.components().all(is_plain) {
        return Err(UnpackError::Escapes { name });
    }
    let kind = entry.header().entry_type();
    // Old archives write a folder as a file whose name ends so.
    if kind.is_dir() || (kind.is_file() && entry.path_bytes().ends_with(b"/")) {
        return Ok(None);
    }
    let is_named = path.components().any(|part| matches!(part, Component::Normal(_)));
    // Links could lead a later entry out of the folder.
    if kind.is_file() && is_named { Ok(Some(path.into_owned())) } else { Err(UnpackError::Kind { name }) }
}

fn unpack_file(entry: &mut Entry<'_, impl Read>, path: &Path, folder: &Path) -> Result<(), UnpackError> {
    let target = folder.join(path);
    // It follows no link that leads out of the folder, also none that was there before, and sets none of the modes that
    // lend rights to others.
    let is_inside = entry.unpack_in(folder).map_err(|source| write_failed(&target, source))?;
    if !is_inside {
        return Err(UnpackError::Escapes { name: path.display().to_string() });
    }
    keep_for_owner(&target).map_err(|source| write_failed(&target, source))
}

#[cfg(unix)]
fn keep_for_owner(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::symlink_metadata(file)?.permissions().mode();
    if mode & OWNERS_MODE == OWNERS_MODE {
        return Ok(());
    }
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode | OWNERS_MODE))
}

#[cfg(not(unix))]
fn keep_for_owner(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
