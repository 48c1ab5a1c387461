//! Ends attempts and actions, with everything that hangs on an end: the cache, its waiters, the children.

use wingbeat_model::{
    Abort, ActionKey, ActionOutcome, Attempt, AttemptEnd, AttemptKey, CacheEntry, CacheOwner, CacheStatus,
    FollowUpKind, Phase, State, Timestamp,
};

use crate::Effect;
use crate::defects::{Defect, active};
use crate::reopen::PARENT_ENDED;
use crate::working::Working;

/// What is known of an attempt's process when the attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// There is none any more, or its executor is lost with all that it ran.
    Gone,
    /// It holds its place until its executor says that it is gone.
    MayLive,
}

/// Ends an action. The caller has seen that it has not ended.
pub(crate) fn finish(work: &mut Working, key: &ActionKey, outcome: ActionOutcome, at: Timestamp) {
    let wish = match &outcome {
        ActionOutcome::Aborted(abort) => Some(abort.clone()),
        ActionOutcome::Succeeded { .. }
        | ActionOutcome::Failed(_)
        | ActionOutcome::TimedOut(_)
        | ActionOutcome::Recovered { .. } => None,
    };
    let stored = store_result(work, key, &outcome);
    work.edit(key, |action| {
        if stored {
            action.cache_status = CacheStatus::Populated;
        }
        action.state = State::Done { outcome, at };
    });
    release_reservation(work, key);
    match wish {
        Some(abort) => abort_children(work, key, abort),
        None => orphan_children(work, key),
    }
}

/// Has the live children of an action that has ended aborted.
fn abort_children(work: &mut Working, key: &ActionKey, abort: Abort) {
    if work.action(key).is_some_and(|action| action.live_children > 0) {
        work.leave(FollowUpKind::AbortChildren { parent: key.clone(), abort });
    }
}

/// Has the live children of an action aborted that ended by itself.
pub(crate) fn orphan_children(work: &mut Working, key: &ActionKey) {
    if active(Defect::ChildOutlivesParent) {
        return;
    }
    let abort = Abort { reason: PARENT_ENDED.to_owned(), by: String::new(), at: work.now };
    abort_children(work, key, abort);
}

/// Writes what an attempt computed into the cache. Says whether it did.
fn store_result(work: &mut Working, key: &ActionKey, outcome: &ActionOutcome) -> bool {
    let ActionOutcome::Succeeded { output_uri, .. } = outcome else { return false };
    let (Some(action), Some(run)) = (work.action(key), work.run(key.run)) else { return false };
    let Some(cache) = &action.cache else { return false };
    let created_at = work.cache_entry(&cache.key).map_or(work.now, |entry| entry.created_at);
    let entry = CacheEntry {
        key: cache.key.clone(),
        output_uri: output_uri.clone(),
        created_at,
        updated_at: work.now,
        source: format!("{}/{}", run.key, key.name),
        metadata: Vec::new(),
    };
    work.put_cache(entry);
    true
}

fn release_reservation(work: &mut Working, key: &ActionKey) {
    let cache = work.action(key).and_then(|action| action.cache.as_ref()).map(|cache| cache.key.clone());
    let Some(cache) = cache else { return };
    let own = work.reservation(&cache).is_some_and(|r| r.owner == CacheOwner::Action(key.clone()));
    if own {
        work.delete_reservation(&cache);
        work.leave(FollowUpKind::WakeCacheWaiters(cache));
    }
}

/// Ends the present attempt of an action, after the action has moved on.
pub(crate) fn end_attempt(
    work: &mut Working,
    key: &ActionKey,
    end: AttemptEnd,
    process: Process,
    at: Timestamp,
) {
    let Some(action) = work.action(key) else { return };
    let status = action.cache_status;
    let attempt = AttemptKey { action: key.clone(), attempt: action.attempts };
    work.edit_attempt(&attempt, |attempt| {
        attempt.enter(phase(&end), at);
        attempt.end = Some(end);
        attempt.cache_status = status;
        if process == Process::Gone {
            attempt.held = false;
        }
    });
}

const fn phase(end: &AttemptEnd) -> Phase {
    match end {
        AttemptEnd::Succeeded { .. } => Phase::Succeeded,
        AttemptEnd::Failed(_) => Phase::Failed,
        AttemptEnd::TimedOut(_) => Phase::TimedOut,
        AttemptEnd::Aborted { .. } => Phase::Aborted,
    }
}

/// Has the process of the action's present attempt stopped, if somebody runs it.
pub(crate) fn stop(work: &mut Working, key: &ActionKey, reason: &str) {
    let Some(action) = work.action(key) else { return };
    if action.claim().is_none() {
        return;
    }
    let attempt = AttemptKey { action: key.clone(), attempt: action.attempts };
    let stop = work.attempt(&attempt).filter(|attempt| attempt.held).map(|attempt: &Attempt| Effect::Stop {
        attempt: attempt.key.clone(),
        fence: attempt.fence,
        session: attempt.session.clone(),
        reason: reason.to_owned(),
    });
    if let Some(stop) = stop {
        work.effect(stop);
    }
}
