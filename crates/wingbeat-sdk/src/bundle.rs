//! Code bundles: a folder of the user's, packed so that the same files give the same bytes everywhere.
//!
//! The archive is what the stock SDK makes and unpacks: regular files only, relative to the root, without owners and
//! times. A version is the MD5 of the archive. What is left out is decided in [`ignored`]. Taking one out is done in
//! `wingbeat-blob`, for the executor too.

pub mod ignored;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use md5::{Digest as _, Md5};
use wingbeat_blob::bundle::MAX_CONTENT_BYTES;

/// 1981-01-01, as in every bundle of the stock SDK: zip tools know no time before.
const MODIFIED_SECONDS: u64 = 347_155_200;

/// A packed bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// `fast<md5 of the files>.tar.gz`: the same for the same files, however they were compressed.
    pub file_name: String,
    /// MD5 of the archive, as the platform wants it for the upload.
    pub md5: [u8; 16],
    /// The archive.
    pub archive: Bytes,
    /// Files in it.
    pub n_files: usize,
    /// What they hold together.
    pub content_bytes: u64,
}

impl Bundle {
    /// What stands for these files in `--version`: the archive's MD5 in hex.
    pub fn version(&self) -> String {
        hex(&self.md5)
    }
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BundleFile {
    /// Its name in the bundle, with `/`.
    pub name: String,
    /// Where it is now.
    pub source: PathBuf,
}

/// Why a bundle could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder cannot be walked.
    #[error("could not look through {}", path.display())]
    Walk {
        /// The folder, or what is below it.
        path: PathBuf,
        /// What the disk said.
        source: ignore::Error,
    },
    /// A file cannot be read.
    #[error("could not read {} for the code bundle", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Names in bundles are text.
    #[error("{} has a name that is not UTF-8; rename it, or leave it out in .flyteignore", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// Two files would have one name.
    #[error("two files of the code bundle are called `{name}`")]
    Twice {
        /// The name.
        name: String,
    },
    /// There is nothing in it.
    #[error("{} holds no file for a code bundle: it is empty, or everything in it is ignored", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// There is too much in it.
    #[error(
        "the code bundle would hold more than {max_bytes} bytes, `{largest}` alone {largest_bytes}; leave data out in .flyteignore"
    )]
    TooLarge {
        /// What is allowed.
        max_bytes: u64,
        /// The largest file.
        largest: String,
        /// Its size.
        largest_bytes: u64,
    },
}

/// Packs everything below `root` that is not ignored. Blocking.
///
/// # Errors
/// [`BundleError`]: the user has to change what the message names.
pub fn pack(root: &Path) -> Result<Bundle, BundleError> {
    let files = ignored::files_below(root)?;
    if files.is_empty() {
        return Err(BundleError::Empty { path: root.to_owned() });
    }
    pack_files(files)
}

/// Packs these files, in whatever order they come. Blocking.
///
/// # Errors
/// [`BundleError`]: the user has to change what the message names.
pub fn pack_files(mut files: Vec<BundleFile>) -> Result<Bundle, BundleError> {
    files.sort();
    if let Some(pair) = files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(BundleError::Twice { name: pair[0].name.clone() });
    }
    check_size(&files)?;
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(gzip);
    let (mut listing, mut content_bytes) = (Md5::new(), 0);
    for file in &files {
        let failed = |source| BundleError::Read { path: file.source.clone(), source };
        content_bytes += append(&mut archive, file, &mut listing).map_err(failed)?;
    }
    let in_memory = "writing to memory cannot fail";
    let archive = archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect(in_memory);
    Ok(Bundle {
        file_name: format!("fast{}.tar.gz", hex(&listing.finalize())),
        md5: Md5::digest(&archive).into(),
        archive: Bytes::from(archive),
        n_files: files.len(),
        content_bytes,
    })
}

fn check_size(files: &[BundleFile]) -> Result<(), BundleError> {
    let (mut sum, mut largest) = (0_u64, (0, ""));
    for file in files {
        let failed = |source| BundleError::Read { path: file.source.clone(), source };
        let size = file.source.metadata().map_err(failed)?.len();
        sum = sum.saturating_add(size);
        largest = largest.max((size, file.name.as_str()));
    }
    if sum <= MAX_CONTENT_BYTES {
        return Ok(());
    }
    let (largest_bytes, largest) = (largest.0, largest.1.to_owned());
    Err(BundleError::TooLarge { max_bytes: MAX_CONTENT_BYTES, largest, largest_bytes })
}

/// Appends one file, and gives its size. It is read whole: a file that grows meanwhile would break the archive.
fn append(
    archive: &mut tar::Builder<impl io::Write>,
    file: &BundleFile,
    listing: &mut Md5,
) -> io::Result<u64> {
    let mut source = File::open(&file.source)?;
    let is_executable = is_executable(&source.metadata()?);
    let mut content = Vec::new();
    source.read_to_end(&mut content)?;
    listing.update(&content);
    listing.update(file.name.replace('/', ""));
    let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size);
    header.set_mode(if is_executable { 0o755 } else { 0o644 });
    header.set_mtime(MODIFIED_SECONDS);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, &file.name, content.as_slice())?;
    Ok(size)
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests;
