//! Reads and writes the small files between a task and the platform, by URI: a path of this machine, or `s3://`.
//!
//! Whose files these are and what is in them is not decided here. Which places exist neither: a URI comes from the
//! platform, and the process's own rights bound what it reaches.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use wingbeat_blob::{
    AddressError, BlobError, BlobPath, BlobStore, BucketError, Durability, OpenError, PathError, S3Address,
};

use crate::error::TaskError;

/// Largest file that is read or written by a task for the platform, unless its task says otherwise; the stock SDK's.
pub const MAX_INLINE_BYTES: u64 = 10 << 20;

/// Access to everything that URIs lead to. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    inner: Arc<Inner>,
}

struct Inner {
    /// What leads to buckets; holds secrets.
    variables: Vec<(String, String)>,
    /// Opened once each: `/`, or the name of a bucket.
    stores: Mutex<HashMap<String, BlobStore>>,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Neither a path nor a bucket's URI.
    #[error("`{uri}` is neither an absolute path nor s3://; other storage cannot be reached from here")]
    Scheme {
        /// What was given.
        uri: String,
    },
    /// No object can have such a name.
    #[error("`{uri}` is no name of an object: {source}")]
    Path {
        /// What was given.
        uri: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// No bucket can have such a name.
    #[error("`{uri}` names no bucket: {source}")]
    Address {
        /// What was given.
        uri: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// The machine's disk cannot be used.
    #[error(transparent)]
    Disk(#[from] OpenError),
    /// The bucket's settings cannot be used.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The file cannot be read or written.
    #[error("`{uri}`: {source}")]
    Blob {
        /// The file.
        uri: String,
        /// What the store said.
        source: BlobError,
    },
}

impl StorageError {
    /// Whether the file is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Blob { source, .. } if source.is_not_found())
    }
}

impl From<StorageError> for TaskError {
    fn from(error: StorageError) -> Self {
        let message = error.to_string();
        if matches!(error, StorageError::Blob { source: BlobError::TooLarge { .. }, .. }) {
            too_large(message)
        } else {
            Self::system("StorageError", message)
        }
    }
}

fn too_large(message: String) -> TaskError {
    TaskError::user("InlineIOMaxBytesBreached", message)
}

impl Storage {
    /// Access by means of `variables`, the process's environment: `AWS_*`, and Flyte's own names for the same.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = with_aws_names(variables.into_iter().collect());
        Self { inner: Arc::new(Inner { variables, stores: Mutex::new(HashMap::new()) }) }
    }

    /// Writes or replaces a file; readers see the old one or the new one.
    ///
    /// # Errors
    /// [`StorageError`]: it may or may not be there now; writing it again is harmless.
    pub async fn write(&self, uri: &str, content: Bytes) -> Result<(), StorageError> {
        let (store, path) = self.locate(uri)?;
        let written = store.put(&path, content, Durability::Cached).await;
        written.map_err(|source| StorageError::Blob { uri: uri.to_owned(), source })
    }

    /// Reads a whole file, unless it is larger than `max_bytes`.
    ///
    /// # Errors
    /// [`StorageError`]; one that says so if the file is not there or too large.
    pub async fn read(&self, uri: &str, max_bytes: u64) -> Result<Bytes, StorageError> {
        let (store, path) = self.locate(uri)?;
        let read = store.get_at_most(&path, max_bytes).await;
        read.map_err(|source| StorageError::Blob { uri: uri.to_owned(), source })
    }

    /// The URIs of the files directly in a folder, sorted; none if there is nothing below it.
    ///
    /// # Errors
    /// [`StorageError`]: it cannot be listed.
    pub async fn list(&self, folder: &str) -> Result<Option<Vec<String>>, StorageError> {
        let (store, path) = self.locate(folder.trim_end_matches('/'))?;
        let listed = store.list_folder(&path).await;
        let listed = listed.map_err(|source| StorageError::Blob { uri: folder.to_owned(), source })?;
        Ok(listed.map(|entries| entries.iter().map(|entry| store.uri(&entry.path)).collect()))
    }

    fn locate(&self, uri: &str) -> Result<(BlobStore, BlobPath), StorageError> {
        let bad_path = |source| StorageError::Path { uri: uri.to_owned(), source };
        if let Some(rest) = uri.strip_prefix("s3://") {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            let path = BlobPath::parse(key).map_err(bad_path)?;
            let store = self.opened(bucket, || {
                let address = S3Address::parse(&format!("s3://{bucket}"))
                    .map_err(|source| StorageError::Address { uri: uri.to_owned(), source })?;
                Ok(BlobStore::open_s3(&address, &self.inner.variables)?)
            })?;
            return Ok((store, path));
        }
        let plain = uri.strip_prefix("file://").unwrap_or(uri);
        let absolute = plain.strip_prefix('/').filter(|_| !plain.contains("://"));
        let absolute = absolute.ok_or_else(|| StorageError::Scheme { uri: uri.to_owned() })?;
        let path = BlobPath::parse(absolute).map_err(bad_path)?;
        Ok((self.opened("/", || Ok(BlobStore::open_local(Path::new("/"))?))?, path))
    }

    fn opened(
        &self,
        key: &str,
        open: impl FnOnce() -> Result<BlobStore, StorageError>,
    ) -> Result<BlobStore, StorageError> {
        let mut stores = self.inner.stores.lock().expect("nobody panics while holding it");
        if let Some(store) = stores.get(key) {
            return Ok(store.clone());
        }
        let store = open()?;
        stores.insert(key.to_owned(), store.clone());
        Ok(store)
    }
}

/// Nothing of the variables is shown: they hold secrets.
impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").finish_non_exhaustive()
    }
}

/// The URI of `name` in the folder that `base` names.
pub fn join(base: &str, name: &str) -> String {
    format!("{}/{name}", base.trim_end_matches('/'))
}

/// Refuses content that the reader on the other side would refuse.
///
/// # Errors
/// A user error that says what is too large.
pub(crate) fn check_size(what: &str, n_bytes: usize, max_bytes: u64) -> Result<(), TaskError> {
    if u64::try_from(n_bytes).unwrap_or(u64::MAX) <= max_bytes {
        return Ok(());
    }
    let advice = "pass large data as a File or Dir, or as a DataFrame";
    Err(too_large(format!("{what} have {n_bytes} bytes, more than {max_bytes}; {advice}")))
}

/// Adds AWS's own names for what Flyte's images are given under Flyte's.
fn with_aws_names(mut variables: Vec<(String, String)>) -> Vec<(String, String)> {
    const NAMES: [(&str, &str); 3] = [
        ("FLYTE_AWS_ENDPOINT", "AWS_ENDPOINT_URL"),
        ("FLYTE_AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        ("FLYTE_AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
    ];
    let value = |variables: &[(String, String)], wanted: &str| {
        let found = variables.iter().find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    for (theirs, own) in NAMES {
        if let (Some(given), None) = (value(&variables, theirs), value(&variables, own)) {
            // Whoever gave a task a plain-text endpoint has decided that already.
            if theirs == "FLYTE_AWS_ENDPOINT" && given.starts_with("http://") {
                variables.push(("AWS_ALLOW_HTTP".to_owned(), "true".to_owned()));
            }
            variables.push((own.to_owned(), given));
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Storage, StorageError, check_size, join, with_aws_names};
    use crate::error::{Origin, TaskError};

    #[tokio::test]
    async fn a_local_file_is_written_with_its_folders_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().display().to_string();
        let storage = Storage::new([]);
        let uri = join(&format!("{base}/"), "c 1/inputs.pb");
        storage.write(&uri, Bytes::from_static(b"abc")).await.unwrap();
        assert_eq!(std::fs::read(folder.path().join("c 1/inputs.pb")).unwrap(), b"abc");
        assert_eq!(storage.read(&format!("file://{uri}"), 3).await.unwrap(), Bytes::from_static(b"abc"));
        let too_large = TaskError::from(storage.read(&uri, 2).await.unwrap_err());
        assert_eq!((too_large.origin, too_large.code.as_str()), (Origin::User, "InlineIOMaxBytesBreached"));
        assert!(storage.read(&join(&base, "none"), 9).await.unwrap_err().is_not_found());
    }

    #[tokio::test]
    async fn a_folder_is_listed_without_the_folders_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap().display().to_string();
        let storage = Storage::new([]);
        for name in ["d/b", "d/a", "d/in/c"] {
            storage.write(&join(&base, name), Bytes::from_static(b"x")).await.unwrap();
        }
        let listed = storage.list(&join(&base, "d/")).await.unwrap();
        assert_eq!(listed, Some(vec![join(&base, "d/a"), join(&base, "d/b")]));
        assert_eq!(storage.list(&join(&base, "none")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn storage_that_cannot_be_reached_is_named() {
        let storage = Storage::new([]);
        for uri in ["gs://bucket/x", "relative/x", ""] {
            let error = storage.read(uri, 1).await.unwrap_err();
            assert!(matches!(error, StorageError::Scheme { .. }), "{uri}: {error}");
        }
        for uri in ["/a/../b", "s3://data/a//b", "/", "s3://data"] {
            let error = storage.read(uri, 1).await.unwrap_err();
            assert!(matches!(error, StorageError::Path { .. }), "{uri}: {error}");
        }
        let error = storage.read("s3://UPPER/x", 1).await.unwrap_err();
        assert!(matches!(error, StorageError::Address { .. }), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let storage = Storage::new([("AWS_SECRET_ACCESS_KEY".to_owned(), "sesame".to_owned())]);
        assert!(!format!("{storage:?}").contains("sesame"));
    }

    #[test]
    fn what_flyte_gives_is_known_by_the_names_of_aws() {
        let given = [("FLYTE_AWS_ENDPOINT", "http://minio:9000"), ("FLYTE_AWS_ACCESS_KEY_ID", "k")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let names: Vec<_> = with_aws_names(given).into_iter().skip(2).map(|(name, _)| name).collect();
        assert_eq!(names, ["AWS_ALLOW_HTTP", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"]);
    }

    #[test]
    fn what_is_too_large_is_the_users_matter() {
        assert!(check_size("outputs", 10, 10).is_ok());
        assert_eq!(check_size("outputs", 11, 10).unwrap_err().origin, Origin::User);
    }
}
