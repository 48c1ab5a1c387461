//! Answers conditions. The first value counts; the same one again is fine.

use wingbeat_model::{Action, ActionKey, ActionKind, ActionOutcome, State};

use crate::working::Working;
use crate::{Reject, Reply, finish};

pub(crate) fn signal(
    work: &mut Working,
    key: &ActionKey,
    value: Vec<u8>,
    by: String,
) -> Result<Reply, Reject> {
    let action = work.action(key).ok_or_else(|| Reject::NoAction(key.name.clone()))?;
    if action.kind != ActionKind::Condition {
        return Err(Reject::NotSignallable(format!("action `{}` is not a condition", key.name)));
    }
    match &action.state {
        State::Paused { .. } => {
            let outcome =
                ActionOutcome::Succeeded { output_uri: String::new(), value: Some(value), signalled_by: by };
            let now = work.now;
            finish::finish(work, key, outcome, now);
            Ok(Reply::Signalled)
        }
        State::Done { outcome, .. } => answered(action, outcome, &value),
        // Conditions are never queued nor run.
        State::Queued { .. }
        | State::AwaitingCache { .. }
        | State::Claimed { .. }
        | State::Running { .. } => {
            Err(Reject::NotSignallable(format!("condition `{}` does not wait", key.name)))
        }
    }
}

fn answered(action: &Action, outcome: &ActionOutcome, value: &[u8]) -> Result<Reply, Reject> {
    let name = &action.key.name;
    match outcome {
        ActionOutcome::Succeeded { value: Some(known), .. } if known == value => Ok(Reply::Signalled),
        ActionOutcome::Succeeded { .. } | ActionOutcome::Recovered { .. } => {
            Err(Reject::NotSignallable(format!("condition `{name}` was signalled with another value")))
        }
        ActionOutcome::TimedOut(_) => {
            Err(Reject::NotSignallable(format!("condition `{name}` has timed out")))
        }
        ActionOutcome::Aborted(_) => Err(Reject::NotSignallable(format!("condition `{name}` was aborted"))),
        ActionOutcome::Failed(_) => Err(Reject::NotSignallable(format!("condition `{name}` has failed"))),
    }
}
