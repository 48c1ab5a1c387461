//! How many calls may wait for the loop: of one run, so that it leaves places to others, and in all. Whoever finds no
//! place within the deadline is told to come back later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wingbeat_engine::Command;
use wingbeat_model::RunId;

/// Additions to one run that wait at most: a few transactions of them.
const OF_ONE_RUN: usize = 2_048;
/// Calls that wait at most, those that wait for a place included. Each holds its request in memory.
const IN_ALL: usize = 16_384;

/// See the module's text.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    runs: Mutex<HashMap<RunId, Arc<Semaphore>>>,
    inside: AtomicUsize,
}

/// A place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    entry: Entry,
    of_run: Option<(RunId, Option<OwnedSemaphorePermit>)>,
}

impl Entry {
    /// A place for these commands; `None`: too much waits already.
    pub(super) async fn enter(&self, commands: &[Command], within: Duration) -> Option<Place> {
        let mut place = self.count_in();
        if self.inner.inside.load(Ordering::Relaxed) > IN_ALL {
            return None;
        }
        // What ends work is let through: only additions are held back.
        if let [Command::Enqueue(new)] = commands {
            let run = new.key.run;
            place.of_run = Some((run, None));
            let permit = tokio::time::timeout(within, self.places_of(run).acquire_owned()).await;
            // The places are never closed.
            place.of_run = Some((run, Some(permit.ok()?.ok()?)));
        }
        Some(place)
    }

    fn count_in(&self) -> Place {
        self.inner.inside.fetch_add(1, Ordering::Relaxed);
        Place { entry: self.clone(), of_run: None }
    }

    fn places_of(&self, run: RunId) -> Arc<Semaphore> {
        let mut runs = self.inner.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.entry(run).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE_RUN))).clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.entry.inner.inside.fetch_sub(1, Ordering::Relaxed);
        let Some((run, permit)) = self.of_run.take() else { return };
        let mut runs = self.entry.inner.runs.lock().unwrap_or_else(PoisonError::into_inner);
        drop(permit);
        // Nobody else holds a place or waits for one: the run is forgotten.
        if runs.get(&run).is_some_and(|places| Arc::strong_count(places) == 1) {
            runs.remove(&run);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use wingbeat_engine::{Command, NewAction, NewBody};
    use wingbeat_model::{ActionKey, ActionName, Digest, RunId, TaskRef};

    use super::{Entry, OF_ONE_RUN};

    fn addition(run: i64) -> [Command; 1] {
        let new = NewAction {
            key: ActionKey { run: RunId(run), name: ActionName::stored("c") },
            parent: None,
            caller: None,
            group: String::new(),
            spec: Digest([0; 32]),
            spec_bytes: Vec::new(),
            task: TaskRef::default(),
            input_uri: String::new(),
            created_by: String::new(),
            body: NewBody::Condition { timeout: None },
        };
        [Command::Enqueue(Box::new(new))]
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_run_holds_its_own_back_and_nobody_else() {
        let entry = Entry::default();
        let mut places = Vec::new();
        for _ in 0..OF_ONE_RUN {
            places.push(entry.enter(&addition(1), Duration::ZERO).await.expect("there is a place"));
        }
        assert!(entry.enter(&addition(1), Duration::from_secs(5)).await.is_none(), "the run is full");
        assert!(entry.enter(&addition(2), Duration::ZERO).await.is_some(), "another run is not");
        let end = Command::Wake(ActionKey { run: RunId(1), name: ActionName::stored("c") });
        assert!(entry.enter(&[end], Duration::ZERO).await.is_some(), "only additions are held back");
        places.pop();
        assert!(entry.enter(&addition(1), Duration::from_secs(5)).await.is_some(), "a place is free again");
        places.clear();
        assert!(entry.inner.runs.lock().expect("not poisoned").is_empty(), "nothing is kept");
        assert_eq!(entry.inner.inside.load(Ordering::Relaxed), 0);
    }
}
