//! Makes durable what an executor that died had read or not read of an attempt's files, but not stored.
//!
//! Which lines are stored is counted per stream, and a file is cut into lines in one way only; so the rest of a file is
//! what follows as many lines.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use wingbeat_blob::logs::{LogError, LogReader};
use wingbeat_blob::{BlobPath, BlobStore, PathError};
use wingbeat_model::Timestamp;
use wingbeat_proto::wingbeat::executor::v1::log_record::Stream;
use wingbeat_proto::wingbeat::executor::v1::{AttemptRef, LogRecord};

use super::chunks::PendingLines;
use super::tail::{Progress, Tail};
use crate::clock;
use crate::folder::AttemptOutput;
use crate::wire;

const PAGE_LINES: usize = 10_000;

/// What the log says of itself at its end, or readers would wonder.
const LAST_WORDS: &str =
    "the executor died, or ended before it could store these lines; what was written until then is above";

/// Why lines could not be saved. The files keep them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SalvageError {
    #[error("the log prefix cannot be used: {0}")]
    Prefix(#[from] PathError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("could not read the output of a task: {0}")]
    Read(#[from] io::Error),
}

/// Stores the lines of both files that the store has not, and marks the end. Returns how many there were; none if the
/// end was marked already. Removes the files: the lines are in the store then.
pub(crate) async fn salvage(store: &BlobStore, output: &AttemptOutput) -> Result<u64, SalvageError> {
    let prefix = BlobPath::parse(output.log_prefix.trim_matches('/'))?;
    let stored = Stored::count(store, &prefix).await?;
    let saved = if stored.end { 0 } else { write_rest(store, &prefix, output, &stored).await? };
    for file in [&output.stdout, &output.stderr] {
        let _never_started = std::fs::remove_file(file);
    }
    Ok(saved)
}

async fn write_rest(
    store: &BlobStore,
    prefix: &BlobPath,
    output: &AttemptOutput,
    stored: &Stored,
) -> Result<u64, SalvageError> {
    let mut pending = PendingLines::from_line(AttemptRef::default(), stored.next_line);
    let files = [
        (&output.stdout, Stream::STREAM_STDOUT, stored.stdout),
        (&output.stderr, Stream::STREAM_STDERR, stored.stderr),
    ];
    for (path, stream, skip) in files {
        let Some(written) = written(path)? else { continue };
        let mut rest = Rest { tail: Tail::new(path.clone(), stream), skip, written };
        while rest.read_into(&mut pending)? == Progress::More {
            while pending.is_due() {
                pending.write_chunk(store, prefix, false).await?;
            }
        }
    }
    let saved = pending.next_line() - stored.next_line;
    pending.push(wire::log_record(LAST_WORDS.to_owned(), Stream::STREAM_SYSTEM, clock::now()));
    while !pending.is_empty() {
        pending.write_chunk(store, prefix, true).await?;
    }
    Ok(saved)
}

/// How many lines the store has.
#[derive(Debug, Default)]
struct Stored {
    next_line: u64,
    stdout: u64,
    stderr: u64,
    end: bool,
}

impl Stored {
    async fn count(store: &BlobStore, prefix: &BlobPath) -> Result<Self, LogError> {
        let mut reader = LogReader::new(store.clone(), prefix.clone(), 0);
        let mut stored = Self::default();
        loop {
            let page = reader.next_page(PAGE_LINES).await?;
            for line in &page.lines {
                match line.record.stream.as_known() {
                    Some(Stream::STREAM_STDOUT) => stored.stdout += 1,
                    Some(Stream::STREAM_STDERR) => stored.stderr += 1,
                    Some(Stream::STREAM_SYSTEM | Stream::STREAM_UNSPECIFIED) | None => {}
                }
            }
            stored.next_line = reader.next_line();
            stored.end |= page.end;
            if page.lines.is_empty() || page.end {
                return Ok(stored);
            }
        }
    }
}

/// One file, without the lines that the store has.
struct Rest {
    tail: Tail,
    skip: u64,
    /// When the file was last written to, which is nearer to the lines' time than now.
    written: Timestamp,
}

impl Rest {
    fn read_into(&mut self, pending: &mut PendingLines) -> io::Result<Progress> {
        let Self { tail, skip, written } = self;
        let mut take = |line: LogRecord| {
            if *skip > 0 {
                *skip -= 1;
            } else {
                pending.push(LogRecord { time: wire::timestamp(*written).into(), ..line });
            }
        };
        let progress = tail.read(&mut Vec::new(), &mut take)?;
        if progress == Progress::CaughtUp {
            tail.finish().into_iter().for_each(take);
        }
        Ok(progress)
    }
}

/// Nothing if there is no such file: the process was never started, or its lines are in the store.
fn written(path: &Path) -> io::Result<Option<Timestamp>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(clock::at(found.modified().unwrap_or_else(|_error| SystemTime::now())))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use wingbeat_blob::logs;
    use wingbeat_proto::wingbeat::logs::v1::LogChunk;

    use super::*;

    async fn texts(store: &BlobStore, prefix: &BlobPath) -> (Vec<String>, bool) {
        let page = LogReader::new(store.clone(), prefix.clone(), 0).next_page(1_000).await.unwrap();
        (page.lines.into_iter().map(|line| line.record.text).collect(), page.end)
    }

    #[tokio::test]
    async fn what_was_stored_is_left_out_and_the_rest_follows() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&folder.path().join("objects")).unwrap();
        let prefix = BlobPath::parse("run/a0/1/logs").unwrap();
        let (stdout, stderr) = (folder.path().join("stdout.log"), folder.path().join("stderr.log"));
        fs::write(&stdout, "one\ntwo\nthree\nfour without an end").unwrap();
        fs::write(&stderr, "careful\nworse\n").unwrap();
        let line = |text: &str, stream| wire::log_record(text.to_owned(), stream, clock::now());
        let lines = vec![
            line("one", Stream::STREAM_STDOUT),
            line("careful", Stream::STREAM_STDERR),
            line("the executor says", Stream::STREAM_SYSTEM),
            line("two", Stream::STREAM_STDOUT),
        ];
        let chunk = LogChunk { lines, ..LogChunk::default() };
        logs::write_chunk(&store, &prefix, &chunk, 1).await.unwrap();

        let output = AttemptOutput { log_prefix: prefix.as_str().to_owned(), stdout: stdout.clone(), stderr };
        assert_eq!(salvage(&store, &output).await.unwrap(), 3);
        let (found, end) = texts(&store, &prefix).await;
        let expected =
            ["one", "careful", "the executor says", "two", "three", "four without an end", "worse"];
        assert_eq!(found[..7], expected);
        assert_eq!((found[7].as_str(), end), (LAST_WORDS, true));
        assert!(!stdout.exists(), "a second copy would only fill the disk");
        // A successor that died before it cleared the record is followed by another.
        assert_eq!(salvage(&store, &output).await.unwrap(), 0);
        assert_eq!(texts(&store, &prefix).await.0.len(), 8);
    }

    #[tokio::test]
    async fn more_than_a_chunk_is_cut_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open_local(&folder.path().join("objects")).unwrap();
        let (stdout, stderr) = (folder.path().join("stdout.log"), folder.path().join("never written"));
        let text: Vec<String> = (0..20_000).map(|number| format!("line {number}")).collect();
        fs::write(&stdout, text.join("\n")).unwrap();
        let output = AttemptOutput { log_prefix: "logs".to_owned(), stdout, stderr };
        assert_eq!(salvage(&store, &output).await.unwrap(), 20_000);
        let prefix = BlobPath::parse("logs").unwrap();
        let mut reader = LogReader::new(store, prefix, 0);
        let (mut found, mut end) = (Vec::new(), false);
        while !end {
            let page = reader.next_page(50_000).await.unwrap();
            found.extend(page.lines.into_iter().map(|line| line.record.text));
            end = page.end;
        }
        assert_eq!(found.len(), 20_001);
        assert_eq!(found[19_999], "line 19999");
    }
}
