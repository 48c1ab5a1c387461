//! A client that watches all actions, now and then: it reads what changed after its last look.

use std::collections::BTreeMap;

use wingbeat_engine::invariants::Rows;
use wingbeat_model::{Action, ActionKey, Phase, Seq};

use crate::Recorder;

/// What the watcher has seen.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    after: Seq,
    seen: BTreeMap<ActionKey, Action>,
}

impl Watcher {
    /// Reads what changed. States may be skipped, never go backwards.
    pub(super) fn look(&mut self, recorder: &Recorder) -> Result<(), String> {
        let head = recorder.head();
        for (key, action) in recorder.rows.actions.iter().filter(|(_, action)| action.changed > self.after) {
            if action.changed > head {
                return Err(format!("{key:?} changed in the future"));
            }
            if let Some(old) = self.seen.insert(key.clone(), action.clone()) {
                goes_on(&recorder.rows, &old, action)?;
            }
        }
        self.after = head;
        Ok(())
    }

    /// After the last look, what was seen is what is there.
    pub(super) fn agrees(&self, recorder: &Recorder) -> Result<(), String> {
        if self.seen == recorder.rows.actions {
            Ok(())
        } else {
            Err("the watcher missed a change".to_owned())
        }
    }
}

fn goes_on(rows: &Rows, old: &Action, new: &Action) -> Result<(), String> {
    let back = old.phase().is_terminal() && old.outcome() != new.outcome();
    let cured = matches!(old.phase(), Phase::Failed | Phase::Aborted) && parent_was_retried(rows, new);
    if new.attempts < old.attempts || (back && !cured) {
        return Err(format!("{:?} went from {:?} to {:?}", new.key, old.state, new.state));
    }
    Ok(())
}

fn parent_was_retried(rows: &Rows, child: &Action) -> bool {
    let Some(name) = child.parent.clone() else { return false };
    let parent = rows.actions.get(&ActionKey { run: child.key.run, name });
    parent.is_some_and(|parent| parent.reopens_since.is_some())
}
