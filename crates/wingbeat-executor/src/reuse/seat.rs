//! An attempt's place in a reused process. Whoever drops it gives the place to the next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::pool::Inner;
use super::share::ShareKey;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) inner: Arc<Inner>,
    pub(super) key: Arc<ShareKey>,
    /// Which process.
    pub(super) number: u64,
    /// What the attempt brings along.
    pub(super) env: BTreeMap<String, String>,
    /// It waits for other actions, so another attempt may run.
    pub(super) waiting: AtomicBool,
}

impl Seat {
    /// The attempt waits for other actions, or does not any more.
    pub(super) fn waits(&self, waits: bool) {
        if self.waiting.swap(waits, Ordering::Relaxed) != waits {
            self.inner.count(&self.key, self.number, (0, if waits { 1 } else { -1 }));
        }
    }

    /// Its process takes no attempt after this one.
    pub(super) fn spend(&self, reason: &str) {
        self.inner.spend(&self.key, self.number, reason);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let waiting = if self.waiting.load(Ordering::Relaxed) { -1 } else { 0 };
        self.inner.count(&self.key, self.number, (-1, waiting));
    }
}
