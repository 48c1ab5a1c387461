//! Wakes whoever watches. It carries positions, never data: a watcher reads what changed from the
//! store, so a slow one loses nothing and an idle one costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{Changes, RunId, Seq};

use crate::wake::{Receiver, Sender};

/// Watched runs from which on those without watchers are looked for.
const SWEEP: usize = 1_024;

/// Positions of the newest changes, by run and over all runs.
#[derive(Debug, Clone)]
pub struct Feed {
    runs: Arc<Mutex<BTreeMap<RunId, Sender>>>,
    roots: Sender,
}

impl Default for Feed {
    fn default() -> Self {
        Self { runs: Arc::default(), roots: Sender::new(Seq::default()) }
    }
}

impl Feed {
    /// Resolves its `changed()` after each commit that touched the run. Subscribe first, then read the store.
    pub(crate) fn subscribe_run(&self, run: RunId) -> Receiver {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        // Runs that have ended are published no more: whoever comes sweeps up behind those who left.
        if runs.len() >= SWEEP && runs.len().is_power_of_two() {
            runs.retain(|_, sender| sender.receiver_count() > 0);
        }
        runs.entry(run).or_insert_with(|| Sender::new(Seq::default())).subscribe()
    }

    /// Resolves its `changed()` after each commit that touched any root action.
    pub(crate) fn subscribe_roots(&self) -> Receiver {
        self.roots.subscribe()
    }

    /// Tells watchers what was committed at `seq`.
    pub fn publish(&self, seq: Seq, changes: &Changes) {
        let skips = active(Defect::LastStateSkipped);
        let told = changes.actions.iter().filter(|action| !(skips && action.phase().is_terminal()));
        let touched: BTreeSet<RunId> = told.map(|action| action.key.run).collect();
        if changes.actions.iter().any(|action| action.parent.is_none()) {
            self.roots.send_replace(seq);
        }
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        for run in touched {
            let Some(sender) = runs.get(&run) else { continue };
            if sender.receiver_count() == 0 {
                runs.remove(&run);
            } else {
                sender.send_replace(seq);
            }
        }
    }

    /// Tells everybody to look: after a commit of which nobody knows what it changed.
    pub fn wake_all(&self, seq: Seq) {
        self.roots.send_replace(seq);
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in runs.values() {
            sender.send_replace(seq);
        }
    }

    /// How many watchers there are.
    pub fn watchers(&self) -> usize {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.values().map(Sender::receiver_count).sum::<usize>() + self.roots.receiver_count()
    }
}
