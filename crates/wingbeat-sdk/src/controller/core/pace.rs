//! How long things wait, and how often they are tried. Pure numbers.

use std::time::Duration;

/// Tries to send one action that may fail, besides those that the platform itself bade to come later.
pub(super) const MOST_FAILURES: u32 = 100;

/// Tries to open the watch, one after another without a message between them: about a quarter of an hour.
pub(super) const MOST_WATCH_FAILURES: u32 = 40;

/// A snapshot whose end does not come, although nothing else comes either, is taken for complete.
pub(super) const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(5);

/// A recorded step that the platform does not tell of is taken for recorded: it has accepted it, after all.
pub(super) const ECHO_PATIENCE: Duration = Duration::from_mins(1);

/// A watch that the server closed in order is opened again after this.
pub(super) const AFTER_CLEAN_END: Duration = Duration::from_millis(200);

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(10);
const LONGEST_RECONNECT: Duration = Duration::from_secs(30);

/// Before an action is sent again: doubling, and never earlier than the platform asked for.
pub(super) fn before_retry(tries: u32, hint: Option<Duration>) -> Duration {
    doubled(tries, LONGEST_RETRY).max(hint.unwrap_or_default())
}

/// Before the watch is opened again.
pub(super) fn before_reconnect(failures: u32) -> Duration {
    doubled(failures, LONGEST_RECONNECT)
}

fn doubled(times: u32, longest: Duration) -> Duration {
    FIRST_WAIT.saturating_mul(1 << times.min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST_RECONNECT, LONGEST_RETRY, before_reconnect, before_retry};

    #[test]
    fn waits_double_up_to_a_bound() {
        let waits: Vec<_> = (0..9).map(|tries| before_retry(tries, None).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(before_retry(u32::MAX, None), LONGEST_RETRY);
        assert_eq!(before_reconnect(u32::MAX), LONGEST_RECONNECT);
    }

    #[test]
    fn the_platforms_hint_is_a_lower_bound() {
        assert_eq!(before_retry(0, Some(Duration::from_secs(3))), Duration::from_secs(3));
        assert_eq!(before_retry(9, Some(Duration::from_millis(1))), LONGEST_RETRY);
        assert_eq!(before_retry(9, Some(Duration::from_mins(1))), Duration::from_mins(1));
    }
}
