//! Cache entries and claims on cache keys as rows.

use rusqlite::{Connection, params};
use wingbeat_model::{
    ActionKey, ActionName, CacheEntry, CacheKey, CacheOwner, Reservation, RunId, Timestamp,
};

use super::fault::Fault;
use super::queries;
use super::row::{Columns, find, write};

/// Writes an entry.
pub(crate) fn put(db: &Connection, entry: &CacheEntry) -> Result<(), Fault> {
    let key = &entry.key;
    let params = params![
        &*key.org,
        &*key.scope,
        &*key.key,
        entry.output_uri,
        entry.created_at.as_micros(),
        entry.updated_at.as_micros(),
        entry.source,
        entry.metadata,
    ];
    write(db, &queries::CACHE_PUT, params).map(drop)
}

/// Loads an entry.
pub(crate) fn load(db: &Connection, key: &CacheKey) -> Result<Option<CacheEntry>, Fault> {
    find(db, &queries::CACHE_FIND, (&*key.org, &*key.scope, &*key.key), |row| {
        Ok(CacheEntry {
            key: row.take_cache_key()?,
            output_uri: row.take()?,
            created_at: row.take_time()?,
            updated_at: row.take_time()?,
            source: row.take()?,
            metadata: row.take()?,
        })
    })
}

/// Deletes an entry.
pub(crate) fn delete(db: &Connection, key: &CacheKey) -> Result<(), Fault> {
    write(db, &queries::CACHE_DELETE, (&*key.org, &*key.scope, &*key.key)).map(drop)
}

/// Writes a claim.
pub(crate) fn put_reservation(db: &Connection, claim: &Reservation) -> Result<(), Fault> {
    let key = &claim.key;
    let (action, external) = match &claim.owner {
        CacheOwner::Action(action) => (Some(action), None),
        CacheOwner::External(owner) => (None, Some(owner)),
    };
    let params = params![
        &*key.org,
        &*key.scope,
        &*key.key,
        action.map(|action| action.run.0),
        action.map(|action| action.name.as_str()),
        external,
        claim.expires_at.map(Timestamp::as_micros),
    ];
    write(db, &queries::RESERVATION_PUT, params).map(drop)
}

/// Loads a claim.
pub(crate) fn load_reservation(db: &Connection, key: &CacheKey) -> Result<Option<Reservation>, Fault> {
    find(db, &queries::RESERVATION_FIND, (&*key.org, &*key.scope, &*key.key), |row| {
        Ok(Reservation {
            key: row.take_cache_key()?,
            owner: read_owner(row)?,
            expires_at: row.take_maybe_time()?,
        })
    })
}

fn read_owner(row: &mut Columns<'_, '_>) -> Result<CacheOwner, Fault> {
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

/// Deletes a claim.
pub(crate) fn delete_reservation(db: &Connection, key: &CacheKey) -> Result<(), Fault> {
    write(db, &queries::RESERVATION_DELETE, (&*key.org, &*key.scope, &*key.key)).map(drop)
}
