//! Cache entries and claims on cache keys.

use rusqlite::Connection;
use wingbeat_model::{CacheEntry, CacheKey, Reservation};

use super::queries;
use super::row::{find, write, write_bound};
use crate::fault::Fault;
use crate::rows::cache::{bind, bind_reservation, read, read_reservation};

/// Writes an entry.
pub(crate) fn put(db: &Connection, entry: &CacheEntry) -> Result<(), Fault> {
    write_bound(db, &queries::CACHE_PUT, |row| bind(row, entry)).map(drop)
}

/// Loads an entry.
pub(crate) fn load(db: &Connection, key: &CacheKey) -> Result<Option<CacheEntry>, Fault> {
    find(db, &queries::CACHE_FIND, (&*key.org, &*key.scope, &*key.key), read)
}

/// Deletes an entry.
pub(crate) fn delete(db: &Connection, key: &CacheKey) -> Result<(), Fault> {
    write(db, &queries::CACHE_DELETE, (&*key.org, &*key.scope, &*key.key)).map(drop)
}

/// Writes a claim.
pub(crate) fn put_reservation(db: &Connection, claim: &Reservation) -> Result<(), Fault> {
    write_bound(db, &queries::RESERVATION_PUT, |row| bind_reservation(row, claim)).map(drop)
}

/// Loads a claim.
pub(crate) fn load_reservation(db: &Connection, key: &CacheKey) -> Result<Option<Reservation>, Fault> {
    find(db, &queries::RESERVATION_FIND, (&*key.org, &*key.scope, &*key.key), read_reservation)
}

/// Deletes a claim.
pub(crate) fn delete_reservation(db: &Connection, key: &CacheKey) -> Result<(), Fault> {
    write(db, &queries::RESERVATION_DELETE, (&*key.org, &*key.scope, &*key.key)).map(drop)
}
