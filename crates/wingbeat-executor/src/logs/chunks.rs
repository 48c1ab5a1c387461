//! Numbers the lines of one attempt and keeps those that are not durable yet.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;
use wingbeat_blob::{BlobPath, BlobStore, logs};
use wingbeat_proto::wingbeat::executor::v1::{AttemptRef, LogBatch, LogRecord};
use wingbeat_proto::wingbeat::logs::v1::LogChunk;

use crate::clock;

/// A chunk is written when its oldest line has waited this long …
const CHUNK_AGE: Duration = Duration::from_secs(1);

/// … or its text is this large …
const CHUNK_BYTES: usize = 256 << 10;

/// … or it has this many lines.
const CHUNK_LINES: usize = 8192;

/// With this much waiting, reading stops: the file keeps the rest until the store takes chunks again.
pub(super) const HELD_BYTES: usize = 8 << 20;

/// Lines of one live batch.
const BATCH_LINES: usize = 1000;

/// The lines of one attempt that are not durable yet.
#[derive(Debug)]
pub(super) struct PendingLines {
    attempt: AttemptRef,
    lines: VecDeque<LogRecord>,
    bytes: usize,
    oldest: Option<Instant>,
    /// Number of the first pending line.
    durable_up_to: u64,
    /// Number of the first line that watchers have not been sent.
    pushed_up_to: u64,
}

impl PendingLines {
    pub(super) fn new(attempt: AttemptRef) -> Self {
        Self::from_line(attempt, 0)
    }

    /// The first of them has number `line`.
    pub(super) fn from_line(attempt: AttemptRef, line: u64) -> Self {
        let lines = VecDeque::new();
        Self { attempt, lines, bytes: 0, oldest: None, durable_up_to: line, pushed_up_to: line }
    }

    pub(super) fn push(&mut self, line: LogRecord) {
        self.bytes += size(&line);
        self.lines.push_back(line);
        self.oldest.get_or_insert_with(Instant::now);
    }

    /// The number that the next line will get.
    pub(super) fn next_line(&self) -> u64 {
        self.durable_up_to + self.lines.len() as u64
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= HELD_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether a chunk should be written now.
    pub(super) fn is_due(&self) -> bool {
        self.bytes >= CHUNK_BYTES
            || self.lines.len() >= CHUNK_LINES
            || self.oldest.is_some_and(|oldest| oldest.elapsed() >= CHUNK_AGE)
    }

    /// The next live batch, if there are lines that were not pushed.
    pub(super) fn next_batch(&self) -> Option<LogBatch> {
        let skip = usize::try_from(self.pushed_up_to - self.durable_up_to).ok()?;
        let lines: Vec<LogRecord> = self.lines.iter().skip(skip).take(BATCH_LINES).cloned().collect();
        (!lines.is_empty()).then(|| self.batch(lines))
    }

    /// The batch that says that no line follows.
    pub(super) fn last_batch(&self) -> LogBatch {
        LogBatch { end: true, ..self.batch(Vec::new()) }
    }

    fn batch(&self, lines: Vec<LogRecord>) -> LogBatch {
        LogBatch {
            r#ref: self.attempt.clone().into(),
            first_line: self.pushed_up_to,
            lines,
            durable_up_to: self.durable_up_to,
            end: false,
            ..LogBatch::default()
        }
    }

    /// `count` more lines are on their way to watchers.
    pub(super) fn pushed(&mut self, count: usize) {
        self.pushed_up_to += count as u64;
    }

    /// The server is a new one: it has seen nothing but what is durable.
    pub(super) fn push_again(&mut self) {
        self.pushed_up_to = self.durable_up_to;
    }

    /// Writes the oldest lines as one chunk. `end` marks the attempt's last one.
    ///
    /// # Errors
    /// Nothing was forgotten; try again later.
    pub(super) async fn write_chunk(
        &mut self,
        store: &BlobStore,
        prefix: &BlobPath,
        end: bool,
    ) -> Result<(), logs::LogError> {
        let count = self.lines.len().min(CHUNK_LINES);
        let chunk = LogChunk {
            first_line: self.durable_up_to,
            lines: self.lines.iter().take(count).cloned().collect(),
            end: end && count == self.lines.len(),
            ..LogChunk::default()
        };
        logs::write_chunk(store, prefix, &chunk, clock::now().as_micros()).await?;
        for line in self.lines.drain(..count) {
            self.bytes -= size(&line);
        }
        self.durable_up_to += count as u64;
        self.pushed_up_to = self.pushed_up_to.max(self.durable_up_to);
        self.oldest = (!self.lines.is_empty()).then(Instant::now);
        Ok(())
    }
}

/// What a line weighs; empty lines take memory too.
fn size(line: &LogRecord) -> usize {
    line.text.len() + 64
}
