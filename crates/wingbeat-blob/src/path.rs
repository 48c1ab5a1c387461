//! Decides which names an object may have. Pure.
//!
//! A [`BlobPath`] cannot leave the store: it is relative, has no `..`, and no segment that a file
//! system or an object store reads in its own way. It says nothing of symlinks; `confine` does.

use std::fmt;

/// Longest segment. File systems allow 255 bytes, and a temporary file adds a suffix to the name.
pub const MAX_SEGMENT_BYTES: usize = 240;
/// Longest path: what S3 allows for a key.
pub const MAX_PATH_BYTES: usize = 1024;
/// First segment of what the store keeps for itself.
pub(crate) const RESERVED_SEGMENT: &str = ".wingbeat";

/// The name of one object or folder, relative to the store's root: `runs/_/proj/dev/r1/a0/1/outputs.pb`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobPath(String);

/// Why a text is not a [`BlobPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing there, or two slashes in a row.
    #[error("a path segment is empty")]
    Empty,
    /// `.` or `..`.
    #[error("the path segment `{segment}` is relative")]
    Relative {
        /// The segment as it was given.
        segment: String,
    },
    /// A separator or a control character inside a segment.
    #[error("the path segment {segment:?} holds {character:?}")]
    Character {
        /// The segment as it was given.
        segment: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A segment or a whole path that is too long.
    #[error("a path part has {bytes} bytes, more than {max_bytes}")]
    TooLong {
        /// What was given.
        bytes: usize,
        /// What is allowed.
        max_bytes: usize,
    },
    /// A name that the store uses itself.
    #[error("the path segment `{segment}` is reserved")]
    Reserved {
        /// The segment as it was given.
        segment: String,
    },
    /// A `%` that is not followed by two hex digits, or bytes that are not UTF-8.
    #[error("the path is not percent-encoded UTF-8")]
    Encoding,
}

impl BlobPath {
    /// Checks a whole relative path, segments separated by `/`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        text.split('/').try_for_each(check_segment)?;
        Self::checked_whole(text.to_owned())
    }

    /// This path with one more segment, which must not hold a separator.
    pub fn join(&self, segment: &str) -> Result<Self, PathError> {
        check_segment(segment)?;
        Self::checked_whole(format!("{}/{segment}", self.0))
    }

    /// This path with all segments of `tail` below it.
    pub fn join_path(&self, tail: &Self) -> Result<Self, PathError> {
        Self::checked_whole(format!("{}/{}", self.0, tail.0))
    }

    /// The path as text, without a leading or trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Whether this is `folder` itself or lies below it, compared by whole segments.
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub(crate) fn to_object(&self) -> object_store::path::Path {
        object_store::path::Path::parse(&self.0)
            .expect("segments are neither empty nor relative and hold no control character")
    }

    fn checked_whole(text: String) -> Result<Self, PathError> {
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong { bytes: text.len(), max_bytes: MAX_PATH_BYTES });
        }
        let first = text.split('/').next().unwrap_or_default();
        if first == RESERVED_SEGMENT {
            return Err(PathError::Reserved { segment: first.to_owned() });
        }
        Ok(Self(text))
    }
}

impl fmt::Display for BlobPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlobPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobPath({:?})", self.0)
    }
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    if segment.is_empty() {
        return Err(PathError::Empty);
    }
    if segment == "." || segment == ".." {
        return Err(PathError::Relative { segment: segment.to_owned() });
    }
    if segment.len() > MAX_SEGMENT_BYTES {
        return Err(PathError::TooLong { bytes: segment.len(), max_bytes: MAX_SEGMENT_BYTES });
    }
    if let Some(character) = segment.chars().find(|c| matches!(c, '/' | '\\') || c.is_control()) {
        return Err(PathError::Character { segment: segment.to_owned(), character });
    }
    if is_staging_name(segment) {
        return Err(PathError::Reserved { segment: segment.to_owned() });
    }
    Ok(())
}

/// `name#12` is what the local store calls a file that is being written; it lists and opens no such file.
pub(crate) fn is_staging_name(segment: &str) -> bool {
    segment
        .split_once('#')
        .is_some_and(|(_, tail)| !tail.is_empty() && tail.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{BlobPath, MAX_SEGMENT_BYTES, PathError};

    #[test]
    fn ordinary_names_are_kept_as_they_are() {
        for text in ["a", "a/b.c/d", "with space/ünï", "100%/a%2Fb", "a#b", "x#", "..."] {
            assert_eq!(BlobPath::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn names_that_could_leave_the_store_are_refused() {
        let bad =
            ["", "/", "/a", "a/", "a//b", "..", "a/../b", ".", "a/./b", "a\\b", "a\0", "a\nb", "\u{7f}"];
        for text in bad {
            assert!(BlobPath::parse(text).is_err(), "{text:?}");
        }
        assert!(BlobPath::parse(&"x".repeat(MAX_SEGMENT_BYTES)).is_ok());
        assert!(BlobPath::parse(&"x".repeat(MAX_SEGMENT_BYTES + 1)).is_err());
        assert!(BlobPath::parse(&"abc/".repeat(256)).is_err());
    }

    #[test]
    fn names_that_the_store_uses_itself_are_refused() {
        assert!(matches!(BlobPath::parse("a/name#12"), Err(PathError::Reserved { .. })));
        assert!(matches!(BlobPath::parse(".wingbeat/md5/a"), Err(PathError::Reserved { .. })));
        assert!(BlobPath::parse("a/.wingbeat").is_ok());
    }

    #[test]
    fn joining_checks_the_new_segment() {
        let base = BlobPath::parse("a").unwrap();
        assert_eq!(base.join("b").unwrap().as_str(), "a/b");
        assert_eq!(
            base.join("b/c").unwrap_err(),
            PathError::Character { segment: "b/c".into(), character: '/' }
        );
        assert!(base.join("..").is_err());
    }

    #[test]
    fn below_is_decided_by_whole_segments() {
        let folder = BlobPath::parse("a/b").unwrap();
        for (text, below) in [("a/b", true), ("a/b/c", true), ("a/bc", false), ("a", false)] {
            assert_eq!(BlobPath::parse(text).unwrap().is_below(&folder), below, "{text}");
        }
    }
}
