//! Reads and writes whole objects. Writes are atomic: readers see the old object, none, or the new one.
//!
//! Every access follows symlinks only within the root. Nothing here decides who may access what.

mod folder;

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use md5::{Digest, Md5};
use object_store::local::LocalFileSystem;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

pub use self::folder::{BlobEntry, BlobPage};
use crate::address::S3Address;
use crate::download::ReadError;
use crate::error::BlobError;
use crate::md5_record;
use crate::path::BlobPath;
use crate::range::{RangeRequest, Unsatisfiable};
use crate::root::{LocalRoot, blocking};

/// What a write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: file and folder are flushed before the call returns. In a folder store, new folders above these are
    /// on disk with the file, as file systems write in order; each flushed by itself would take longer than a small task.
    Synced,
    /// A crash of the process, not of the machine.
    Cached,
}

/// What became of [`BlobStore::put_new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutNew {
    /// The object is new.
    Written,
    /// Somebody was faster; what is there was left alone.
    AlreadyThere,
}

/// What is known of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobMeta {
    /// Size in bytes.
    pub size: u64,
    /// Recorded when the object was uploaded; see [`BlobStore::md5`].
    pub md5: Option<[u8; 16]>,
    /// Microseconds since 1970, by the store's clock.
    pub modified_micros: i64,
    /// Changes whenever the object does.
    pub e_tag: Option<String>,
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is missing and cannot be made, or it is none.
    #[error("could not open the blob folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// URIs are text, so its path must be.
    #[error("the path of the blob folder `{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// The folder.
        path: PathBuf,
    },
    /// The storage library refused it.
    #[error("could not set up storage in `{}`", path.display())]
    Storage {
        /// The folder.
        path: PathBuf,
        /// What it said.
        source: object_store::Error,
    },
}

/// An object store below one root. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    synced: Arc<dyn ObjectStore>,
    cached: Arc<dyn ObjectStore>,
    place: Place,
}

/// What a store is a part of.
#[derive(Debug)]
pub(crate) enum Place {
    /// A folder of the local disk.
    Folder(LocalRoot),
    /// A bucket, and who serves it, for people.
    Bucket { address: S3Address, endpoint: String },
}

impl BlobStore {
    /// Opens a store in a folder of the local disk, which is made (for its owner only) if it is missing. Blocking.
    pub fn open_local(folder: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
        make_private_folder(folder).map_err(failed)?;
        let given = std::path::absolute(folder).map_err(failed)?;
        let canonical = fs::canonicalize(folder).map_err(failed)?;
        let root = LocalRoot::new(&given, &canonical)
            .ok_or_else(|| OpenError::NotUtf8 { path: folder.to_owned() })?;
        let storage = LocalFileSystem::new_with_prefix(&canonical)
            .map_err(|source| OpenError::Storage { path: folder.to_owned(), source })?
            .with_automatic_cleanup(true);
        let synced = Arc::new(storage.clone().with_fsync(true));
        Ok(Self::in_place(synced, Arc::new(storage), Place::Folder(root)))
    }

    pub(crate) fn in_place(synced: Arc<dyn ObjectStore>, cached: Arc<dyn ObjectStore>, place: Place) -> Self {
        Self { inner: Arc::new(Inner { synced, cached, place }) }
    }

    /// How everybody outside names an object: a plain absolute path, never `file://`; or `s3://bucket/…`.
    pub fn uri(&self, path: &BlobPath) -> String {
        match &self.inner.place {
            Place::Folder(root) => root.uri(path),
            Place::Bucket { address, .. } => address.uri(path),
        }
    }

    /// Whether programs on other machines reach it.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner.place, Place::Bucket { .. })
    }

    /// Like [`Self::uri`], for a folder: with a slash at its end.
    pub fn dir_uri(&self, path: &BlobPath) -> String {
        format!("{}/", self.uri(path))
    }

    /// Writes or replaces an object.
    pub async fn put(
        &self,
        path: &BlobPath,
        content: Bytes,
        durability: Durability,
    ) -> Result<(), BlobError> {
        self.make_room(path).await?;
        let written = self.storage(durability).put(&path.to_object(), content.into()).await;
        written.map(drop).map_err(|error| BlobError::from_store(path, error))
    }

    /// Writes an object unless there is one. Inputs of a schedule, for example, are there already.
    pub async fn put_new(
        &self,
        path: &BlobPath,
        content: Bytes,
        durability: Durability,
    ) -> Result<PutNew, BlobError> {
        self.make_room(path).await?;
        // A look at a disk costs less than a file that is written, synced and not needed; at a bucket, a round trip.
        let looks = matches!(self.inner.place, Place::Folder(_));
        if looks && self.inner.cached.head(&path.to_object()).await.is_ok() {
            return Ok(PutNew::AlreadyThere);
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.storage(durability).put_opts(&path.to_object(), content.into(), options).await {
            Ok(_) => Ok(PutNew::Written),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(PutNew::AlreadyThere),
            Err(error) => Err(BlobError::from_store(path, error)),
        }
    }

    /// A whole object.
    pub async fn get(&self, path: &BlobPath) -> Result<Bytes, BlobError> {
        self.get_at_most(path, u64::MAX).await
    }

    /// A whole object, unless it is larger than `max_bytes`; then nothing is read.
    pub async fn get_at_most(&self, path: &BlobPath, max_bytes: u64) -> Result<Bytes, BlobError> {
        self.confine(path).await?;
        let failed = |error| BlobError::from_read(path, error);
        let object =
            self.inner.cached.get_opts(&path.to_object(), GetOptions::default()).await.map_err(failed)?;
        let size = object.meta.size;
        if size > max_bytes {
            return Err(BlobError::TooLarge { path: path.clone(), size, max_bytes });
        }
        object.bytes().await.map_err(failed)
    }

    /// Some bytes of an object; fewer when it ends before.
    ///
    /// # Errors
    /// [`ReadError::Unsatisfiable`]: the object has no byte in that range.
    pub async fn get_range(&self, path: &BlobPath, range: Range<u64>) -> Result<Bytes, ReadError> {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            let size = self.head(path).await?.size;
            return Err(ReadError::Unsatisfiable(Unsatisfiable { size }));
        };
        let asked = RangeRequest::Between { first: range.start, last };
        let mut body = self.read(path, Some(asked)).await?.body;
        let mut out = BytesMut::new();
        while let Some(part) = body.try_next().await? {
            out.extend_from_slice(&part);
        }
        Ok(out.freeze())
    }

    /// What is known of an object, without reading it.
    pub async fn head(&self, path: &BlobPath) -> Result<BlobMeta, BlobError> {
        let meta = self.head_object(path).await?;
        let md5 = match &meta.e_tag {
            Some(e_tag) => self.recorded_md5(path, e_tag).await,
            None => None,
        };
        Ok(BlobMeta {
            size: meta.size,
            md5,
            modified_micros: meta.last_modified.timestamp_micros(),
            e_tag: meta.e_tag,
        })
    }

    /// The MD5 of an object: as recorded, else computed by reading all of it.
    pub async fn md5(&self, path: &BlobPath) -> Result<[u8; 16], BlobError> {
        if let Some(md5) = self.head(path).await?.md5 {
            return Ok(md5);
        }
        let mut body = self.read_whole(path).await?.body;
        let mut digest = Md5::new();
        while let Some(part) = body.try_next().await? {
            digest.update(&part);
        }
        Ok(digest.finalize().into())
    }

    /// Removes an object.
    pub async fn delete(&self, path: &BlobPath) -> Result<(), BlobError> {
        self.confine(path).await?;
        let storage = &self.inner.cached;
        storage.delete(&path.to_object()).await.map_err(|error| BlobError::from_read(path, error))?;
        match storage.delete(&md5_record::record_path(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::from_store(path, error)),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.inner.place
    }

    pub(crate) fn storage(&self, durability: Durability) -> &Arc<dyn ObjectStore> {
        match durability {
            Durability::Synced => &self.inner.synced,
            Durability::Cached => &self.inner.cached,
        }
    }

    /// Refuses a path that a symlink leads out of the root.
    pub(crate) async fn confine(&self, path: &BlobPath) -> Result<(), BlobError> {
        match self.stays_below(path, None).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(BlobError::OutsideRoot { path: path.clone() }),
            Err(error) => Err(BlobError::from_io(path, error)),
        }
    }

    /// [`Self::confine`] for a path that will be written to: its folders are made. The storage library would flush each.
    async fn make_room(&self, path: &BlobPath) -> Result<(), BlobError> {
        self.confine(path).await?;
        if self.is_shared() {
            return Ok(());
        }
        let (inner, wanted) = (Arc::clone(&self.inner), path.clone());
        let made = blocking(move || match &inner.place {
            Place::Folder(root) => root.make_folders_of(&wanted),
            Place::Bucket { .. } => Ok(()),
        });
        made.await.map_err(|error| BlobError::from_io(path, error))
    }

    /// Whether `path`, symlinks followed, lies below `folder`, or below the root for `None`. A bucket has none.
    pub(crate) async fn stays_below(&self, path: &BlobPath, folder: Option<&BlobPath>) -> io::Result<bool> {
        if self.is_shared() {
            return Ok(folder.is_none_or(|folder| path.is_below(folder)));
        }
        let (inner, path, folder) = (Arc::clone(&self.inner), path.clone(), folder.cloned());
        blocking(move || match &inner.place {
            Place::Folder(root) => root.stays_below(&path, folder.as_ref()),
            Place::Bucket { .. } => Ok(true),
        })
        .await
    }

    pub(crate) async fn head_object(&self, path: &BlobPath) -> Result<ObjectMeta, BlobError> {
        self.confine(path).await?;
        self.inner.cached.head(&path.to_object()).await.map_err(|error| BlobError::from_read(path, error))
    }

    /// Losing a record costs a computation, so it is neither synced nor required.
    pub(crate) async fn record_md5(&self, path: &BlobPath, md5: &[u8; 16], e_tag: Option<&str>) {
        if let Some(e_tag) = e_tag {
            let record = md5_record::encode(md5, e_tag);
            let _ = self.inner.cached.put(&md5_record::record_path(path), record.into()).await;
        }
    }

    async fn recorded_md5(&self, path: &BlobPath, e_tag: &str) -> Option<[u8; 16]> {
        let record = self.inner.cached.get(&md5_record::record_path(path)).await.ok()?;
        md5_record::decode(&record.bytes().await.ok()?, e_tag)
    }
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests;
