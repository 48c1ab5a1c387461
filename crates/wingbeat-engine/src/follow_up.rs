//! Works off what earlier transactions left, in chunks. The same follow-up may come twice: whatever it
//! has done is not there to be done again.

use wingbeat_model::{
    Abort, ActionKey, AttemptKey, CacheKey, Failure, FailureClass, FollowUp, FollowUpKind, Needs, SessionId,
    State, StopCause,
};

use crate::retry::{self, Verdict};
use crate::working::Working;
use crate::{Effect, Reply, abort, admit, report};

/// Is there more of the same?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    More,
    Nothing,
}

pub(crate) fn follow_up(work: &mut Working, follow_up: FollowUp) -> Reply {
    let rest = match &follow_up.kind {
        FollowUpKind::AbortChildren { parent, abort } => abort_children(work, parent, abort),
        FollowUpKind::WakeCacheWaiters(key) => wake_cache_waiters(work, key),
        FollowUpKind::LoseSession(session) => lose_session(work, session),
    };
    match rest {
        Rest::More => work.effect(Effect::FollowUp(follow_up)),
        Rest::Nothing => work.follow_up_done(follow_up.id),
    }
    Reply::Done
}

const fn rest(chunk: usize, moved: usize) -> Rest {
    if chunk >= Needs::CHUNK && moved > 0 { Rest::More } else { Rest::Nothing }
}

fn abort_children(work: &mut Working, parent: &ActionKey, why: &Abort) -> Rest {
    // A user retry further up may have reopened the parent; then its children live on.
    if !work.action(parent).is_some_and(|parent| parent.phase().is_terminal()) {
        return Rest::Nothing;
    }
    let children = work.live_children(parent);
    let mut moved = 0;
    for child in &children {
        if work.action(child).is_some_and(|child| !child.phase().is_terminal()) {
            abort::end(work, child, Abort { at: work.now, ..why.clone() });
            moved += 1;
        }
    }
    rest(children.len(), moved)
}

fn wake_cache_waiters(work: &mut Working, key: &CacheKey) -> Rest {
    let waiters = work.cache_waiters(key);
    let mut moved = 0;
    for waiter in &waiters {
        let Some(action) = work.action(waiter) else { continue };
        let State::AwaitingCache { since, key: awaited } = &action.state else { continue };
        if awaited != key || matches!(admit::admission(work, action), admit::Admission::Wait(_)) {
            continue;
        }
        let since = *since;
        admit::readmit(work, waiter, since);
        moved += 1;
    }
    rest(waiters.len(), moved)
}

fn lose_session(work: &mut Working, session: &SessionId) -> Rest {
    // Only a session that has ended loses anything.
    if work.session(session).is_some_and(|session| session.ended_at.is_none()) {
        return Rest::Nothing;
    }
    let held = work.held_by(session);
    let mut moved = 0;
    for attempt in &held {
        moved += usize::from(lose(work, attempt, session));
    }
    rest(held.len(), moved)
}

fn lose(work: &mut Working, key: &AttemptKey, session: &SessionId) -> bool {
    let Some(attempt) = work.attempt(key) else { return false };
    if !attempt.held || attempt.session != *session {
        return false;
    }
    let (ended, fence, now) = (attempt.end.is_some(), attempt.fence, work.now);
    work.edit_attempt(key, |attempt| attempt.held = false);
    let current = work.action(&key.action).filter(|action| {
        !ended && action.attempts == key.attempt && action.claim().is_some_and(|c| c.fence == fence)
    });
    let Some(action) = current else { return true };
    match stopping(&action.state) {
        Some(cause) => report::stopped(work, &key.action, cause, now),
        None => retry::attempt_failed(work, &key.action, Verdict::Failed(lost(session)), now),
    }
    true
}

const fn stopping(state: &State) -> Option<StopCause> {
    match state {
        State::Running { stopping, .. } => *stopping,
        State::Queued { .. }
        | State::AwaitingCache { .. }
        | State::Claimed { .. }
        | State::Paused { .. }
        | State::Done { .. } => None,
    }
}

fn lost(session: &SessionId) -> Failure {
    Failure {
        class: FailureClass::Infrastructure,
        code: "ExecutorLost".to_owned(),
        message: format!("executor session {} was lost", session.0),
        recoverable: true,
        worker: String::new(),
        wire_kind: 0,
    }
}
