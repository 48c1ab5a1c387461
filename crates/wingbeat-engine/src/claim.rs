//! Gives a queued action to an executor: a new attempt with a fence of its own.

use wingbeat_model::{ActionKey, Attempt, AttemptKey, Claim, Fence, Phase, PhaseTime, Run, SessionId, State};

use crate::defects::{Defect, active};
use crate::working::Working;
use crate::{Effect, Reject, Reply, queue};

pub(crate) fn claim(work: &mut Working, key: &ActionKey, session: &SessionId) -> Result<Reply, Reject> {
    match work.session(session) {
        Some(open) if open.ended_at.is_none() && !work.is_elsewhere(open) => {
            if open.draining {
                return Err(Reject::Draining);
            }
        }
        Some(_) | None => return Err(Reject::NoSession),
    }
    let action = work.action(key).ok_or_else(|| Reject::NoAction(key.name.clone()))?;
    let run = work.run(key.run).ok_or(Reject::NoRun)?;
    let State::Queued { since, not_before } = action.state else { return Err(Reject::NotQueued) };
    // An aborted run's actions end one by one; none of them begins in between.
    if not_before > work.now || run.abort.is_some() {
        return Err(Reject::NotQueued);
    }
    check_cap(run)?;
    queue::check_open(work, &action.queue_name())?;
    let skipped = u32::from(active(Defect::RetrySkipsNumber) && action.attempts > 0);
    let (attempt, cause) = (action.attempts.saturating_add(1 + skipped), action.next_cause);
    let attempt_key = AttemptKey { action: key.clone(), attempt };
    let (now, fence) = (work.now, Fence(work.seq.0.unsigned_abs()));
    work.put_attempt(Attempt {
        key: attempt_key.clone(),
        cause,
        fence,
        session: session.clone(),
        held: true,
        phases: vec![
            PhaseTime { phase: Phase::Queued, at: since },
            // The machine's clock may have been set back since.
            PhaseTime { phase: Phase::Initializing, at: since.max(now) },
        ],
        end: None,
        report_uri: None,
        isolation: String::new(),
        cache_status: action.cache_status,
    });
    work.edit(key, |action| {
        action.attempts = attempt;
        action.state = State::Claimed { claim: Claim { session: session.clone(), fence }, since: now };
    });
    work.effect(Effect::Assign { attempt: attempt_key, fence, session: session.clone() });
    Ok(Reply::Claimed { attempt, fence })
}

/// When only waiting parents hold the cap, none of them can ever give a place back: one more may run.
fn check_cap(run: &Run) -> Result<(), Reject> {
    match run.max_concurrency.filter(|_| !active(Defect::CapExceededByStaleScheduler)) {
        Some(cap) if run.running >= cap && run.running != run.waiting_parents => Err(Reject::RunCap { cap }),
        Some(_) | None => Ok(()),
    }
}
