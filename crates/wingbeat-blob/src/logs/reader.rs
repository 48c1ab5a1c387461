//! Reads an attempt's durable lines in order of their numbers, each once, from any line on.
//!
//! A reader is also how a tail goes on: it keeps its place, and asked again it reads what has become
//! durable since. It never waits; whoever tails knows when to ask.

use std::collections::{BTreeSet, VecDeque};

use futures::stream::{self, Stream};
use wingbeat_proto::wingbeat::executor::v1::LogRecord;

use super::name::ChunkName;
use super::{LogError, MAX_CHUNK_LINES, list_chunks, read_chunk};
use crate::path::BlobPath;
use crate::store::BlobStore;

/// Lines that a stream fetches at a time.
const STREAM_PAGE_LINES: usize = 1_000;

/// One line with its number, counted from 0 over the whole attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// Its number. Numbers rise; a gap means that lines were lost.
    pub number: u64,
    /// Time, text and stream.
    pub record: LogRecord,
}

/// Some lines in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// Empty when nothing more is durable yet.
    pub lines: Vec<LogLine>,
    /// No line follows these, now or later.
    pub end: bool,
}

/// A place in an attempt's durable lines.
#[derive(Debug)]
pub struct LogReader {
    store: BlobStore,
    prefix: BlobPath,
    next_line: u64,
    /// Chunks that were listed and not yet read.
    queue: VecDeque<ChunkName>,
    /// Chunks that have been read whole, as far back as one could still matter.
    taken: BTreeSet<ChunkName>,
    /// Lines of the chunk that was read last, not yet handed out.
    pending: VecDeque<LogLine>,
    ended: bool,
}

impl LogReader {
    /// A reader of the chunks below `prefix`, from the line numbered `from_line` on.
    pub fn new(store: BlobStore, prefix: BlobPath, from_line: u64) -> Self {
        Self {
            store,
            prefix,
            next_line: from_line,
            queue: VecDeque::new(),
            taken: BTreeSet::new(),
            pending: VecDeque::new(),
            ended: false,
        }
    }

    /// Number of the line that comes next, unless lines were lost.
    pub fn next_line(&self) -> u64 {
        self.pending.front().map_or(self.next_line, |line| line.number)
    }

    /// Leaves out what stands before the line of this number: somebody has it from elsewhere.
    pub fn skip_to(&mut self, line: u64) {
        self.next_line = self.next_line.max(line);
        self.pending.retain(|pending| pending.number >= line);
    }

    /// The next lines, at most `max_lines`. No lines and no end: ask again when more may be durable.
    ///
    /// Cancel-safe: a call that was dropped has handed out nothing, and the next one goes on where it was.
    pub async fn next_page(&mut self, max_lines: usize) -> Result<LogPage, LogError> {
        if self.pending.len() < max_lines && self.queue.is_empty() && !self.ended {
            self.queue = self.untaken().await?.into();
        }
        while self.pending.len() < max_lines
            && let Some(name) = self.queue.front().copied()
        {
            self.take_chunk(name).await?;
            // Only now: were the call dropped while it reads, the chunk must still come before later ones.
            self.queue.pop_front();
        }
        let count = self.pending.len().min(max_lines);
        let lines = self.pending.drain(..count).collect();
        let end = self.ended && self.pending.is_empty() && self.queue.is_empty();
        Ok(LogPage { lines, end })
    }

    /// Chunks that may hold lines from `next_line` on and have not been read.
    async fn untaken(&mut self) -> Result<Vec<ChunkName>, LogError> {
        let from = self.next_line.saturating_sub(MAX_CHUNK_LINES as u64);
        self.taken.retain(|name| name.first_line() >= from);
        let mut names = list_chunks(&self.store, &self.prefix, from).await?;
        names.retain(|name| !self.taken.contains(name));
        Ok(names)
    }

    async fn take_chunk(&mut self, name: ChunkName) -> Result<(), LogError> {
        let chunk = read_chunk(&self.store, &self.prefix, name).await?;
        for (number, record) in (chunk.first_line..).zip(chunk.lines) {
            if number >= self.next_line {
                self.next_line = number + 1;
                self.pending.push_back(LogLine { number, record });
            }
        }
        self.ended |= chunk.end;
        self.taken.insert(name);
        Ok(())
    }
}

/// The lines below `prefix` from `line` on, up to what is durable now.
pub fn read_from(
    store: BlobStore,
    prefix: BlobPath,
    line: u64,
) -> impl Stream<Item = Result<LogLine, LogError>> {
    let reader = LogReader::new(store, prefix, line);
    stream::try_unfold((reader, VecDeque::new()), |(mut reader, mut page)| async move {
        if page.is_empty() {
            page = reader.next_page(STREAM_PAGE_LINES).await?.lines.into();
        }
        Ok(page.pop_front().map(|line| (line, (reader, page))))
    })
}
