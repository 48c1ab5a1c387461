//! The platform's time: read from the system once, then advanced by the monotonic clock, so that a
//! clock that jumps moves no timer.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wingbeat_model::{Span, Timestamp};

/// Where `now` comes from.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    base: Timestamp,
    started: Instant,
}

impl Clock {
    /// Reads the system's clock. A store that is ahead of it (its file was written by a machine whose
    /// clock ran fast) is not followed: timestamps are for people, positions order events.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        Self { base: Timestamp::from_micros(micros), started: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.base + Span::from_micros(passed)
    }

    /// When this clock was started.
    pub fn started_at(&self) -> Timestamp {
        self.base
    }

    /// The monotonic instant at which `at` will be now.
    pub fn instant_of(&self, at: Timestamp) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.started + at.since(self.base).to_std())
    }
}
