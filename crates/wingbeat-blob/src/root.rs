//! Knows the folder that the store lives in, and where a name really leads when symlinks are followed.
//!
//! Tasks run as the same user and may lay symlinks; the server must not be led out of its folder
//! by one. The folder itself may be reached through a symlink, nothing below it may leave it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::path::BlobPath;

#[derive(Debug)]
pub(crate) struct LocalRoot {
    /// As the user wrote it, made absolute; clients may send URIs in this form too.
    given: String,
    /// Without symlinks; what we hand out.
    canonical: String,
}

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// To this place, whether something is there or not.
    At(PathBuf),
    /// To nowhere: a symlink on the way is broken, so that writing would follow it somewhere unknown.
    BrokenLink,
}

impl LocalRoot {
    /// `None` if a path is not UTF-8: URIs are text.
    pub(crate) fn new(given: &Path, canonical: &Path) -> Option<Self> {
        let text = |path: &Path| path.to_str().map(|text| text.trim_end_matches('/').to_owned());
        Some(Self { given: text(given)?, canonical: text(canonical)? })
    }

    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The folder itself: of `/`, nothing is left in [`Self::canonical`].
    fn folder(&self) -> &Path {
        Path::new(if self.canonical.is_empty() { "/" } else { &self.canonical })
    }

    pub(crate) fn uri(&self, path: &BlobPath) -> String {
        format!("{}/{path}", self.canonical)
    }

    /// The part of a normalised absolute path that lies below this folder.
    pub(crate) fn relative<'a>(&self, absolute: &'a str) -> Option<&'a str> {
        [&self.canonical, &self.given]
            .into_iter()
            .find_map(|root| absolute.strip_prefix(root.as_str())?.strip_prefix('/'))
    }

    /// Follows every symlink on the way to `path`. Blocking.
    pub(crate) fn resolve(&self, path: &BlobPath) -> io::Result<Resolved> {
        let target = self.folder().join(path.as_str());
        // The longest part that exists is resolved; what comes after it does not exist yet, so it is no link.
        for ancestor in target.ancestors() {
            let entry = match fs::symlink_metadata(ancestor) {
                Ok(entry) => entry,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error),
            };
            match fs::canonicalize(ancestor) {
                Ok(real) => {
                    let rest = target.strip_prefix(ancestor).expect("an ancestor is a prefix");
                    return Ok(Resolved::At(real.join(rest)));
                }
                Err(error) if is_absent(&error) && entry.is_symlink() => return Ok(Resolved::BrokenLink),
                // It has gone meanwhile.
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// Makes the folders that an object will lie in. Blocking.
    pub(crate) fn make_folders_of(&self, path: &BlobPath) -> io::Result<()> {
        self.folder().join(path.as_str()).parent().map_or(Ok(()), fs::create_dir_all)
    }

    /// Whether `path`, symlinks followed, lies below `folder`, or below the root for `None`. Blocking.
    pub(crate) fn stays_below(&self, path: &BlobPath, folder: Option<&BlobPath>) -> io::Result<bool> {
        let bound = match folder {
            Some(folder) => self.folder().join(folder.as_str()),
            None => self.folder().to_owned(),
        };
        Ok(matches!(self.resolve(path)?, Resolved::At(real) if real.starts_with(bound)))
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Runs blocking file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(join) => match join.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only at the runtime's end.
            Err(cancelled) => Err(io::Error::other(cancelled)),
        },
    }
}
