//! What is done to whole folders: listing, removing, and sweeping up what a crash left.

use std::collections::BinaryHeap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectMeta;

use super::{BlobStore, Durability, Place};
use crate::error::BlobError;
use crate::md5_record;
use crate::path::{BlobPath, is_staging_name};
use crate::root::blocking;

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobEntry {
    /// The object.
    pub path: BlobPath,
    /// Size in bytes.
    pub size: u64,
    /// Microseconds since 1970, by the store's clock.
    pub modified_micros: i64,
}

/// One page of a list, in the order of the paths' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPage {
    /// At most as many as were asked for.
    pub entries: Vec<BlobEntry>,
    /// Pass it as `after` to get the next page; `None` on the last.
    pub next: Option<BlobPath>,
}

impl BlobStore {
    /// Objects below `prefix` (a whole folder) after `after`, at most `limit`.
    ///
    /// What has a name that we would refuse (a task may write anything) is left out.
    pub async fn list(
        &self,
        prefix: &BlobPath,
        after: Option<&BlobPath>,
        limit: usize,
    ) -> Result<BlobPage, BlobError> {
        self.confine(prefix).await?;
        let folder = prefix.to_object();
        let storage = self.storage(Durability::Cached);
        let mut objects = match after {
            Some(after) => storage.list_with_offset(Some(&folder), &after.to_object()),
            None => storage.list(Some(&folder)),
        };
        // Disks list in no order: keep the smallest names seen so far, and one to know of a next page.
        let mut smallest: BinaryHeap<Listed> = BinaryHeap::new();
        while let Some(meta) =
            objects.try_next().await.map_err(|error| BlobError::from_read(prefix, error))?
        {
            if let Ok(path) = BlobPath::parse(meta.location.as_ref()) {
                smallest.push(Listed { path, meta });
            }
            if smallest.len() > limit.saturating_add(1) {
                smallest.pop();
            }
            // Buckets list in the order of the names.
            if self.is_shared() && smallest.len() > limit {
                break;
            }
        }
        let mut listed = smallest.into_sorted_vec();
        let more = listed.len() > limit;
        listed.truncate(limit);
        let entries: Vec<BlobEntry> = listed.into_iter().map(Listed::into_entry).collect();
        let next = if more { entries.last().map(|entry| entry.path.clone()) } else { None };
        Ok(BlobPage { entries, next })
    }

    /// The objects directly in `folder`, in the order of their paths; what lies in folders within it is not among
    /// them. `None`: there is nothing below it at all.
    ///
    /// As in [`Self::list`], what has a name that we would refuse is left out.
    pub async fn list_folder(&self, folder: &BlobPath) -> Result<Option<Vec<BlobEntry>>, BlobError> {
        self.confine(folder).await?;
        let storage = self.storage(Durability::Cached);
        let listed = storage.list_with_delimiter(Some(&folder.to_object())).await;
        let listed = listed.map_err(|error| BlobError::from_read(folder, error))?;
        let is_there = !listed.objects.is_empty() || !listed.common_prefixes.is_empty();
        let mut entries: Vec<BlobEntry> = listed
            .objects
            .into_iter()
            .filter_map(|meta| BlobPath::parse(meta.location.as_ref()).ok().map(|path| Listed { path, meta }))
            // Some programs mark a folder by an object of its name.
            .filter(|listed| listed.path != *folder)
            .map(Listed::into_entry)
            .collect();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(is_there.then_some(entries))
    }

    /// Removes a folder with everything in it, whatever it is called; a missing one is fine.
    ///
    /// Not atomic: after a failure, repeat it.
    pub async fn delete_below(&self, prefix: &BlobPath) -> Result<(), BlobError> {
        self.confine(prefix).await?;
        let Place::Folder(root) = self.place() else { return self.delete_objects_below(prefix).await };
        let root = Path::new(root.canonical());
        let folders = [root.join(prefix.as_str()), root.join(md5_record::record_path(prefix).as_ref())];
        let removed = blocking(move || {
            folders.iter().try_for_each(|folder| match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            })
        });
        removed.await.map_err(|error| BlobError::from_io(prefix, error))
    }

    async fn delete_objects_below(&self, prefix: &BlobPath) -> Result<(), BlobError> {
        let storage = self.storage(Durability::Cached);
        for folder in [prefix.to_object(), md5_record::record_path(prefix)] {
            let found = storage.list(Some(&folder)).map_ok(|meta| meta.location).boxed();
            let removed = storage.delete_stream(found).try_for_each(|_| std::future::ready(Ok(()))).await;
            removed.map_err(|error| BlobError::from_store(prefix, error))?;
        }
        Ok(())
    }

    /// Removes the temporary files below `prefix` that writers left when they were killed, if they
    /// were last written before `before`; says how many.
    ///
    /// `before` lies so far back that no upload that still runs can be meant: longer than a URL is good.
    pub async fn remove_unfinished(&self, prefix: &BlobPath, before: SystemTime) -> Result<u64, BlobError> {
        self.confine(prefix).await?;
        // A bucket shows nobody an upload that was not finished; a lifecycle rule of its owner removes it.
        let Place::Folder(root) = self.place() else { return Ok(0) };
        let folder = Path::new(root.canonical()).join(prefix.as_str());
        let swept = blocking(move || sweep(&folder, before));
        swept.await.map_err(|error| BlobError::from_io(prefix, error))
    }
}

/// Follows no symlinks: what they point to is swept where it lies.
fn sweep(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            removed += sweep(&entry.path(), before)?;
        } else if kind.is_file()
            && entry.file_name().to_str().is_some_and(is_staging_name)
            && entry.metadata()?.modified()? < before
        {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Ordered by path alone.
struct Listed {
    path: BlobPath,
    meta: ObjectMeta,
}

impl Listed {
    fn into_entry(self) -> BlobEntry {
        BlobEntry {
            path: self.path,
            size: self.meta.size,
            modified_micros: self.meta.last_modified.timestamp_micros(),
        }
    }
}

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Listed {}

impl PartialOrd for Listed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Listed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.path.cmp(&other.path)
    }
}
