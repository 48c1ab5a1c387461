//! What an attempt left behind, wherever its outputs go: files of this machine, or objects in the platform's bucket.
//!
//! It reports what it found and leaves the verdict to `outcome`. An object that could be read is durable.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wingbeat_blob::{BlobError, BlobPath, BlobStore, Durability};

use crate::files::{self, FilesError, Found, MAX_ERROR_BYTES};
use crate::outcome::{ErrorFile, OutputsFile};

/// Looks at what the attempt wrote. Its outputs are durable when this returns.
///
/// # Errors
/// [`FilesError`]: the outputs may be there but cannot be promised to last.
pub(crate) async fn collect(store: &BlobStore, output_prefix: &str) -> Result<Found, FilesError> {
    let Some(folder) = in_bucket(store, output_prefix) else {
        let prefix = output_prefix.to_owned();
        return blocking(move || files::collect(&prefix)).await;
    };
    let file = |name: &str| folder.join(name).expect("a plain name fits below an attempt's folder");
    let (error, outputs, report) = (file("error.pb"), file("outputs.pb"), file("report.html"));
    let (error, outputs, report_there) =
        tokio::join!(read_error(store, &error), store.get(&outputs), store.head(&report));
    let outputs = match outputs {
        Ok(bytes) => Some(describe(store, &folder, &bytes)),
        Err(BlobError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let report_uri = if report_there.is_ok() { store.uri(&report) } else { String::new() };
    Ok(Found { error, outputs, report_uri })
}

/// Writes an empty, durable `outputs.pb` for a task that wrote none.
///
/// # Errors
/// [`FilesError`]: nothing can be promised.
pub(crate) async fn write_empty_outputs(
    store: &BlobStore,
    output_prefix: &str,
) -> Result<OutputsFile, FilesError> {
    let Some(folder) = in_bucket(store, output_prefix) else {
        let prefix = output_prefix.to_owned();
        return blocking(move || files::write_empty_outputs(&prefix)).await;
    };
    let path = folder.join("outputs.pb").expect("a plain name fits below an attempt's folder");
    store.put(&path, Bytes::new(), Durability::Synced).await?;
    Ok(describe(store, &folder, b""))
}

/// `None`: it is a path of this machine, or nothing that can be used, which the files say by name.
fn in_bucket(store: &BlobStore, uri: &str) -> Option<BlobPath> {
    if store.is_shared() { store.locate(uri).ok() } else { None }
}

fn describe(store: &BlobStore, folder: &BlobPath, outputs: &[u8]) -> OutputsFile {
    OutputsFile {
        folder: store.uri(folder),
        size: outputs.len() as u64,
        sha256: Sha256::digest(outputs).into(),
    }
}

async fn read_error(store: &BlobStore, path: &BlobPath) -> ErrorFile {
    match store.get_at_most(path, MAX_ERROR_BYTES).await {
        Ok(bytes) => files::decode_error(&bytes),
        Err(BlobError::NotFound { .. }) => ErrorFile::Missing,
        Err(error) => ErrorFile::Unreadable(error.to_string()),
    }
}

/// Syncing and hashing wait for the disk, so they are kept off the threads that watch other attempts.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(join) => match join.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only at the runtime's end.
            Err(cancelled) => {
                Err(FilesError::Io { path: "outputs".into(), source: std::io::Error::other(cancelled) })
            }
        },
    }
}
