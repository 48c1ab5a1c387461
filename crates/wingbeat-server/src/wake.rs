//! A value that changes, and whoever waits for that. As `tokio::sync::watch`, but that those who wait wake in the
//! order in which they came: nobody is overtaken, and a simulated history can be told again from its seed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wingbeat_model::Seq;

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    position: Seq,
    /// Counts changes: a position may be told twice.
    version: u64,
    receivers: usize,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes when the last clone of the sender is gone.
#[derive(Debug)]
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_waiters();
    }
}

/// Changes the value.
#[derive(Debug, Clone)]
pub(crate) struct Sender(Arc<Open>);

/// Waits for changes.
#[derive(Debug)]
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    seen: u64,
}

/// No change will come any more.
#[derive(Debug)]
pub(crate) struct Closed;

impl Sender {
    pub(crate) fn new(position: Seq) -> Self {
        let state = Mutex::new(State { position, ..State::default() });
        Self(Arc::new(Open(Arc::new(Shared { state, changed: Notify::new() }))))
    }

    /// What changes from now on is new to the receiver.
    pub(crate) fn subscribe(&self) -> Receiver {
        let shared = self.0.0.clone();
        let seen = {
            let mut state = shared.lock();
            state.receivers += 1;
            state.version
        };
        Receiver { shared, seen }
    }

    pub(crate) fn send_replace(&self, position: Seq) {
        let shared = &self.0.0;
        {
            let mut state = shared.lock();
            state.position = position;
            state.version += 1;
        }
        shared.changed.notify_waiters();
    }

    pub(crate) fn receiver_count(&self) -> usize {
        self.0.0.lock().receivers
    }
}

impl Receiver {
    /// Resolves when there is something new, with the newest position. Harmless to cancel.
    pub(crate) async fn changed(&mut self) -> Result<Seq, Closed> {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            {
                let state = self.shared.lock();
                if state.version != self.seen {
                    self.seen = state.version;
                    return Ok(state.position);
                }
                if state.closed {
                    return Err(Closed);
                }
            }
            changed.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.lock().receivers -= 1;
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tasks end with the test's runtime")]
mod tests {
    use wingbeat_model::Seq;

    use super::Sender;

    #[tokio::test]
    async fn a_change_before_the_wait_counts_and_a_lost_sender_is_noticed() {
        let sender = Sender::new(Seq(1));
        let mut receiver = sender.subscribe();
        assert_eq!(sender.receiver_count(), 1);
        sender.send_replace(Seq(2));
        sender.send_replace(Seq(3));
        assert_eq!(receiver.changed().await.unwrap(), Seq(3), "two changes are told at once");
        let waiting = tokio::spawn(async move { receiver.changed().await.is_err() });
        tokio::task::yield_now().await;
        drop(sender);
        assert!(waiting.await.unwrap(), "nothing will come any more");
    }

    #[tokio::test]
    async fn who_came_first_wakes_first() {
        let sender = Sender::new(Seq(0));
        let (woken, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..20 {
            let (mut receiver, woken) = (sender.subscribe(), woken.clone());
            tokio::spawn(async move {
                receiver.changed().await.unwrap();
                woken.send(number).unwrap();
            });
        }
        tokio::task::yield_now().await;
        sender.send_replace(Seq(1));
        for number in 0..20 {
            assert_eq!(order.recv().await, Some(number));
        }
    }
}
