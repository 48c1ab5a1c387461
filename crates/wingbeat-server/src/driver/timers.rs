//! When which action has to be looked at again. In memory; rebuilt from live rows at start.

use std::collections::{BTreeSet, HashMap};

use wingbeat_model::{Action, ActionKey, Timestamp};

use super::slack::give_back;

/// At most one time per action.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Timestamp, ActionKey)>,
    by_action: HashMap<ActionKey, Timestamp>,
}

impl Timers {
    /// Takes over what an action's row says now.
    pub(super) fn observe(&mut self, action: &Action) {
        if let Some(old) = self.by_action.remove(&action.key) {
            self.order.remove(&(old, action.key.clone()));
            give_back(&mut self.by_action);
        }
        if let Some(at) = wingbeat_engine::wake_at(action) {
            self.order.insert((at, action.key.clone()));
            self.by_action.insert(action.key.clone(), at);
        }
    }

    /// The earliest time.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes out what is due, at most `limit`.
    pub(super) fn due(&mut self, now: Timestamp, limit: usize) -> Vec<ActionKey> {
        let mut due = Vec::new();
        while due.len() < limit && self.next().is_some_and(|at| at <= now) {
            let Some((_, key)) = self.order.pop_first() else { break };
            self.by_action.remove(&key);
            due.push(key);
            give_back(&mut self.by_action);
        }
        due
    }
}
