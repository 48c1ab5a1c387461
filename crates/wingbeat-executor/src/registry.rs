//! Which attempts live here, and how each is told to stop. At most one process per attempt and fence, ever:
//! an attempt that has ended is remembered, for the server may assign it again until it has the report.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wingbeat_model::{AttemptKey, Fence};

use crate::assignment::Held;

/// How many ended attempts are remembered. The server assigns again only what it counts as held, which
/// is never more than an executor has slots.
const REMEMBERED: usize = 16_384;

/// Why an attempt must stop, and so what is said about it afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StopOrder {
    /// The server wishes it, for this reason.
    Wanted(String),
    /// Somebody else owns it: nothing is reported.
    Disowned,
    /// The executor itself ends.
    ExecutorEnds(String),
}

/// Where an attempt hears that it must stop. The first order counts.
#[derive(Debug)]
pub(crate) struct StopSignal {
    orders: watch::Receiver<Option<StopOrder>>,
}

/// Whether an assignment is to be carried out.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Yes, as soon as `after`, if any, is cancelled: an earlier owner of the attempt is being stopped.
    Start { stop: StopSignal, after: Option<CancellationToken> },
    /// It is known already: it runs or has ended, or it is an older one than what does.
    Known,
    /// The executor is ending.
    Closed,
}

/// The live attempts of one executor.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    live: HashMap<AttemptKey, Live>,
    ended: Ended,
    closed: bool,
}

/// The newest fence with which each of the latest attempts ended here.
#[derive(Debug, Default)]
struct Ended {
    fences: HashMap<AttemptKey, Fence>,
    /// The same attempts, the longest known first.
    order: VecDeque<AttemptKey>,
}

#[derive(Debug)]
struct Live {
    fence: Fence,
    orders: watch::Sender<Option<StopOrder>>,
    gone: CancellationToken,
}

impl StopSignal {
    /// Waits for an order. Harmless to cancel and to repeat.
    pub(crate) async fn ordered(&mut self) -> StopOrder {
        match self.orders.wait_for(Option::is_some).await {
            Ok(order) => order.clone().unwrap_or(StopOrder::Disowned),
            // The entry was replaced without an order, which `admit` never does; nobody wants the attempt.
            Err(_) => StopOrder::Disowned,
        }
    }

    /// The order, if there is one by now.
    pub(crate) fn order(&self) -> Option<StopOrder> {
        self.orders.borrow().clone()
    }
}

impl Ended {
    fn remember(&mut self, held: &Held) {
        if let Some(fence) = self.fences.get_mut(&held.key) {
            *fence = held.fence.max(*fence);
            return;
        }
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.fences.remove(&oldest);
        }
        self.fences.insert(held.key.clone(), held.fence);
        self.order.push_back(held.key.clone());
    }

    fn has(&self, held: &Held) -> bool {
        self.fences.get(&held.key).is_some_and(|fence| *fence >= held.fence)
    }
}

impl Registry {
    /// Takes an attempt in, unless it is or was here already.
    pub(crate) fn admit(&self, held: &Held) -> Admission {
        let mut state = self.lock();
        if state.closed {
            return Admission::Closed;
        }
        if state.ended.has(held) {
            return Admission::Known;
        }
        let after = match state.live.get(&held.key) {
            Some(live) if live.fence >= held.fence => return Admission::Known,
            Some(live) => {
                order(live, StopOrder::Disowned);
                Some(live.gone.clone())
            }
            None => None,
        };
        let (orders, inbox) = watch::channel(None);
        let live = Live { fence: held.fence, orders, gone: CancellationToken::new() };
        state.live.insert(held.key.clone(), live);
        Admission::Start { stop: StopSignal { orders: inbox }, after }
    }

    /// Tells an attempt to stop; `false` if it is not here. Then it never will be: it counts as ended.
    pub(crate) fn stop(&self, held: &Held, wanted: StopOrder) -> bool {
        let mut state = self.lock();
        match state.live.get(&held.key) {
            Some(live) if live.fence == held.fence => {
                order(live, wanted);
                true
            }
            Some(_) | None => {
                state.ended.remember(held);
                false
            }
        }
    }

    /// Tells every attempt to stop and takes in no more.
    pub(crate) fn close(&self, wanted: &StopOrder) {
        let mut state = self.lock();
        state.closed = true;
        state.live.values().for_each(|live| order(live, wanted.clone()));
    }

    /// An attempt is over: its processes are gone and its report is in the outbox. `gone` is what
    /// [`Registry::leaving`] gave.
    pub(crate) fn remove(&self, held: &Held, gone: &CancellationToken) {
        let mut state = self.lock();
        if state.live.get(&held.key).is_some_and(|live| live.fence == held.fence) {
            state.live.remove(&held.key);
        }
        state.ended.remember(held);
        gone.cancel();
    }

    /// What a later owner of the same attempt waits for.
    pub(crate) fn leaving(&self, held: &Held) -> CancellationToken {
        let state = self.lock();
        let live = state.live.get(&held.key).filter(|live| live.fence == held.fence);
        live.map(|live| live.gone.clone()).unwrap_or_default()
    }

    /// Every attempt that is here.
    pub(crate) fn holding(&self) -> Vec<Held> {
        let state = self.lock();
        state.live.iter().map(|(key, live)| Held { key: key.clone(), fence: live.fence }).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No method can panic with a half-changed map.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn order(live: &Live, wanted: StopOrder) {
    live.orders.send_if_modified(|order| {
        let first = order.is_none();
        if first {
            *order = Some(wanted);
        }
        first
    });
}

#[cfg(test)]
mod tests {
    use wingbeat_model::Fence;

    use super::{Admission, REMEMBERED, Registry, StopOrder, StopSignal};
    use crate::assignment::Held;
    use crate::testing::assignment;

    fn held(fence: u64) -> Held {
        Held { fence: Fence(fence), ..assignment().held }
    }

    fn nth(attempt: u32) -> Held {
        let mut held = held(1);
        held.key.attempt = attempt;
        held
    }

    fn start(registry: &Registry, fence: u64) -> StopSignal {
        match registry.admit(&held(fence)) {
            Admission::Start { stop, .. } => stop,
            other @ (Admission::Known | Admission::Closed) => panic!("not started: {other:?}"),
        }
    }

    #[tokio::test]
    async fn an_assignment_that_comes_twice_is_started_once() {
        let registry = Registry::default();
        let _stop = start(&registry, 2);
        assert!(matches!(registry.admit(&held(2)), Admission::Known));
        assert!(matches!(registry.admit(&held(1)), Admission::Known));
        assert_eq!(registry.holding(), [held(2)]);
    }

    #[tokio::test]
    async fn a_new_owner_waits_until_the_old_process_is_gone() {
        let registry = Registry::default();
        let mut old = start(&registry, 1);
        let leaving = registry.leaving(&held(1));
        let Admission::Start { after: Some(after), .. } = registry.admit(&held(2)) else {
            panic!("must wait")
        };
        assert_eq!(old.ordered().await, StopOrder::Disowned);
        assert!(!after.is_cancelled());
        registry.remove(&held(1), &leaving);
        assert!(after.is_cancelled());
        assert_eq!(registry.holding(), [held(2)]);
    }

    #[tokio::test]
    async fn an_attempt_that_has_ended_is_not_started_again() {
        let registry = Registry::default();
        let _stop = start(&registry, 2);
        registry.remove(&held(2), &registry.leaving(&held(2)));
        assert!(matches!(registry.admit(&held(2)), Admission::Known));
        assert!(matches!(registry.admit(&held(1)), Admission::Known));
        assert!(registry.holding().is_empty());
        let _newer_owner = start(&registry, 3);
    }

    #[tokio::test]
    async fn an_attempt_that_was_stopped_before_it_came_is_not_started() {
        let registry = Registry::default();
        assert!(!registry.stop(&held(2), StopOrder::Wanted("aborted".to_owned())));
        assert!(matches!(registry.admit(&held(2)), Admission::Known));
    }

    #[tokio::test]
    async fn the_longest_ended_is_forgotten_first() {
        let registry = Registry::default();
        for attempt in 0..=u32::try_from(REMEMBERED).unwrap() {
            registry.stop(&nth(attempt), StopOrder::Disowned);
        }
        assert!(matches!(registry.admit(&nth(1)), Admission::Known));
        assert!(matches!(registry.admit(&nth(0)), Admission::Start { .. }));
    }

    #[tokio::test]
    async fn the_first_order_counts() {
        let registry = Registry::default();
        let mut stop = start(&registry, 1);
        assert!(registry.stop(&held(1), StopOrder::Wanted("timeout".to_owned())));
        registry.close(&StopOrder::ExecutorEnds("bye".to_owned()));
        assert_eq!(stop.ordered().await, StopOrder::Wanted("timeout".to_owned()));
        assert!(!registry.stop(&held(7), StopOrder::Disowned));
        assert!(matches!(registry.admit(&held(9)), Admission::Closed));
    }
}
