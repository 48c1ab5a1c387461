//! Decides which children a user retry of their parent may run again. The watch that tells the new
//! attempt of its children leaves these out, so that it enqueues them.

use wingbeat_model::{Abort, Action, ActionOutcome};

/// The reason that children get whose parent has ended.
pub(crate) const PARENT_ENDED: &str = "parent ended";

/// May an Enqueue of `child` under `parent` run it again?
///
/// It ended before the parent's last user retry, and so that a fresh start may end otherwise: FAILED
/// and recoverable, or ABORTED by a former attempt of a task or because its parent had ended. A
/// person's abort stands. Source: docs/adr/0002-terminal-phases-are-final.md.
pub fn reopens(parent: &Action, child: &Action) -> bool {
    // By positions: clocks of servers differ, and jump. What has ended does not change again.
    let before = parent.reopens_since.is_some_and(|since| child.changed <= since);
    before && child.phase().is_terminal() && !parent.phase().is_terminal() && curable(child)
}

fn curable(child: &Action) -> bool {
    match child.outcome() {
        Some(ActionOutcome::Failed(failure)) => failure.recoverable,
        Some(ActionOutcome::Aborted(abort)) => by_former_attempt(abort),
        Some(
            ActionOutcome::Succeeded { .. } | ActionOutcome::TimedOut(_) | ActionOutcome::Recovered { .. },
        )
        | None => false,
    }
}

// A task that fails cancels its other children on its way out; its next attempt wants them again.
fn by_former_attempt(abort: &Abort) -> bool {
    abort.by.starts_with(ATTEMPT_SUBJECT) || (abort.by.is_empty() && abort.reason == PARENT_ENDED)
}

/// How `Principal::subject` begins for an attempt.
const ATTEMPT_SUBJECT: &str = "attempt:";
