//! Ends actions on somebody's wish. The processes follow; the phase does not wait for them.

use wingbeat_model::{Abort, ActionKey, ActionOutcome, AttemptEnd, AttemptIdentity, Principal, Timestamp};

use crate::finish::{self, Process};
use crate::working::Working;
use crate::{Reject, Reply};

/// Who wants an action to end, and why.
pub(crate) struct Wish {
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) caller: Option<AttemptIdentity>,
}

pub(crate) fn abort(work: &mut Working, key: &ActionKey, wish: Wish) -> Result<Reply, Reject> {
    if let Some(caller) = &wish.caller {
        work.check_caller(caller)?;
    }
    let action = work.action(key).ok_or_else(|| Reject::NoAction(key.name.clone()))?;
    if action.phase().is_terminal() {
        return Ok(Reply::Aborted);
    }
    let abort = signed(wish, work.now);
    if key.name.is_root() {
        work.edit_run(key.run, |run| run.abort = Some(abort.clone()));
    }
    end(work, key, abort);
    Ok(Reply::Aborted)
}

fn signed(wish: Wish, at: Timestamp) -> Abort {
    let reason = match &wish {
        Wish { reason, .. } if !reason.is_empty() => reason.clone(),
        Wish { caller: Some(_), .. } => "aborted by a task".to_owned(),
        Wish { caller: None, .. } => "aborted by user".to_owned(),
    };
    let by = wish.caller.map_or(wish.by, |caller| Principal::Attempt(caller).subject());
    Abort { reason, by, at }
}

/// Ends an action that has not ended. Its children follow in transactions of their own.
pub(crate) fn end(work: &mut Working, key: &ActionKey, abort: Abort) {
    let at = work.now;
    let attempt_end = AttemptEnd::Aborted { reason: abort.reason.clone() };
    let claimed = work.action(key).is_some_and(|action| action.claim().is_some());
    finish::stop(work, key, &abort.reason);
    finish::finish(work, key, ActionOutcome::Aborted(abort), at);
    if claimed {
        finish::end_attempt(work, key, attempt_end, Process::MayLive, at);
    }
}
