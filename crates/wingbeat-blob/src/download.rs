//! Streams an object, or one range of it, without holding it in memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetRange, GetResultPayload};

use crate::error::BlobError;
use crate::path::BlobPath;
use crate::range::{RangeRequest, Unsatisfiable};
use crate::root::blocking;
use crate::store::BlobStore;

/// One read of a file: large enough that the hop to another thread does not show.
const CHUNK_BYTES: u64 = 256 * 1024;

/// An object that is being read.
pub struct Download {
    /// Size of the whole object in bytes.
    pub size: u64,
    /// The bytes that `body` yields.
    pub range: Range<u64>,
    /// Microseconds since 1970, by the store's clock.
    pub modified_micros: i64,
    /// Changes whenever the object does.
    pub e_tag: Option<String>,
    /// Exactly `range`'s bytes, or an error.
    pub body: BoxStream<'static, Result<Bytes, BlobError>>,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("size", &self.size)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// Why an object could not be streamed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Answer 416.
    #[error(transparent)]
    Unsatisfiable(#[from] Unsatisfiable),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobError),
}

impl BlobStore {
    /// Opens an object for reading, all of it or one range.
    pub async fn read(&self, path: &BlobPath, range: Option<RangeRequest>) -> Result<Download, ReadError> {
        let Some(asked) = range else {
            return Ok(self.read_whole(path).await?);
        };
        let meta = self.head_object(path).await?;
        let range = asked.resolve(meta.size)?;
        // The size that the range was resolved against must be the size of what is read.
        let options =
            GetOptions::default().with_range(Some(GetRange::Bounded(range))).with_if_match(meta.e_tag);
        Ok(self.open(path, options).await?)
    }

    pub(crate) async fn read_whole(&self, path: &BlobPath) -> Result<Download, BlobError> {
        self.confine(path).await?;
        self.open(path, GetOptions::default()).await
    }

    async fn open(&self, path: &BlobPath, options: GetOptions) -> Result<Download, BlobError> {
        let storage = self.storage(crate::store::Durability::Cached);
        let object = storage
            .get_opts(&path.to_object(), options)
            .await
            .map_err(|error| BlobError::from_read(path, error))?;
        let (meta, range, path) = (object.meta, object.range, path.clone());
        let body = match object.payload {
            // The library's own stream reads 8 KiB per thread hop.
            GetResultPayload::File(file, _) => file_body(file, path, range.clone()),
            GetResultPayload::Stream(stream) => {
                stream.map_err(move |error| BlobError::from_read(&path, error)).boxed()
            }
        };
        Ok(Download {
            size: meta.size,
            range,
            modified_micros: meta.last_modified.timestamp_micros(),
            e_tag: meta.e_tag,
            body,
        })
    }
}

fn file_body(file: File, path: BlobPath, range: Range<u64>) -> BoxStream<'static, Result<Bytes, BlobError>> {
    futures::stream::try_unfold((file, range), move |(file, left)| {
        let path = path.clone();
        async move {
            if left.is_empty() {
                return Ok(None);
            }
            let next = blocking(move || read_chunk(file, left)).await;
            next.map(Some).map_err(|error| BlobError::from_io(&path, error))
        }
    })
    .boxed()
}

fn read_chunk(mut file: File, left: Range<u64>) -> io::Result<(Bytes, (File, Range<u64>))> {
    let want = (left.end - left.start).min(CHUNK_BYTES);
    let mut chunk = Vec::with_capacity(usize::try_from(want).map_err(io::Error::other)?);
    file.seek(SeekFrom::Start(left.start))?;
    (&mut file).take(want).read_to_end(&mut chunk)?;
    if chunk.is_empty() {
        // The length was promised already; a body that ends early must not look like success.
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was read",
        ));
    }
    let start = left.start + chunk.len() as u64;
    Ok((chunk.into(), (file, start..left.end)))
}
