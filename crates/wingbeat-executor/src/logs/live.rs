//! Live lines on their way to the server: a bounded queue, filled by followers and emptied by the session.
//!
//! Nothing is kept for a server that is away. When it is back, [`LiveLogs::connected`] starts a new
//! generation, and each follower pushes again what is not durable yet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buffa::Message;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;
use wingbeat_proto::wingbeat::executor::v1::LogBatch;

/// Batches that wait to be sent.
const QUEUED_BATCHES: usize = 512;

/// Size of one call, in bytes; the last batch of it may go beyond.
const CALL_BYTES: u32 = 1 << 20;

/// How long the end of an attempt waits for its last live lines to be taken. They are durable already.
const LAST_BATCH_PATIENCE: Duration = Duration::from_secs(1);

/// A batch, and whom to tell that the server has it.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) batch: LogBatch,
    pub(crate) delivered: Option<oneshot::Sender<()>>,
}

/// The queue of live lines.
#[derive(Debug)]
pub(crate) struct LiveLogs {
    sender: mpsc::Sender<Outgoing>,
    receiver: Mutex<mpsc::Receiver<Outgoing>>,
    /// Odd while connected; every change adds one.
    epoch: AtomicU64,
}

impl LiveLogs {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUED_BATCHES);
        Self { sender, receiver: Mutex::new(receiver), epoch: AtomicU64::new(0) }
    }

    /// The server is there. What was meant for the connection before this one is dropped.
    pub(crate) async fn connected(&self) {
        let mut receiver = self.receiver.lock().await;
        while receiver.try_recv().is_ok() {}
        drop(receiver);
        self.epoch.fetch_or(1, Ordering::Relaxed);
    }

    /// The server is gone.
    pub(crate) fn disconnected(&self) {
        let turn = |epoch: u64| if epoch % 2 == 1 { Some(epoch + 1) } else { None };
        let _unchanged = self.epoch.fetch_update(Ordering::Relaxed, Ordering::Relaxed, turn);
    }

    /// Which connection this is; `None` while there is none.
    pub(super) fn generation(&self) -> Option<u64> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        (epoch % 2 == 1).then_some(epoch)
    }

    /// Queues a batch unless the queue is full.
    pub(super) fn try_push(&self, batch: LogBatch) -> bool {
        self.sender.try_send(Outgoing { batch, delivered: None }).is_ok()
    }

    /// Queues an attempt's last batch and waits, not for long, until the server has it.
    pub(super) async fn push_last(&self, batch: LogBatch) {
        if self.generation().is_none() {
            return;
        }
        let (delivered, heard) = oneshot::channel();
        let push = async {
            let outgoing = Outgoing { batch, delivered: Some(delivered) };
            if self.sender.send(outgoing).await.is_ok() {
                let _dropped = heard.await;
            }
        };
        let _too_late = timeout(LAST_BATCH_PATIENCE, push).await;
    }

    /// The batches of the next call; waits for the first.
    pub(crate) async fn next_call(&self) -> Vec<Outgoing> {
        let mut receiver = self.receiver.lock().await;
        let Some(first) = receiver.recv().await else { return Vec::new() };
        let mut bytes = first.batch.encoded_len();
        let mut call = vec![first];
        while bytes < CALL_BYTES
            && let Ok(next) = receiver.try_recv()
        {
            bytes = bytes.saturating_add(next.batch.encoded_len());
            call.push(next);
        }
        call
    }
}
