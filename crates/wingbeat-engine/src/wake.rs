//! Decides what time alone does to an action: limits that are over, a backoff that has passed.
//! When [`wake_at`] has come, [`wake`] changes the row; otherwise it changes nothing.

use wingbeat_model::{
    Action, ActionKey, ActionOutcome, AttemptEnd, Failure, FailureClass, Span, State, StopCause, Timestamp,
};

use crate::finish::{self, Process};
use crate::working::Working;
use crate::{Reject, Reply};

/// What is due first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The action's time is over.
    Deadline,
    /// It waited too long for a place.
    QueuedTooLong,
    /// Nobody answered.
    Expired,
    /// The attempt ran too long.
    RanTooLong,
    /// It may be claimed again.
    BackoffOver,
}

/// When an action has to be looked at again although nobody says anything; `None`: never.
///
/// A [`crate::Command::Wake`] at that time or later changes the action's row, so the time moves on.
pub fn wake_at(action: &Action) -> Option<Timestamp> {
    first_due(action).map(|(at, _)| at)
}

fn first_due(action: &Action) -> Option<(Timestamp, Due)> {
    let limit = |from: Timestamp, span: Option<Span>, due: Due| span.map(|span| (from + span, due));
    let policy = &action.policy;
    let deadline = limit(action.created_at, policy.deadline, Due::Deadline);
    let of_state = match &action.state {
        State::Queued { since, not_before } if not_before > since => Some((*not_before, Due::BackoffOver)),
        State::Queued { since, .. } | State::AwaitingCache { since, .. } => {
            limit(*since, policy.max_queued, Due::QueuedTooLong)
        }
        State::Running { since, stopping: None, .. } => limit(*since, policy.max_runtime, Due::RanTooLong),
        State::Claimed { .. } | State::Running { stopping: Some(_), .. } => None,
        State::Paused { expires } => expires.map(|at| (at, Due::Expired)),
        State::Done { .. } => return None,
    };
    deadline.into_iter().chain(of_state).min()
}

pub(crate) fn wake(work: &mut Working, key: &ActionKey) -> Result<Reply, Reject> {
    let action = work.action(key).ok_or_else(|| Reject::NoAction(key.name.clone()))?;
    let Some((_, due)) = first_due(action).filter(|(at, _)| *at <= work.now) else {
        return Ok(Reply::Done);
    };
    let policy = action.policy;
    match due {
        Due::Deadline => {
            let failure = timeout("DEADLINE_EXCEEDED", "the action did not end", policy.deadline);
            time_out(work, key, failure);
        }
        Due::QueuedTooLong => {
            let failure = timeout("QUEUED_TIMEOUT_EXCEEDED", "the action found no place", policy.max_queued);
            time_out(work, key, failure);
        }
        Due::Expired => {
            time_out(work, key, timeout("ConditionTimedOut", "nobody answered the condition in time", None));
        }
        Due::RanTooLong => {
            work.edit(key, |action| {
                if let State::Running { stopping, .. } = &mut action.state {
                    *stopping = Some(StopCause::MaxRuntime);
                }
            });
            finish::stop(work, key, stop_reason(StopCause::MaxRuntime));
        }
        // From here on the wait counts as time in the queue.
        Due::BackoffOver => work.edit(key, |action| {
            if let State::Queued { since, not_before } = &mut action.state {
                *since = *not_before;
            }
        }),
    }
    Ok(Reply::Done)
}

/// Why an attempt is being stopped, in words.
pub(crate) const fn stop_reason(cause: StopCause) -> &'static str {
    match cause {
        StopCause::MaxRuntime => "the attempt ran longer than its max_runtime",
    }
}

/// The failure of an attempt that ran too long.
pub(crate) fn ran_too_long(action: &Action) -> Failure {
    timeout("MAX_RUNTIME_EXCEEDED", "the attempt did not end", action.policy.max_runtime)
}

fn timeout(code: &str, what: &str, limit: Option<Span>) -> Failure {
    let message = limit.map_or_else(|| what.to_owned(), |limit| format!("{what} within {limit}"));
    Failure {
        class: FailureClass::User,
        code: code.to_owned(),
        message,
        recoverable: false,
        worker: String::new(),
        wire_kind: 0,
    }
}

fn time_out(work: &mut Working, key: &ActionKey, failure: Failure) {
    let at = work.now;
    let claimed = work.action(key).is_some_and(|action| action.claim().is_some());
    finish::stop(work, key, &failure.message);
    finish::finish(work, key, ActionOutcome::TimedOut(failure.clone()), at);
    if claimed {
        finish::end_attempt(work, key, AttemptEnd::TimedOut(failure), Process::MayLive, at);
    }
}
