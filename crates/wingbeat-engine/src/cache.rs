//! The cache as the clients of the cache service use it: entries and holds of their own.

use wingbeat_model::{CacheEntry, CacheKey, CacheOwner, FollowUpKind, Reservation, Span};

use crate::working::Working;
use crate::{Reject, Reply};

pub(crate) fn put(work: &mut Working, entry: CacheEntry, overwrite: bool) -> Result<Reply, Reject> {
    let known = work.cache_entry(&entry.key).map(|known| known.created_at);
    if known.is_some() && !overwrite {
        return Err(Reject::CacheExists);
    }
    let created_at = known.unwrap_or(entry.created_at);
    work.put_cache(CacheEntry { created_at, updated_at: work.now, ..entry });
    Ok(Reply::Done)
}

pub(crate) fn delete(work: &mut Working, key: &CacheKey, only: Option<&str>) -> Result<Reply, Reject> {
    let found = work.cache_entry(key).ok_or(Reject::NoCacheEntry)?;
    if only.is_some_and(|uri| uri != found.output_uri) {
        return Err(Reject::NoCacheEntry);
    }
    work.delete_cache(key);
    Ok(Reply::Done)
}

pub(crate) fn reserve(work: &mut Working, key: CacheKey, owner: String, hold: Span) -> Reply {
    let wish = CacheOwner::External(owner);
    if let Some(held) = work.reservation(&key) {
        let expired = held.expires_at.is_some_and(|at| at <= work.now);
        if held.owner != wish && !expired {
            return Reply::Reserved { owner: held.owner.clone(), expires_at: held.expires_at };
        }
    }
    let expires_at = Some(work.now + hold);
    work.put_reservation(Reservation { key, owner: wish.clone(), expires_at });
    Reply::Reserved { owner: wish, expires_at }
}

pub(crate) fn release(work: &mut Working, key: &CacheKey, owner: &CacheOwner) -> Result<Reply, Reject> {
    if work.reservation(key).is_none_or(|held| held.owner != *owner) {
        return Err(Reject::NoCacheEntry);
    }
    work.delete_reservation(key);
    work.leave(FollowUpKind::WakeCacheWaiters(key.clone()));
    Ok(Reply::Done)
}
