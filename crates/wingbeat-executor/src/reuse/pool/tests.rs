//! The rules of a policy, on seats without processes. The stock package is used in `tests/stock_client`.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Fate, Phase, Shared, Slot};
use crate::assignment::ReusePolicy;
use crate::testing::reuse_policy;

fn shared(seats: &[(u32, u32)]) -> Shared {
    let mut shared = Shared::new(Instant::now());
    for (number, (seats, waiting)) in (0..).zip(seats) {
        let (_, phase) = watch::channel(Phase::Starting);
        shared.slots.push(Slot {
            number,
            phase,
            seats: *seats,
            waiting: *waiting,
            idle_since: Instant::now(),
            n_attempts: 0,
            spent: false,
        });
    }
    shared
}

fn policy(min_replicas: u32, max_replicas: u32, concurrency: u32) -> ReusePolicy {
    ReusePolicy { min_replicas, max_replicas, concurrency, ..reuse_policy() }
}

#[test]
fn a_parent_that_waits_leaves_room_for_its_children() {
    assert!(shared(&[(1, 0)]).is_full(&policy(0, 1, 1)));
    assert!(!shared(&[(1, 1)]).is_full(&policy(0, 1, 1)));
    assert!(shared(&[(1, 1), (1, 0)]).is_full(&policy(0, 1, 1)));
    assert!(!shared(&[(2, 0), (1, 0)]).is_full(&policy(0, 2, 2)));
    assert!(shared(&[(2, 0), (3, 1)]).is_full(&policy(0, 2, 2)));
}

#[test]
fn a_process_of_one_attempt_at_once_never_has_two() {
    assert!(shared(&[(1, 1)]).with_room(1).is_none());
    assert_eq!(shared(&[(1, 1), (0, 0)]).with_room(1).map(|slot| slot.number), Some(1));
    assert_eq!(shared(&[(2, 1)]).with_room(2).map(|slot| slot.number), Some(0));
    let mut spent = shared(&[(0, 0)]);
    spent.slots[0].spent = true;
    assert!(spent.with_room(1).is_none());
}

#[test]
fn a_process_with_attempts_stays_and_an_unused_one_goes_in_its_time() {
    let at_once =
        |min| ReusePolicy { idle: Duration::from_hours(1), scaledown: Duration::ZERO, ..policy(min, 4, 1) };
    let busy = shared(&[(1, 0), (0, 0)]);
    assert_eq!(busy.fate(&at_once(0), 0, true), Fate::Stay(None));
    assert!(matches!(busy.fate(&at_once(1), 1, false), Fate::End(_)), "one more than is kept");
    assert_eq!(busy.fate(&at_once(2), 1, false), Fate::Stay(None));
    assert!(matches!(busy.fate(&at_once(2), 1, true), Fate::End(_)), "the executor ends");
    let idle = shared(&[(0, 0)]);
    assert!(
        matches!(idle.fate(&at_once(1), 0, false), Fate::Stay(Some(_))),
        "until the environment is unused"
    );
    let unused = ReusePolicy { idle: Duration::ZERO, ..at_once(1) };
    assert!(matches!(idle.fate(&unused, 0, false), Fate::End(_)));
}
