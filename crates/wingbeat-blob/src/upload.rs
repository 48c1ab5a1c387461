//! Takes an object as a stream of chunks and publishes it only if it is what was announced.
//!
//! Until [`Upload::finish`] returns, readers see nothing of it: chunks go to a temporary file beside
//! the target. Whatever ends an upload early, an error, an abort, or a drop, removes that file. In a bucket, what
//! fits into one part is written by one request; of a larger upload that is dropped, the parts stay until the
//! bucket's owner has them removed (a lifecycle rule), invisible to everybody else.

use bytes::Bytes;
use md5::{Digest, Md5};
use object_store::{MultipartUpload, PutMultipartOptions, PutOptions, PutPayload};

use crate::error::BlobError;
use crate::layout::hex;
use crate::path::BlobPath;
use crate::store::{BlobStore, Durability};

/// S3 takes no smaller part but the last.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// What a client said that it would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Of the whole content.
    pub md5: Option<[u8; 16]>,
    /// In bytes.
    pub length: Option<u64>,
    /// The server's limit.
    pub max_bytes: u64,
}

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// Size in bytes.
    pub size: u64,
    /// Of the whole content; it is recorded with the object.
    pub md5: [u8; 16],
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The content is not what was announced.
    #[error("the content has MD5 {}, {} was announced", hex(got), hex(expected))]
    Md5Mismatch {
        /// As announced.
        expected: [u8; 16],
        /// Of what came.
        got: [u8; 16],
    },
    /// The content is longer or shorter than announced; a longer one is noticed before it ends.
    #[error("the content has {got} bytes, {expected} were announced")]
    LengthMismatch {
        /// As announced.
        expected: u64,
        /// What came so far.
        got: u64,
    },
    /// Longer than the server takes.
    #[error("the content is larger than {max_bytes} bytes")]
    TooLarge {
        /// The server's limit.
        max_bytes: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobError),
}

/// An object that is being written.
pub struct Upload {
    store: BlobStore,
    path: BlobPath,
    expected: Expected,
    /// Begun at the first part that has to be written.
    parts: Option<Box<dyn MultipartUpload>>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
    size: u64,
    digest: Md5,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("path", &self.path).field("size", &self.size).finish_non_exhaustive()
    }
}

impl BlobStore {
    /// Starts to write `path`; an object that is there stays until the upload is finished.
    pub async fn upload(&self, path: &BlobPath, expected: Expected) -> Result<Upload, UploadError> {
        if expected.length.is_some_and(|length| length > expected.max_bytes) {
            return Err(UploadError::TooLarge { max_bytes: expected.max_bytes });
        }
        self.confine(path).await?;
        // On a disk at once: that it cannot be written is known before the content is sent.
        let parts = if self.is_shared() { None } else { Some(self.begin_parts(path).await?) };
        Ok(Upload {
            store: self.clone(),
            path: path.clone(),
            expected,
            parts,
            pending: Vec::new(),
            pending_bytes: 0,
            size: 0,
            digest: Md5::new(),
        })
    }

    async fn begin_parts(&self, path: &BlobPath) -> Result<Box<dyn MultipartUpload>, BlobError> {
        self.storage(Durability::Synced)
            .put_multipart_opts(&path.to_object(), PutMultipartOptions::default())
            .await
            .map_err(|error| BlobError::from_store(path, error))
    }
}

impl Upload {
    /// Takes the next chunk. After an error only dropping or [`Self::abort`] is of use.
    ///
    /// Not cancel-safe: an upload whose `write` was dropped half-way must be dropped too.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), UploadError> {
        self.size += chunk.len() as u64;
        if let Some(expected) = self.expected.length.filter(|expected| self.size > *expected) {
            return Err(UploadError::LengthMismatch { expected, got: self.size });
        }
        if self.size > self.expected.max_bytes {
            return Err(UploadError::TooLarge { max_bytes: self.expected.max_bytes });
        }
        self.digest.update(&chunk);
        self.pending_bytes += chunk.len();
        self.pending.push(chunk);
        if self.pending_bytes >= PART_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Checks length and MD5 and publishes the object; it is on disk when this returns `Ok`.
    pub async fn finish(mut self) -> Result<Uploaded, UploadError> {
        let got: [u8; 16] = self.digest.finalize_reset().into();
        if let Err(error) = self.check(got) {
            self.abort().await;
            return Err(error);
        }
        if self.parts.is_some() && !self.pending.is_empty() {
            self.flush().await?;
        }
        let done = if let Some(parts) = &mut self.parts {
            parts.complete().await
        } else {
            let whole: PutPayload = self.pending.drain(..).collect();
            let storage = self.store.storage(Durability::Synced);
            storage.put_opts(&self.path.to_object(), whole, PutOptions::default()).await
        };
        let done = done.map_err(|error| BlobError::from_store(&self.path, error))?;
        self.store.record_md5(&self.path, &got, done.e_tag.as_deref()).await;
        Ok(Uploaded { size: self.size, md5: got })
    }

    /// Gives up. Unlike a drop, it waits until the temporary file is gone.
    pub async fn abort(mut self) {
        if let Some(parts) = &mut self.parts {
            // What cannot be removed now is invisible to readers and to lists.
            let _ = parts.abort().await;
        }
    }

    fn check(&self, got: [u8; 16]) -> Result<(), UploadError> {
        if let Some(expected) = self.expected.length.filter(|expected| *expected != self.size) {
            return Err(UploadError::LengthMismatch { expected, got: self.size });
        }
        match self.expected.md5 {
            Some(expected) if expected != got => Err(UploadError::Md5Mismatch { expected, got }),
            _ => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), UploadError> {
        self.pending_bytes = 0;
        let part: PutPayload = self.pending.drain(..).collect();
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none @ None => none.insert(self.store.begin_parts(&self.path).await?),
        };
        let written = parts.put_part(part).await;
        written.map_err(|error| BlobError::from_store(&self.path, error).into())
    }
}

#[cfg(test)]
mod tests;
