//! The platform's time: read from the system once, then advanced by the monotonic clock, so that a
//! clock that jumps moves no timer.

use std::time::{SystemTime, UNIX_EPOCH};

use wingbeat_model::{Span, Timestamp};

/// Where `now` comes from.
#[derive(Debug, Clone)]
pub struct Clock {
    base: Timestamp,
    started: Span,
    #[cfg(feature = "simulation")]
    simulated: Option<simulated::Time>,
}

impl Clock {
    /// Reads the system's clock. A store that is ahead of it (its file was written by a machine whose
    /// clock ran fast) is not followed: timestamps are for people, positions order events.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        Self {
            base: Timestamp::from_micros(micros),
            started: uptime(),
            #[cfg(feature = "simulation")]
            simulated: None,
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.base + Span::from_micros(self.uptime().as_micros() - self.started.as_micros())
    }

    /// When this clock was started.
    pub fn started_at(&self) -> Timestamp {
        self.base
    }

    /// How long until `at`. A machine that sleeps meanwhile wakes the waiter late: look again after a minute.
    pub fn until(&self, at: Timestamp) -> std::time::Duration {
        at.since(self.now()).to_std()
    }

    #[cfg(not(feature = "simulation"))]
    #[allow(clippy::unused_self, reason = "a simulated clock has a time of its own")]
    fn uptime(&self) -> Span {
        uptime()
    }

    #[cfg(feature = "simulation")]
    fn uptime(&self) -> Span {
        self.simulated.as_ref().map_or_else(uptime, simulated::Time::uptime)
    }
}

#[cfg(feature = "simulation")]
mod simulated {
    //! A clock that follows the runtime's time, which tests hold still, and can be made to jump.

    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use tokio::time::Instant;
    use wingbeat_model::{Span, Timestamp};

    use super::Clock;

    #[derive(Debug, Clone)]
    pub(super) struct Time {
        started: Instant,
        slept: Arc<AtomicI64>,
    }

    impl Time {
        pub(super) fn uptime(&self) -> Span {
            let micros = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
            Span::from_micros(micros.saturating_add(self.slept.load(Ordering::Relaxed)))
        }
    }

    impl Clock {
        /// A clock that shows `base` now. What is added to `slept`, in microseconds, passes at once: the machine
        /// was asleep.
        pub fn simulated(base: Timestamp, slept: Arc<AtomicI64>) -> Self {
            let time = Time { started: Instant::now(), slept };
            Self { base, started: time.uptime(), simulated: Some(time) }
        }
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
