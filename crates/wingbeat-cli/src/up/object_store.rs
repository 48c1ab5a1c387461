//! Sees to it that all servers on one database use one object store: the database remembers the mark of the store that
//! it was first used with, and a server with another one is refused before it serves anybody.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use wingbeat_blob::{BlobPath, BlobStore, Durability};
use wingbeat_store::Metadata;

use crate::failure::Failure;

/// The object that holds a store's mark.
const MARK: &str = "wingbeat-store-id";
/// The setting that holds the mark of a database's store, and where it was when it was first seen.
const SETTING: &str = "object-store";
/// A mark is short; whatever is longer is none.
const MOST_BYTES: u64 = 1_024;

/// Ties the database to this store, or finds it tied to it.
pub(super) async fn claim(store: &dyn Metadata, blob: &BlobStore, place: &str) -> Result<(), Failure> {
    let mark = mark(blob).await?;
    let said = format!("{mark}\n{place}");
    let kept = store
        .init_setting(SETTING, said.as_bytes())
        .await
        .map_err(|error| Failure::new("could not open the database").caused_by(&error))?;
    let kept = String::from_utf8_lossy(&kept);
    let (known, first_place) = kept.split_once('\n').unwrap_or((&kept, "another machine's folder"));
    if known == mark {
        return Ok(());
    }
    Err(Failure::new("the objects of this database are in another store")
        .because(format!("this server would keep them in {place}"))
        .because(format!("the first server on the database kept them in {first_place}"))
        .advise("give every server on the database the same folder with --store, or this one a database of its own"))
}

/// The store's mark; a store without one gets it.
async fn mark(blob: &BlobStore) -> Result<String, Failure> {
    let path = BlobPath::parse(MARK).expect("the path is a good one");
    let failed = |error| Failure::new("could not open the object store").caused_by(&error);
    let (one, two) = (RandomState::new().build_hasher().finish(), RandomState::new().build_hasher().finish());
    let fresh = format!("{one:016x}{two:016x}");
    // Of servers that start at once, one writes it.
    blob.put_new(&path, fresh.into(), Durability::Synced).await.map_err(failed)?;
    let kept = blob.get_at_most(&path, MOST_BYTES).await.map_err(failed)?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}
