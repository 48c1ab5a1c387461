//! Follows the output of one attempt: one task per attempt, alive as long as the attempt.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use wingbeat_blob::{BlobPath, BlobStore};
use wingbeat_proto::wingbeat::executor::v1::log_record::Stream;
use wingbeat_proto::wingbeat::executor::v1::{AttemptRef, LogRecord};

use super::chunks::PendingLines;
use super::live::LiveLogs;
use super::tail::{Progress, Tail};
use crate::clock;
use crate::wire;

/// How often the files are looked at, only while the attempt lives. Watching files for events would cost
/// one wake-up per write of the task; this costs two reads that find nothing.
const LOOK: Duration = Duration::from_millis(100);

/// The same for an attempt that has been silent for a while: hundreds of waiting parents are.
const LOOK_AT_SILENT: Duration = Duration::from_millis(400);
const SILENT: Duration = Duration::from_secs(2);

/// How long the end of an attempt waits for a store that takes no chunks, before it goes on without.
const STORE_PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two tries to write a chunk.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Lines of standard error that are kept for an error message, and the most bytes of each.
const TAIL_LINES: usize = 20;
const TAIL_LINE_BYTES: usize = 500;

/// Where the lines of an attempt go.
#[derive(Debug)]
pub(crate) struct LogTarget {
    pub(crate) attempt: AttemptRef,
    pub(crate) store: BlobStore,
    pub(crate) prefix: BlobPath,
    pub(crate) live: Arc<LiveLogs>,
}

/// The way to talk to a follower. Dropping it ends the follower without a last chunk.
#[derive(Debug)]
pub(crate) struct Following {
    order: oneshot::Sender<Finish>,
    words: mpsc::UnboundedSender<String>,
}

#[derive(Debug)]
struct Finish {
    last_words: Option<String>,
    done: oneshot::Sender<Finished>,
}

/// What is left when an attempt's lines have been read to their end.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// The last lines of standard error.
    pub(crate) stderr_tail: String,
    /// Whether the store has every line. If not, the files are the only copy.
    pub(crate) all_durable: bool,
}

impl Following {
    /// Adds a line of the executor's own, for people.
    pub(crate) fn say(&self, words: String) {
        // A follower that is gone has no reader.
        let _gone = self.words.send(words);
    }

    /// Reads the files to their end, adds `last_words`, and writes the last chunk. Call it when no process
    /// of the attempt is left.
    pub(crate) async fn finish(self, last_words: Option<String>) -> Finished {
        let (done, heard) = oneshot::channel();
        if self.order.send(Finish { last_words, done }).is_err() {
            return Finished::default();
        }
        heard.await.unwrap_or_default()
    }
}

/// Starts to follow two files, which need not exist yet. The future must be polled; it ends with the
/// attempt.
pub(crate) fn follow(
    target: LogTarget,
    stdout: PathBuf,
    stderr: PathBuf,
) -> (Following, impl Future<Output = ()>) {
    let (order, ordered) = oneshot::channel();
    let (words, said) = mpsc::unbounded_channel();
    let follower = Follower {
        pending: PendingLines::new(target.attempt.clone()),
        target,
        stdout: Tail::new(stdout, Stream::STREAM_STDOUT),
        stderr: Tail::new(stderr, Stream::STREAM_STDERR),
        buffer: Vec::new(),
        stderr_tail: VecDeque::new(),
        heard_at: Instant::now(),
        generation: None,
        store_again: None,
        unread: false,
    };
    (Following { order, words }, follower.run(ordered, said))
}

struct Follower {
    target: LogTarget,
    stdout: Tail,
    stderr: Tail,
    buffer: Vec<u8>,
    pending: PendingLines,
    stderr_tail: VecDeque<String>,
    /// When it last had a line.
    heard_at: Instant,
    /// The connection that pushed lines went to.
    generation: Option<u64>,
    /// The store refused a chunk; not to be tried before this moment.
    store_again: Option<Instant>,
    /// A file could not be read when it was looked at last, or not to its end.
    unread: bool,
}

impl Follower {
    async fn run(
        mut self,
        mut ordered: oneshot::Receiver<Finish>,
        mut said: mpsc::UnboundedReceiver<String>,
    ) {
        loop {
            let silent = self.heard_at.elapsed() >= SILENT;
            tokio::select! {
                order = &mut ordered => {
                    if let Ok(Finish { last_words, done }) = order {
                        self.finish(last_words).await;
                        let all_durable = self.pending.is_empty() && !self.unread;
                        let stderr_tail = Vec::from(self.stderr_tail).join("\n");
                        let _gone = done.send(Finished { stderr_tail, all_durable });
                    }
                    return;
                }
                Some(words) = said.recv() => {
                    self.pending.push(wire::log_record(words, Stream::STREAM_SYSTEM, clock::now()));
                    self.look().await;
                }
                () = sleep(if silent { LOOK_AT_SILENT } else { LOOK }) => self.look().await,
            }
        }
    }

    /// One look at both files, live push, and a chunk if one is due.
    async fn look(&mut self) {
        let before = self.pending.next_line();
        while self.read() == Progress::More {
            self.push_live();
            self.write_due().await;
            if self.pending.is_full() {
                break;
            }
        }
        if self.pending.next_line() > before {
            self.heard_at = Instant::now();
        }
        self.push_live();
        self.write_due().await;
    }

    /// Reads once from each file, unless too much waits already.
    fn read(&mut self) -> Progress {
        if self.pending.is_full() {
            return Progress::More;
        }
        let pending = &mut self.pending;
        let out = self.stdout.read(&mut self.buffer, &mut |line| pending.push(line));
        let (pending, tail) = (&mut self.pending, &mut self.stderr_tail);
        let err = self.stderr.read(&mut self.buffer, &mut |line| {
            remember(tail, &line);
            pending.push(line);
        });
        match (out, err) {
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, "could not read a task's output");
                self.unread = true;
                Progress::CaughtUp
            }
            (Ok(out), Ok(err)) => {
                self.unread = false;
                if out == Progress::More { out } else { err }
            }
        }
    }

    fn push_live(&mut self) {
        let generation = self.target.live.generation();
        if generation.is_none() {
            return;
        }
        if generation != self.generation {
            self.pending.push_again();
            self.generation = generation;
        }
        while let Some(batch) = self.pending.next_batch() {
            let count = batch.lines.len();
            // A full queue is tried again at the next look.
            if !self.target.live.try_push(batch) {
                return;
            }
            self.pending.pushed(count);
        }
    }

    async fn write_due(&mut self) {
        while self.pending.is_due() && self.store_again.is_none_or(|again| Instant::now() >= again) {
            let LogTarget { store, prefix, .. } = &self.target;
            match self.pending.write_chunk(store, prefix, false).await {
                Ok(()) => self.store_again = None,
                Err(error) => {
                    tracing::warn!(%error, "could not store a chunk of log lines; it is tried again");
                    self.store_again = Some(Instant::now() + STORE_PAUSE);
                }
            }
        }
    }

    async fn finish(&mut self, last_words: Option<String>) {
        let deadline = Instant::now() + STORE_PATIENCE;
        loop {
            let progress = self.read();
            self.push_live();
            self.write_due().await;
            if !self.pending.is_full() {
                if progress == Progress::CaughtUp {
                    break;
                }
            } else if Instant::now() < deadline {
                sleep(STORE_PAUSE).await;
            } else {
                self.unread = true;
                break;
            }
        }
        let rest = [self.stdout.finish(), self.stderr.finish()];
        if let Some(line) = &rest[1] {
            remember(&mut self.stderr_tail, line);
        }
        rest.into_iter().flatten().for_each(|line| self.pending.push(line));
        if let Some(words) = last_words {
            self.pending.push(wire::log_record(words, Stream::STREAM_SYSTEM, clock::now()));
        }
        // Who said nothing has nobody to follow it, and its end says that nothing comes.
        if self.pending.next_line() == 0 {
            return;
        }
        self.push_live();
        self.write_rest(deadline).await;
        self.target.live.push_last(self.pending.last_batch()).await;
    }

    /// Writes everything, the last chunk marked, and does not give up before `deadline`.
    async fn write_rest(&mut self, deadline: Instant) {
        loop {
            let LogTarget { store, prefix, .. } = &self.target;
            match self.pending.write_chunk(store, prefix, true).await {
                Ok(()) if self.pending.is_empty() => return,
                Ok(()) => {}
                Err(error) if Instant::now() >= deadline => {
                    tracing::error!(%error, prefix = prefix.as_str(), "gave up storing log lines; they are lost");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "could not store a chunk of log lines; it is tried again");
                    sleep(STORE_PAUSE).await;
                }
            }
        }
    }
}

fn remember(tail: &mut VecDeque<String>, line: &LogRecord) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    let end = line.text.floor_char_boundary(TAIL_LINE_BYTES);
    tail.push_back(line.text[..end].to_owned());
}

#[cfg(test)]
mod tests;
