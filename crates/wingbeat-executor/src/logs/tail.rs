//! Reads a file as it grows.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use wingbeat_proto::wingbeat::executor::v1::LogRecord;
use wingbeat_proto::wingbeat::executor::v1::log_record::Stream;

use super::lines::LineSplitter;
use crate::clock;
use crate::wire;

/// Most bytes that are read at one look: it bounds how long the runtime's thread is kept.
const READ_BYTES: usize = 256 << 10;

/// Whether more is waiting in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The end was reached.
    CaughtUp,
    /// There may be more.
    More,
}

/// One output file of a process.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: Option<File>,
    splitter: LineSplitter,
    stream: Stream,
}

impl Tail {
    pub(super) fn new(path: PathBuf, stream: Stream) -> Self {
        Self { path, file: None, splitter: LineSplitter::default(), stream }
    }

    /// Reads what has been written since the last look. A file that does not exist yet is empty.
    ///
    /// Reads from the page cache that the process has just filled, so it does not wait for a disk.
    pub(super) fn read(
        &mut self,
        buffer: &mut Vec<u8>,
        take: &mut impl FnMut(LogRecord),
    ) -> io::Result<Progress> {
        if self.file.is_none() {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Progress::CaughtUp),
                Err(error) => return Err(error),
            };
        }
        let Some(file) = &mut self.file else { return Ok(Progress::CaughtUp) };
        buffer.clear();
        let read = file.take(READ_BYTES as u64).read_to_end(buffer)?;
        if read > 0 {
            let now = clock::now();
            self.splitter.feed(buffer, &mut |text| take(wire::log_record(text, self.stream, now)));
        }
        Ok(if read == READ_BYTES { Progress::More } else { Progress::CaughtUp })
    }

    /// The line that ended without a newline. Nothing is read after this.
    pub(super) fn finish(&mut self) -> Option<LogRecord> {
        self.splitter.finish().map(|text| wire::log_record(text, self.stream, clock::now()))
    }
}
