//! Decides what follows a failed attempt: another one from the budget that pays for it, or the end.

use wingbeat_model::{
    Action, ActionKey, ActionOutcome, AttemptCause, AttemptEnd, Backoff, Failure, FailureClass, Span, State,
    Timestamp,
};

use crate::finish::{self, Process};
use crate::working::Working;

/// Retries after failures of the system, per action.
pub(crate) const SYSTEM_RETRIES: u32 = 3;

/// What executors say of an attempt that they give up because they are told to end. Nothing went wrong, so
/// no budget pays for it.
const PREEMPTED: &str = "ExecutorShutdown";

const SYSTEM_BACKOFF: Backoff =
    Backoff { base: Span::from_millis(500), factor: 2.0, cap: Some(Span::from_secs(10)) };

/// How an attempt went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Failed(Failure),
    /// It ran longer than `max_runtime`.
    RanTooLong(Failure),
}

/// Which budget pays for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Budget {
    User,
    System,
    /// Free.
    Preempted,
}

/// Ends the present attempt, and the action with it when no budget pays for another one.
pub(crate) fn attempt_failed(work: &mut Working, key: &ActionKey, verdict: Verdict, at: Timestamp) {
    let Some(action) = work.action(key) else { return };
    let budget = budget(action, &verdict);
    let end = match &verdict {
        Verdict::Failed(failure) => AttemptEnd::Failed(failure.clone()),
        Verdict::RanTooLong(failure) => AttemptEnd::TimedOut(failure.clone()),
    };
    if let Some(budget) = budget {
        requeue(work, key, budget);
    } else {
        let outcome = outcome(action, verdict);
        finish::finish(work, key, outcome, at);
    }
    finish::end_attempt(work, key, end, Process::Gone, at);
}

fn budget(action: &Action, verdict: &Verdict) -> Option<Budget> {
    let user = (action.spent.user < action.policy.user_retries).then_some(Budget::User);
    match verdict {
        Verdict::RanTooLong(_) => user,
        Verdict::Failed(failure) if !failure.recoverable => None,
        Verdict::Failed(failure) => match failure.class {
            FailureClass::User => user,
            FailureClass::Infrastructure if failure.code == PREEMPTED => Some(Budget::Preempted),
            FailureClass::System | FailureClass::Infrastructure => {
                (action.spent.system < SYSTEM_RETRIES).then_some(Budget::System)
            }
        },
    }
}

fn requeue(work: &mut Working, key: &ActionKey, budget: Budget) {
    let (now, position) = (work.now, work.seq);
    work.edit(key, |action| {
        let wait = match budget {
            Budget::User => {
                let wait = action.policy.backoff.map_or(Span::ZERO, |b| delay(&b, action.spent.user));
                action.spent.user += 1;
                action.next_cause = AttemptCause::User;
                action.reopens_since = Some(position);
                wait
            }
            Budget::Preempted => {
                let wait = delay(&SYSTEM_BACKOFF, action.spent.preempted);
                action.spent.preempted += 1;
                action.next_cause = AttemptCause::Preempted;
                wait
            }
            Budget::System => {
                let wait = delay(&SYSTEM_BACKOFF, action.spent.system);
                action.spent.system += 1;
                action.next_cause = AttemptCause::System;
                wait
            }
        };
        action.state = State::Queued { since: now, not_before: now + wait };
    });
}

fn outcome(action: &Action, verdict: Verdict) -> ActionOutcome {
    match verdict {
        Verdict::RanTooLong(failure) => ActionOutcome::TimedOut(failure),
        Verdict::Failed(mut failure) => {
            let users = failure.class == FailureClass::User;
            if !users && failure.recoverable && action.spent.system >= SYSTEM_RETRIES {
                failure.message = format!("{} (after {} attempts)", failure.message, action.attempts);
            }
            ActionOutcome::Failed(failure)
        }
    }
}

/// `min(base * factor^n, cap)`.
#[allow(clippy::cast_precision_loss, reason = "a wait need not be exact beyond 2^53 microseconds")]
#[allow(clippy::cast_possible_truncation, reason = "a float beyond the range becomes the longest span")]
pub(crate) fn delay(backoff: &Backoff, n: u32) -> Span {
    let growth = backoff.factor.max(1.0).powi(i32::try_from(n).unwrap_or(i32::MAX));
    let wait = Span::from_micros((backoff.base.as_micros() as f64 * growth) as i64);
    backoff.cap.map_or(wait, |cap| wait.min(cap))
}
