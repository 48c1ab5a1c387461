//! Durable log lines: immutable chunks, one object each, and their listing is the index.
//!
//! ```text
//! <log prefix>/<first line, 12 digits>-<unix microseconds>.pb
//! ```
//!
//! An executor that died may have written lines that its successor, reading the same file, writes
//! again in other cuts. So chunks may overlap; readers go by line number and take each line once, from
//! the chunk that comes first by name. Nothing here rewrites or removes a chunk.

mod name;
mod reader;

use buffa::Message as _;
use wingbeat_proto::wingbeat::logs::v1::LogChunk;

use self::name::ChunkName;
pub use self::reader::{LogLine, LogPage, LogReader, read_from};
use crate::error::BlobError;
use crate::path::{BlobPath, PathError};
use crate::store::{BlobStore, Durability, PutNew};

/// The format that is written and read.
pub const FORMAT_VERSION: u32 = 1;
/// Most lines in a chunk. Readers rely on it: a line's chunk starts at most this far before it.
pub const MAX_CHUNK_LINES: usize = 16_384;
/// Two chunks of one first line in one microsecond: the second takes the next microsecond.
const NAME_ATTEMPTS: i64 = 16;

/// Why log lines could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Cut it into smaller ones.
    #[error("a log chunk has {lines} lines, more than {MAX_CHUNK_LINES}")]
    TooManyLines {
        /// What it has.
        lines: usize,
    },
    /// A line number or a time that no name can carry.
    #[error("line {first_line} at {micros} microseconds cannot be named")]
    Unnameable {
        /// Number of the chunk's first line.
        first_line: u64,
        /// Time of writing.
        micros: i64,
    },
    /// A newer version wrote it; upgrade the reader.
    #[error("log chunk `{path}` has format version {version}, this program reads {FORMAT_VERSION}")]
    Version {
        /// The chunk.
        path: BlobPath,
        /// What it says.
        version: u32,
    },
    /// Its bytes are no chunk, or its name and its content disagree.
    #[error("log chunk `{path}` is damaged")]
    Damaged {
        /// The chunk.
        path: BlobPath,
    },
    /// The prefix leaves no room for a name.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] BlobError),
}

/// How far an attempt's log lines are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableUpTo {
    /// Number of the first line that is not.
    pub next_line: u64,
    /// No line follows.
    pub end: bool,
}

/// Writes one chunk below `prefix`; it is on disk when this returns `Ok`.
///
/// `format_version` is set here. Repeating a call writes the lines a second time, which readers do not notice.
pub async fn write_chunk(
    store: &BlobStore,
    prefix: &BlobPath,
    chunk: &LogChunk,
    now_micros: i64,
) -> Result<BlobPath, LogError> {
    let lines = chunk.lines.len();
    if lines > MAX_CHUNK_LINES {
        return Err(LogError::TooManyLines { lines });
    }
    let content = LogChunk { format_version: FORMAT_VERSION, ..chunk.clone() }.encode_to_bytes();
    let unnameable = || LogError::Unnameable { first_line: chunk.first_line, micros: now_micros };
    for micros in now_micros..now_micros.saturating_add(NAME_ATTEMPTS) {
        let name = ChunkName::new(chunk.first_line, micros).ok_or_else(unnameable)?;
        let path = prefix.join(&name.to_string())?;
        match store.put_new(&path, content.clone(), Durability::Synced).await? {
            PutNew::Written => return Ok(path),
            PutNew::AlreadyThere => {}
        }
    }
    Err(unnameable())
}

/// How far the lines below `prefix` are durable: where a successor of a dead executor goes on.
pub async fn durable_up_to(store: &BlobStore, prefix: &BlobPath) -> Result<DurableUpTo, LogError> {
    let names = list_chunks(store, prefix, 0).await?;
    let Some(last) = names.last() else {
        return Ok(DurableUpTo { next_line: 0, end: false });
    };
    let mut durable = DurableUpTo { next_line: 0, end: false };
    // Chunks before the last can reach past it, but no further back than a chunk is long.
    let from = last.first_line().saturating_sub(MAX_CHUNK_LINES as u64);
    for name in names.iter().rev().take_while(|name| name.first_line() >= from) {
        let chunk = read_chunk(store, prefix, *name).await?;
        durable.next_line = durable.next_line.max(chunk.first_line + chunk.lines.len() as u64);
        durable.end |= chunk.end;
    }
    Ok(durable)
}

/// The chunks below `prefix` whose first line is `from_line` or later, in the order in which they are read.
async fn list_chunks(
    store: &BlobStore,
    prefix: &BlobPath,
    from_line: u64,
) -> Result<Vec<ChunkName>, LogError> {
    // The digits alone sort before every name that starts with them.
    let mut after = Some(prefix.join(&ChunkName::first_line_text(from_line))?);
    let mut names = Vec::new();
    while let Some(start) = after {
        let page = store.list(prefix, Some(&start), 1_000).await?;
        names.extend(page.entries.iter().filter_map(|entry| ChunkName::parse(entry.path.file_name())));
        after = page.next;
    }
    names.sort_unstable();
    Ok(names)
}

async fn read_chunk(store: &BlobStore, prefix: &BlobPath, name: ChunkName) -> Result<LogChunk, LogError> {
    let path = prefix.join(&name.to_string())?;
    let content = store.get(&path).await?;
    let Ok(chunk) = LogChunk::decode_from_slice(&content) else {
        return Err(LogError::Damaged { path });
    };
    if chunk.format_version != FORMAT_VERSION {
        return Err(LogError::Version { path, version: chunk.format_version });
    }
    if chunk.first_line != name.first_line() || chunk.lines.len() > MAX_CHUNK_LINES {
        return Err(LogError::Damaged { path });
    }
    Ok(chunk)
}

#[cfg(test)]
mod tests;
