//! A client that watches all actions, now and then: it reads pages of what changed after its last look.

use std::collections::BTreeMap;

use wingbeat_engine::invariants::Rows;
use wingbeat_model::{Action, ActionKey, Phase, RunId, Seq};

use crate::Recorder;

/// Rows of one page; small, so that looks take several.
const PAGE: usize = 4;

/// What the watcher has seen.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    after: BTreeMap<RunId, Seq>,
    seen: BTreeMap<ActionKey, Action>,
}

impl Watcher {
    /// Reads what changed. States may be skipped, never go backwards.
    pub(super) fn look(&mut self, recorder: &Recorder) -> Result<(), String> {
        for run in recorder.rows.runs.keys() {
            let mut after = self.after.get(run).copied().unwrap_or_default();
            while after < recorder.head() {
                let (page, upto) = recorder.changed(*run, after, PAGE);
                if upto <= after {
                    return Err(format!("a page after {after:?} ends at {upto:?}"));
                }
                for action in page {
                    self.see(recorder, action, (after, upto))?;
                }
                after = upto;
            }
            self.after.insert(*run, after);
        }
        Ok(())
    }

    fn see(&mut self, recorder: &Recorder, action: Action, (after, upto): (Seq, Seq)) -> Result<(), String> {
        if action.changed <= after || action.changed > upto {
            return Err(format!("{:?} is on the wrong page ({after:?} to {upto:?})", action.key));
        }
        if let Some(old) = self.seen.get(&action.key) {
            goes_on(&recorder.rows, old, &action)?;
        }
        self.seen.insert(action.key.clone(), action);
        Ok(())
    }

    /// After the last look, what was seen is what is there.
    pub(super) fn agrees(&self, recorder: &Recorder) -> Result<(), String> {
        let there = &recorder.rows.actions;
        let missed = there.values().find(|action| self.seen.get(&action.key).map(told) != Some(told(action)));
        match missed {
            Some(action) => Err(format!("the watcher missed a change of {:?}", action.key)),
            None if self.seen.len() > there.len() => Err("the watcher saw what is not there".to_owned()),
            None => Ok(()),
        }
    }
}

/// What a change is told of: not the number of children, which is no news of the parent.
fn told(action: &Action) -> Action {
    Action { live_children: 0, ..action.clone() }
}

fn goes_on(rows: &Rows, old: &Action, new: &Action) -> Result<(), String> {
    let back = old.phase().is_terminal() && old.outcome() != new.outcome();
    let cured = matches!(old.phase(), Phase::Failed | Phase::Aborted) && parent_was_retried(rows, new);
    if new.changed <= old.changed || new.attempts < old.attempts || (back && !cured) {
        return Err(format!("{:?} went from {:?} to {:?}", new.key, old.state, new.state));
    }
    Ok(())
}

fn parent_was_retried(rows: &Rows, child: &Action) -> bool {
    let Some(name) = child.parent.clone() else { return false };
    let parent = rows.actions.get(&ActionKey { run: child.key.run, name });
    parent.is_some_and(|parent| parent.reopens_since.is_some())
}
