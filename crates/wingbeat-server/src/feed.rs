//! Wakes whoever watches. It carries positions, never data: a watcher reads what changed from the
//! store, so a slow one loses nothing and an idle one costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{Action, ActionKey, Changes, RunId, Seq};

use crate::wake::{Receiver, Sender};

/// Watched things from which on those without watchers are looked for.
const SWEEP: usize = 1_024;

/// Positions of the newest changes: by run, by parent, and over all runs.
#[derive(Debug, Clone)]
pub struct Feed {
    runs: Topics<RunId>,
    ends: Topics<ActionKey>,
    roots: Sender,
}

impl Default for Feed {
    fn default() -> Self {
        Self { runs: Topics::default(), ends: Topics::default(), roots: Sender::new(Seq::default()) }
    }
}

impl Feed {
    /// Resolves its `changed()` after each commit that touched the run. Subscribe first, then read the store.
    pub(crate) fn subscribe_run(&self, run: RunId) -> Receiver {
        self.runs.subscribe(run)
    }

    /// The same after each commit in which a child of `parent` ended: a third of what wakes the watchers of its run.
    pub(crate) fn subscribe_ends(&self, parent: ActionKey) -> Receiver {
        self.ends.subscribe(parent)
    }

    /// Resolves its `changed()` after each commit that touched any root action.
    pub(crate) fn subscribe_roots(&self) -> Receiver {
        self.roots.subscribe()
    }

    /// Tells watchers what was committed at `seq`.
    pub fn publish(&self, seq: Seq, changes: &Changes) {
        let skips = active(Defect::LastStateSkipped);
        let told = || changes.actions.iter().filter(|action| !(skips && action.phase().is_terminal()));
        if changes.actions.iter().any(|action| action.parent.is_none()) {
            self.roots.send_replace(seq);
        }
        self.runs.tell(seq, told().map(|action| action.key.run));
        let ended = told().filter(|action| action.phase().is_terminal());
        self.ends.tell(seq, ended.filter_map(Action::parent_key));
    }

    /// Tells everybody to look: after a commit of which nobody knows what it changed.
    pub fn wake_all(&self, seq: Seq) {
        self.roots.send_replace(seq);
        self.runs.wake_all(seq);
        self.ends.wake_all(seq);
    }

    /// How many watchers there are.
    pub fn watchers(&self) -> usize {
        self.runs.watchers() + self.ends.watchers() + self.roots.receiver_count()
    }
}

/// Positions of things that are watched one by one.
#[derive(Debug, Clone)]
struct Topics<K>(Arc<Mutex<BTreeMap<K, Sender>>>);

impl<K> Default for Topics<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord> Topics<K> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, Sender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, key: K) -> Receiver {
        let mut topics = self.lock();
        // What has ended is told no more: whoever comes sweeps up behind those who left.
        if topics.len() >= SWEEP && topics.len().is_power_of_two() {
            topics.retain(|_, sender| sender.receiver_count() > 0);
        }
        topics.entry(key).or_insert_with(|| Sender::new(Seq::default())).subscribe()
    }

    fn tell(&self, seq: Seq, keys: impl Iterator<Item = K>) {
        let touched: BTreeSet<K> = keys.collect();
        let mut topics = self.lock();
        for key in touched {
            let Some(sender) = topics.get(&key) else { continue };
            if sender.receiver_count() == 0 {
                topics.remove(&key);
            } else {
                sender.send_replace(seq);
            }
        }
    }

    fn wake_all(&self, seq: Seq) {
        for sender in self.lock().values() {
            sender.send_replace(seq);
        }
    }

    fn watchers(&self) -> usize {
        self.lock().values().map(Sender::receiver_count).sum()
    }
}
