//! Where all chance comes from: one seeded source, so that one seed is one history. In calm weather nothing
//! goes wrong any more.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

#[derive(Debug)]
pub(super) struct Weather {
    rng: Mutex<StdRng>,
    calm: AtomicBool,
}

impl Weather {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)), calm: AtomicBool::new(false) }
    }

    pub(super) fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn number(&self, range: Range<u64>) -> u64 {
        self.rng().random_range(range)
    }

    /// Whatever the weather.
    pub(super) fn chance(&self, percent: u64) -> bool {
        self.number(0..100) < percent
    }

    /// Does something go wrong? Never when it is calm.
    pub(super) fn strikes(&self, permille: u64) -> bool {
        let strikes = self.number(0..1000) < permille;
        strikes && !self.is_calm()
    }

    pub(super) async fn pause(&self, millis: Range<u64>) {
        let millis = self.number(millis);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    pub(super) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }
}
