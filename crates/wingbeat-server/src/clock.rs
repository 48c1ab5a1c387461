//! The platform's time: read from the system once, then advanced by the monotonic clock, so that a
//! clock that jumps moves no timer.

use std::time::{SystemTime, UNIX_EPOCH};

use wingbeat_model::{Span, Timestamp};

/// Where `now` comes from.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    base: Timestamp,
    started: Span,
}

impl Clock {
    /// Reads the system's clock. A store that is ahead of it (its file was written by a machine whose
    /// clock ran fast) is not followed: timestamps are for people, positions order events.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        Self { base: Timestamp::from_micros(micros), started: uptime() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.base + Span::from_micros(uptime().as_micros() - self.started.as_micros())
    }

    /// When this clock was started.
    pub fn started_at(&self) -> Timestamp {
        self.base
    }

    /// How long until `at`. A machine that sleeps meanwhile wakes the waiter late: look again after a minute.
    pub fn until(&self, at: Timestamp) -> std::time::Duration {
        at.since(self.now()).to_std()
    }
}

/// Time since the machine started, its sleep included: a laptop that was closed over night is not behind.
#[cfg(target_os = "linux")]
fn uptime() -> Span {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Span::from_micros(time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1_000))
}

/// Time since some fixed moment of this process.
#[cfg(not(target_os = "linux"))]
fn uptime() -> Span {
    static FIRST: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    Span::from_micros(i64::try_from(FIRST.elapsed().as_micros()).unwrap_or(i64::MAX))
}
