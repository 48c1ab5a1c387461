//! Wakes whoever watches. A wake-up carries a position, never data: a watcher then reads what changed, from memory if
//! that was lately and from the store if not, so a slow one loses nothing and an idle one costs nothing.

mod recent;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wingbeat_engine::defects::{Defect, active};
use wingbeat_model::{Action, ActionKey, Changes, RunId, Seq};

use crate::wake::{Receiver, Sender};
pub(crate) use recent::News;
use recent::{Recent, news};

/// Watched things from which on those without watchers are looked for.
const SWEEP: usize = 1_024;

/// Positions of the newest changes: by run, by parent, and over all runs.
#[derive(Debug, Clone)]
pub struct Feed {
    runs: Topics<RunId>,
    ends: Topics<ActionKey>,
    roots: Sender,
    recent: Arc<Mutex<Recent>>,
}

impl Default for Feed {
    fn default() -> Self {
        let roots = Sender::new(Seq::default());
        Self { runs: Topics::default(), ends: Topics::default(), roots, recent: Arc::default() }
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

    /// The newest position that watchers were told of. What a store reads afterwards holds everything up to it.
    pub(crate) fn position(&self) -> Seq {
        self.recent().upto()
    }

    /// Nobody watches yet, and what was committed until `head` is read from the store.
    pub(crate) fn start_from(&self, head: Seq) {
        self.recent().told_until(head);
    }

    /// How many commits until `head`, of whichever server, watchers were not told of.
    pub(crate) fn lag(&self, head: Seq) -> i64 {
        head.0.saturating_sub(self.recent().told().0).max(0)
    }

    /// Rows that changed after a position; `None`: only the store knows them all.
    pub(crate) fn news(&self, after: Seq, wanted: impl Fn(&Action) -> bool) -> Option<News> {
        let found = self.recent().after(after);
        found.map(|found| news(found, wanted))
    }

    /// Tells watchers what this server committed at `seq`.
    pub fn publish(&self, seq: Seq, changes: Changes) {
        if changes.is_empty() {
            // It has no position of its own: that one may be another server's.
            return;
        }
        let mut told = changes.actions;
        told.retain(is_told);
        let touched = Touched::of(&told, seq);
        // Before anybody is woken, for whom it is there.
        self.recent().add(seq, told);
        self.wake(seq, touched);
    }

    /// Tells watchers what other servers committed until `seq`, whose rows may be newer than that.
    pub fn publish_others(&self, seq: Seq, changes: &Changes) {
        let touched = Touched::of(&changes.actions, Seq::default());
        self.recent().told_until(seq);
        self.recent().forget(seq);
        self.wake(seq, touched);
    }

    /// Tells everybody to look: after a commit of which nobody knows what it changed.
    pub fn wake_all(&self, seq: Seq) {
        self.recent().told_until(seq);
        self.recent().forget(seq);
        self.roots.send_replace(seq);
        self.runs.wake_all(seq);
        self.ends.wake_all(seq);
    }

    fn wake(&self, seq: Seq, touched: Touched) {
        if touched.roots {
            self.roots.send_replace(seq);
        }
        self.runs.tell(seq, touched.runs);
        self.ends.tell(seq, touched.parents);
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many watchers there are.
    pub fn watchers(&self) -> usize {
        self.runs.watchers() + self.ends.watchers() + self.roots.receiver_count()
    }
}

fn is_told(action: &Action) -> bool {
    !(active(Defect::LastStateSkipped) && action.phase().is_terminal())
}

/// Whom a commit is news to.
struct Touched {
    runs: BTreeSet<RunId>,
    parents: BTreeSet<ActionKey>,
    roots: bool,
}

impl Touched {
    fn of(actions: &[Action], since: Seq) -> Self {
        let told = || actions.iter().filter(|action| is_told(action));
        let ended = told().filter(|action| action.phase().is_terminal());
        Self {
            runs: told().map(|action| action.key.run).collect(),
            parents: ended.filter_map(Action::parent_key).collect(),
            // A root of which only the number of children is another one is the same in lists of runs.
            roots: told().any(|action| action.parent.is_none() && action.changed >= since),
        }
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

    fn tell(&self, seq: Seq, touched: BTreeSet<K>) {
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

#[cfg(test)]
mod tests;
