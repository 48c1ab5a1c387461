//! Cache entries and claims on cache keys as rows.

use wingbeat_model::{ActionKey, ActionName, CacheEntry, CacheOwner, Reservation, RunId};

use super::cell::{Binder, Columns};
use crate::fault::Fault;

/// Binds all columns of an entry.
pub(crate) fn bind(row: &mut Binder<'_>, entry: &CacheEntry) -> Result<(), Fault> {
    row.put_cache_key(&entry.key)?;
    row.put(&entry.output_uri)?;
    row.put_time(entry.created_at)?;
    row.put_time(entry.updated_at)?;
    row.put(&entry.source)?;
    row.put(&entry.metadata)
}

/// Reads an entry.
pub(crate) fn read(row: &mut Columns<'_>) -> Result<CacheEntry, Fault> {
    Ok(CacheEntry {
        key: row.take_cache_key()?,
        output_uri: row.take()?,
        created_at: row.take_time()?,
        updated_at: row.take_time()?,
        source: row.take()?,
        metadata: row.take()?,
    })
}

/// Binds all columns of a claim.
pub(crate) fn bind_reservation(row: &mut Binder<'_>, claim: &Reservation) -> Result<(), Fault> {
    row.put_cache_key(&claim.key)?;
    match &claim.owner {
        CacheOwner::Action(action) => {
            row.put(action.run.0)?;
            row.put(action.name.as_str())?;
            row.put_null()?;
        }
        CacheOwner::External(owner) => {
            row.put_nulls(2)?;
            row.put(owner)?;
        }
    }
    row.put_maybe_time(claim.expires_at)
}

/// Reads a claim.
pub(crate) fn read_reservation(row: &mut Columns<'_>) -> Result<Reservation, Fault> {
    Ok(Reservation {
        key: row.take_cache_key()?,
        owner: read_owner(row)?,
        expires_at: row.take_maybe_time()?,
    })
}

fn read_owner(row: &mut Columns<'_>) -> Result<CacheOwner, Fault> {
    let (run, action) = (row.take::<Option<i64>>()?, row.take::<Option<String>>()?);
    let external = row.take::<Option<String>>()?;
    match (run, action, external) {
        (Some(run), Some(name), None) => {
            Ok(CacheOwner::Action(ActionKey { run: RunId(run), name: ActionName::stored(&name) }))
        }
        (None, None, Some(external)) => Ok(CacheOwner::External(external)),
        (Some(_) | None, Some(_) | None, Some(_) | None) => Err(Fault::corrupt("owner of a cache key")),
    }
}
