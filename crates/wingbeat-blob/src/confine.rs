//! Judges URIs that clients send: which object they mean, and whether the caller may touch it.
//!
//! Every URI in a request passes here before the server reads or writes it. Only what the store itself
//! hands out is understood: plain absolute paths and `file://`, or `s3://`; nothing is repaired but double and
//! trailing slashes.

use std::fmt;
use std::io;

use crate::path::{BlobPath, PathError};
use crate::store::{BlobStore, Place};

/// Why a URI is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The client must send another URI.
    #[error("URI `{uri}` is not allowed: {reason}; it must lie below {allowed}")]
    Refused {
        /// As it was sent.
        uri: String,
        /// Where it may point to.
        allowed: AllowedPrefixes,
        /// What is wrong with it.
        reason: ConfineReason,
    },
    /// The disk could not be asked.
    #[error("could not check URI `{uri}`")]
    Io {
        /// As it was sent.
        uri: String,
        /// What the disk said.
        source: io::Error,
    },
}

/// What is wrong with a URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfineReason {
    /// A scheme that this store does not serve.
    #[error("this server keeps no `{scheme}` objects")]
    Scheme {
        /// The part before `://`.
        scheme: String,
    },
    /// A path, where objects are in a bucket.
    #[error("it is a path, and this server keeps its objects in a bucket")]
    NotS3,
    /// Neither a path from the root nor a URI.
    #[error("it is not an absolute path")]
    Relative,
    /// A segment that no object has: `..`, a control character, something too long.
    #[error("{0}")]
    Path(PathError),
    /// It points somewhere else.
    #[error("it points somewhere else")]
    Outside,
    /// Its text is fine, but a symlink leads somewhere else.
    #[error("a symlink on its way leads somewhere else")]
    Symlink,
}

/// The prefixes that a URI was checked against, as absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedPrefixes(Vec<String>);

impl fmt::Display for AllowedPrefixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing (no prefix is configured)");
        }
        for (ix, prefix) in self.0.iter().enumerate() {
            let separator = if ix == 0 { "" } else { " or " };
            write!(f, "{separator}`{prefix}`")?;
        }
        Ok(())
    }
}

impl BlobStore {
    /// The object or folder that `uri` means, if it lies below one of `allowed`, symlinks followed.
    ///
    /// Nothing need exist there. A symlink that a task lays after the check is caught when the
    /// object is accessed, if it leads out of the store.
    ///
    /// # Errors
    /// [`ConfineError::Refused`]: tell the client; the text names the URI and the allowed prefixes.
    pub async fn check_within(&self, uri: &str, allowed: &[BlobPath]) -> Result<BlobPath, ConfineError> {
        let refuse = |reason| ConfineError::Refused {
            uri: uri.to_owned(),
            allowed: AllowedPrefixes(allowed.iter().map(|prefix| self.dir_uri(prefix)).collect()),
            reason,
        };
        let path = self.locate(uri).map_err(refuse)?;
        let prefixes: Vec<BlobPath> =
            allowed.iter().filter(|prefix| path.is_below(prefix)).cloned().collect();
        if prefixes.is_empty() {
            return Err(refuse(ConfineReason::Outside));
        }
        for prefix in &prefixes {
            match self.stays_below(&path, Some(prefix)).await {
                Ok(true) => return Ok(path),
                Ok(false) => {}
                Err(source) => return Err(ConfineError::Io { uri: uri.to_owned(), source }),
            }
        }
        Err(refuse(ConfineReason::Symlink))
    }

    /// The object or folder of this store that `uri` names, by its text alone.
    ///
    /// # Errors
    /// It names nothing here.
    pub fn locate(&self, uri: &str) -> Result<BlobPath, ConfineReason> {
        let relative = match self.place() {
            Place::Folder(root) => {
                let absolute = normalise(uri)?;
                root.relative(&absolute).ok_or(ConfineReason::Outside)?.to_owned()
            }
            Place::Bucket { address, .. } => {
                let Some(key) = uri.strip_prefix("s3://") else {
                    return Err(match uri.split_once("://") {
                        Some((scheme, _)) => ConfineReason::Scheme { scheme: scheme.to_owned() },
                        None => ConfineReason::NotS3,
                    });
                };
                let normal = normalise(&format!("/{key}"))?;
                let uri = format!("s3:/{normal}");
                address.relative(&uri).ok_or(ConfineReason::Outside)?.to_owned()
            }
        };
        BlobPath::parse(&relative).map_err(ConfineReason::Path)
    }
}

/// The absolute path behind a URI, without empty segments. Percent signs stay: the SDK's file
/// system layer does not decode `file://` either.
fn normalise(uri: &str) -> Result<String, ConfineReason> {
    let path = match uri.split_once("://") {
        Some(("file", path)) => path,
        Some((scheme, _)) if is_scheme(scheme) => {
            return Err(ConfineReason::Scheme { scheme: scheme.to_owned() });
        }
        _ => uri,
    };
    if !path.starts_with('/') {
        return Err(ConfineReason::Relative);
    }
    let mut normal = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        // Refused here already: behind a prefix that is cut off, it would never be looked at.
        if segment == "." || segment == ".." {
            return Err(ConfineReason::Path(PathError::Relative { segment: segment.to_owned() }));
        }
        normal.push('/');
        normal.push_str(segment);
    }
    Ok(normal)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests;
