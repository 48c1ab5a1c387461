//! Decides what becomes of an action that wants to run: the cache has its result, somebody else is
//! computing it, or it is queued.

use wingbeat_model::{
    Action, ActionKey, ActionOutcome, CacheKey, CacheOwner, CacheScope, CacheStatus, CacheUse, Reservation,
    Run, State, Timestamp,
};

use crate::working::Working;
use crate::{NewAction, NewBody, finish};

/// What the cache says to an action that wants to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The result is there.
    Hit {
        /// Folder that holds it.
        output_uri: String,
    },
    /// Another action computes it.
    Wait(CacheKey),
    /// It is to run.
    Go(CacheStatus),
}

/// What a new action wants of the cache, in its run's scope. `None`: nothing.
pub(crate) fn cache_use(run: &Run, new: &NewAction) -> Option<CacheUse> {
    let NewBody::Task { cache: Some(wish), .. } = &new.body else { return None };
    let scope = match run.cache_scope {
        CacheScope::Global => String::new(),
        CacheScope::ProjectDomain => format!("{}/{}", run.key.scope.project, run.key.scope.domain),
    };
    Some(CacheUse {
        key: CacheKey { org: run.key.scope.org.clone(), scope: scope.into(), key: wish.key.clone() },
        overwrite: run.overwrite_cache,
        serialize: wish.serialize,
        max_age: wish.max_age,
    })
}

/// Asks the cache for `action`. Changes nothing.
pub(crate) fn admission(work: &Working, action: &Action) -> Admission {
    let Some(cache) = &action.cache else { return Admission::Go(CacheStatus::Disabled) };
    if !cache.overwrite
        && let Some(entry) = work.cache_entry(&cache.key)
        && cache.max_age.is_none_or(|age| entry.updated_at + age > work.now)
    {
        return Admission::Hit { output_uri: entry.output_uri.clone() };
    }
    if cache.serialize && computed_by_another(work, &cache.key, &action.key) {
        return Admission::Wait(cache.key.clone());
    }
    Admission::Go(if cache.overwrite { CacheStatus::Skipped } else { CacheStatus::Miss })
}

// A client of the cache service that holds the key is not waited for: nobody would notice its death,
// and its keys are made by another formula than those of actions.
fn computed_by_another(work: &Working, key: &CacheKey, me: &ActionKey) -> bool {
    match work.reservation(key).map(|reservation| &reservation.owner) {
        Some(CacheOwner::Action(owner)) => owner != me,
        Some(CacheOwner::External(_)) | None => false,
    }
}

/// Puts `action` where the cache's answer says. `since`: when it began to wait.
pub(crate) fn place(action: &mut Action, admission: &Admission, since: Timestamp, now: Timestamp) {
    match admission {
        Admission::Hit { output_uri } => {
            action.cache_status = CacheStatus::Hit;
            action.started_at.get_or_insert(now);
            let outcome = ActionOutcome::Succeeded {
                output_uri: output_uri.clone(),
                value: None,
                signalled_by: String::new(),
            };
            action.state = State::Done { outcome, at: now };
        }
        Admission::Wait(key) => {
            action.cache_status = CacheStatus::Miss;
            action.state = State::AwaitingCache { since, key: key.clone() };
        }
        Admission::Go(status) => {
            action.cache_status = *status;
            action.state = State::Queued { since, not_before: since };
        }
    }
}

/// Lets `action` hold its cache key, if only one may compute it at a time.
pub(crate) fn reserve(work: &mut Working, action: &ActionKey, cache: Option<&CacheUse>) {
    if let Some(cache) = cache.filter(|cache| cache.serialize) {
        let owner = CacheOwner::Action(action.clone());
        work.put_reservation(Reservation { key: cache.key.clone(), owner, expires_at: None });
    }
}

/// Admits an action that is there already: one that waited, or one that runs again.
pub(crate) fn readmit(work: &mut Working, key: &ActionKey, since: Timestamp) {
    let Some(action) = work.action(key) else { return };
    let cache = action.cache.clone();
    let admission = admission(work, action);
    let now = work.now;
    work.edit(key, |action| place(action, &admission, since, now));
    match admission {
        Admission::Go(_) => reserve(work, key, cache.as_ref()),
        // Whoever waited, or ran before, may have children already.
        Admission::Hit { .. } => finish::orphan_children(work, key),
        Admission::Wait(_) => {}
    }
}
