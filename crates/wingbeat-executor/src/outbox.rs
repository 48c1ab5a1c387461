//! Reports that the server has not acknowledged. Order is kept; nothing is dropped before its ack.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use buffa::Message;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use wingbeat_proto::wingbeat::executor::v1::{AttemptRef, AttemptReport};

/// Most reports of one call.
const CALL_REPORTS: usize = 1000;

/// Size of one call, in bytes; the last report of it may go beyond.
const CALL_BYTES: u32 = 1 << 20;

/// How long the word that a process runs waits for company. Of an attempt that ends sooner one call tells all, and the
/// server writes it down at once.
const START_WAITS: Duration = Duration::from_millis(20);

/// The reports of one executor.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    arrived: Notify,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// What is on its way: told again if no answer comes.
    sent: Vec<AttemptReport>,
}

#[derive(Debug)]
struct Waiting {
    report: AttemptReport,
    /// When it goes, if nothing takes it along before.
    due: Instant,
}

/// Reports on their way. Dropping it without [`Sending::settle`] puts them back in front.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    outbox: &'a Outbox,
    /// What to put into the call.
    pub(crate) reports: Vec<AttemptReport>,
}

impl Outbox {
    /// Adds a report.
    pub(crate) fn push(&self, report: AttemptReport) {
        self.add(report, Instant::now());
    }

    /// Adds the report of a start.
    pub(crate) fn push_start(&self, report: AttemptReport) {
        self.add(report, Instant::now() + START_WAITS);
    }

    fn add(&self, report: AttemptReport, due: Instant) {
        self.lock().waiting.push_back(Waiting { report, due });
        self.arrived.notify_one();
    }

    /// The reports of the next call; waits for the first that is due. One call at a time.
    pub(crate) async fn next_call(&self) -> Sending<'_> {
        loop {
            let arrived = self.arrived.notified();
            let due = self.lock().waiting.iter().map(|waiting| waiting.due).min();
            match due {
                Some(due) if due <= Instant::now() => {
                    return Sending { outbox: self, reports: self.take() };
                }
                // Whichever comes first.
                Some(due) => drop(timeout_at(due, arrived).await),
                None => arrived.await,
            }
        }
    }

    /// Every attempt that has a report here.
    pub(crate) fn attempts(&self) -> Vec<AttemptRef> {
        let queue = self.lock();
        let mut seen = BTreeSet::new();
        let waiting = queue.waiting.iter().map(|waiting| &waiting.report);
        let reports = queue.sent.iter().chain(waiting);
        reports.filter(|report| seen.insert(key(report))).map(|report| (*report.r#ref).clone()).collect()
    }

    /// Drops every report of an attempt that is somebody else's now.
    pub(crate) fn forget(&self, attempt: &AttemptRef) {
        let mut queue = self.lock();
        queue.waiting.retain(|waiting| *waiting.report.r#ref != *attempt);
        drop(queue);
        self.settled.notify_waiters();
    }

    /// Waits until everything is acknowledged.
    pub(crate) async fn emptied(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.is_empty() {
                return;
            }
            settled.await;
        }
    }

    fn is_empty(&self) -> bool {
        let queue = self.lock();
        queue.waiting.is_empty() && queue.sent.is_empty()
    }

    fn take(&self) -> Vec<AttemptReport> {
        let mut queue = self.lock();
        let mut bytes = 0_u32;
        let mut call = Vec::new();
        while call.len() < CALL_REPORTS
            && bytes < CALL_BYTES
            && let Some(Waiting { report, .. }) = queue.waiting.pop_front()
        {
            bytes = bytes.saturating_add(report.encoded_len());
            call.push(report);
        }
        queue.sent.clone_from(&call);
        call
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No method can panic with a half-changed queue.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Sending<'a> {
    /// The first `n_answered` reports were answered; the rest is sent again. Gives the outbox back.
    pub(crate) fn settle(self, n_answered: usize) -> &'a Outbox {
        let mut queue = self.outbox.lock();
        let n_answered = n_answered.min(queue.sent.len());
        queue.sent.drain(..n_answered);
        drop(queue);
        // What is left goes back when this is dropped.
        self.outbox
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let mut queue = self.outbox.lock();
        let due = Instant::now();
        for report in std::mem::take(&mut queue.sent).into_iter().rev() {
            queue.waiting.push_front(Waiting { report, due });
        }
        let more = !queue.waiting.is_empty();
        drop(queue);
        if more {
            self.outbox.arrived.notify_one();
        }
        self.outbox.settled.notify_waiters();
    }
}

fn key(report: &AttemptReport) -> (i64, String, u32, u64) {
    (report.r#ref.run_id, report.r#ref.action.clone(), report.r#ref.attempt, report.r#ref.fence)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::time::Instant;
    use wingbeat_model::Fence;

    use super::{CALL_REPORTS, Outbox, START_WAITS};
    use crate::assignment::Held;
    use crate::testing::assignment;
    use crate::wire::{self, Happening};

    fn held(fence: u64) -> Held {
        Held { fence: Fence(fence), ..assignment().held }
    }

    fn filled(fences: impl IntoIterator<Item = u64>) -> Outbox {
        let outbox = Outbox::default();
        for fence in fences {
            outbox.push(wire::report(&held(fence), Happening::Stopped));
        }
        outbox
    }

    async fn next(outbox: &Outbox) -> Vec<u64> {
        outbox.next_call().await.reports.iter().map(|report| report.r#ref.fence).collect()
    }

    #[tokio::test]
    async fn what_was_not_answered_is_sent_again_in_order() {
        let outbox = filled(1..=3);
        assert_eq!(next(&outbox).await, [1, 2, 3]);
        outbox.push(wire::report(&held(4), Happening::Stopped));
        let sending = outbox.next_call().await;
        sending.settle(2);
        assert_eq!(next(&outbox).await, [3, 4]);
    }

    #[tokio::test]
    async fn it_is_empty_only_when_all_is_answered() {
        let outbox = filled(1..=2);
        let sending = outbox.next_call().await;
        assert_eq!(outbox.attempts().len(), 2);
        sending.settle(2);
        outbox.emptied().await;
        assert!(outbox.attempts().is_empty());
    }

    #[tokio::test]
    async fn a_stale_attempt_is_forgotten_and_others_stay() {
        let outbox = filled([1, 2, 1]);
        outbox.forget(&wire::attempt_ref(&held(1)));
        assert_eq!(next(&outbox).await, [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_goes_with_what_comes_next_or_soon_by_itself() {
        let start = |fence| {
            let happening = Happening::Started { isolation: "reused".to_owned(), pid: 1 };
            wire::report(&held(fence), happening)
        };
        let outbox = Outbox::default();
        outbox.push_start(start(1));
        assert!(outbox.next_call().now_or_never().is_none(), "it waits for company");
        outbox.push(wire::report(&held(1), Happening::Stopped));
        assert_eq!(next(&outbox).now_or_never().unwrap(), [1, 1]);
        let (outbox, began) = (Outbox::default(), Instant::now());
        outbox.push_start(start(2));
        assert_eq!(next(&outbox).await, [2]);
        assert!(began.elapsed() >= START_WAITS && began.elapsed() < 2 * START_WAITS);
    }

    #[tokio::test]
    async fn a_call_has_a_limit() {
        let outbox = filled(0..=CALL_REPORTS as u64);
        assert_eq!(next(&outbox).await.len(), CALL_REPORTS);
    }
}
