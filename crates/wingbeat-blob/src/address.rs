//! Decides what the text of a store means: a folder of this machine, or a prefix in an S3 bucket. Pure.

use std::fmt;
use std::path::PathBuf;

use crate::path::{BlobPath, PathError};

/// Where a platform's objects are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A folder that only programs on this machine reach.
    Local(PathBuf),
    /// A bucket that executors elsewhere reach too.
    S3(S3Address),
}

/// A bucket, or a prefix in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Address {
    pub(crate) bucket: String,
    pub(crate) prefix: Option<BlobPath>,
}

/// Why a text names no bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `s3://` nor anything else that is known.
    #[error("write s3://BUCKET or s3://BUCKET/PREFIX")]
    Scheme,
    /// S3 has no bucket of such a name.
    #[error("`{name}` is no bucket name; those have 3 to 63 lower-case letters, digits, dots and hyphens")]
    Bucket {
        /// What stands where the name should.
        name: String,
    },
    /// Objects could not be named below it.
    #[error("its prefix cannot be used: {0}")]
    Prefix(#[source] PathError),
}

impl S3Address {
    /// Reads `s3://bucket` or `s3://bucket/prefix`.
    ///
    /// # Errors
    /// [`AddressError`]: the text has to be changed.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let rest = text.trim().strip_prefix("s3://").ok_or(AddressError::Scheme)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) {
            return Err(AddressError::Bucket { name: bucket.to_owned() });
        }
        let prefix = match prefix.trim_end_matches('/') {
            "" => None,
            text => Some(BlobPath::parse(text).map_err(AddressError::Prefix)?),
        };
        Ok(Self { bucket: bucket.to_owned(), prefix })
    }

    /// How everybody names an object of it.
    pub(crate) fn uri(&self, path: &BlobPath) -> String {
        format!("{self}/{path}")
    }

    /// The part of `uri` below this address; `None` if it lies elsewhere.
    pub(crate) fn relative<'a>(&self, uri: &'a str) -> Option<&'a str> {
        uri.strip_prefix(self.to_string().as_str())?.strip_prefix('/')
    }
}

impl fmt::Display for S3Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        self.prefix.as_ref().map_or(Ok(()), |prefix| write!(f, "/{prefix}"))
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(folder) => write!(f, "{}", folder.display()),
            Self::S3(address) => write!(f, "{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressError, S3Address};
    use crate::path::BlobPath;

    #[test]
    fn a_bucket_and_a_prefix_are_read() {
        for (text, want) in [
            ("s3://data", "s3://data"),
            ("s3://data/", "s3://data"),
            (" s3://my.data-1/a/b/ ", "s3://my.data-1/a/b"),
        ] {
            assert_eq!(S3Address::parse(text).unwrap().to_string(), want);
        }
    }

    #[test]
    fn what_names_no_bucket_is_refused() {
        for text in ["", "data", "gs://data", "/data", "https://s3.amazonaws.com/data"] {
            assert_eq!(S3Address::parse(text), Err(AddressError::Scheme), "{text}");
        }
        for text in ["s3://", "s3://ab", "s3:///x", "s3://Data", "s3://key:secret@data"] {
            assert!(matches!(S3Address::parse(text), Err(AddressError::Bucket { .. })), "{text}");
        }
        assert!(matches!(S3Address::parse("s3://data/../x"), Err(AddressError::Prefix(_))));
    }

    #[test]
    fn uris_are_cut_at_whole_segments() {
        let store = S3Address::parse("s3://data/a").unwrap();
        let path = BlobPath::parse("x/y").unwrap();
        assert_eq!(store.uri(&path), "s3://data/a/x/y");
        assert_eq!(store.relative("s3://data/a/x/y"), Some("x/y"));
        for other in ["s3://data/ab/x", "s3://data2/a/x", "s3://data/a", "/data/a/x"] {
            assert_eq!(store.relative(other), None, "{other}");
        }
    }
}
