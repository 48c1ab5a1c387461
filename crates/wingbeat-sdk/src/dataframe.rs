//! What is in tables: reading them as Arrow's record batches, and making new ones among a task's files.
//!
//! A table is read into memory whole, or those of its columns that are asked for; files of other formats than Parquet
//! and CSV are refused by name. Where files lie, and which of them belong to a table, is `crate::files`' matter.

mod columns;
mod csv_cells;
mod csv_file;
mod parquet_file;

use std::fmt;
use std::future::IntoFuture;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use sha2::{Digest as _, Sha256};

use crate::data;
use crate::failure::{Error, Result};
use crate::files::new_place;
use crate::panics;
use crate::task::BoxFuture;
use crate::value::DataFrame;

/// The crates of Arrow in the versions whose types stand here.
pub mod arrow {
    pub use arrow_array as array;
    pub use arrow_schema as schema;
    pub use arrow_select as select;
}

/// Code of a table that is not what its format says.
pub const UNREADABLE: &str = "DataFrameUnreadable";
/// Code of a column that a table does not have.
pub const NO_COLUMN: &str = "ColumnNotFound";
/// Code of a table in a format that cannot be read here.
pub const FORMAT: &str = "UnsupportedFormat";

/// Rows of a batch that is read, at most.
const BATCH_ROWS: usize = 8_192;

/// How the file of a table is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    /// What Pandas writes: Parquet, compressed with Snappy.
    #[default]
    Snappy,
    Zstd,
    Csv,
}

impl Format {
    const fn word(self) -> &'static str {
        match self {
            Self::Snappy | Self::Zstd => PARQUET,
            Self::Csv => CSV,
        }
    }

    /// The file's name in its folder, as the stock SDK has it.
    const fn file_name(self) -> &'static str {
        match self {
            Self::Snappy | Self::Zstd => "00000",
            Self::Csv => "data.csv",
        }
    }
}

const PARQUET: &str = "parquet";
const CSV: &str = "csv";

const fn word(is_csv: bool) -> &'static str {
    if is_csv { CSV } else { PARQUET }
}

fn unreadable(uri: &str, what: &str, error: impl fmt::Display) -> Error {
    Error::user(UNREADABLE, format!("`{uri}` cannot be read as {what}: {error}")).not_recoverable()
}

fn no_column<'a>(uri: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.collect();
    let text = format!("`{uri}` has no column `{name}`; it has {}", known.join(", "));
    Error::user(NO_COLUMN, text).not_recoverable()
}

/// At least one batch, so that whoever reads a table without rows still learns its columns.
fn or_empty(mut batches: Vec<RecordBatch>, schema: SchemaRef) -> Vec<RecordBatch> {
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    batches
}

impl DataFrame {
    /// Writes a new table among the task's files: Parquet that is compressed with Snappy, unless the builder is told
    /// otherwise. All batches have one schema; a table without rows is one batch without rows.
    pub fn create(batches: impl IntoIterator<Item = RecordBatch>) -> Create {
        Create { batches: batches.into_iter().collect(), format: Format::default(), hashed: false }
    }

    /// Its rows: all columns, or those that the reference names, or those that [`Read::columns`] names.
    pub fn read(&self) -> Read {
        let named = !self.columns.is_empty();
        let columns = named.then(|| self.columns.iter().map(|column| column.name.clone()).collect());
        Read { frame: self.clone(), columns }
    }
}

/// A table to be written when this is awaited; gives its [`DataFrame`].
#[must_use = "nothing is written until it is awaited"]
#[derive(Debug, Clone)]
pub struct Create {
    batches: Vec<RecordBatch>,
    format: Format,
    hashed: bool,
}

impl Create {
    /// Parquet that is compressed with Zstandard: smaller, and slower to write.
    pub fn zstd(mut self) -> Self {
        self.format = Format::Zstd;
        self
    }

    /// CSV with a line of names. It keeps no types: whoever reads it guesses them.
    pub fn csv(mut self) -> Self {
        self.format = Format::Csv;
        self
    }

    /// Gives the reference a hash of the content, so that a cached task that gets an equal table again is not run.
    pub fn hashed(mut self) -> Self {
        self.hashed = true;
        self
    }

    async fn write(self) -> Result<DataFrame> {
        let Some(schema) = self.batches.first().map(RecordBatch::schema) else {
            let text = "a table needs a batch, at least one without rows: nothing else says its columns";
            return Err(Error::user("NoBatches", text).not_recoverable());
        };
        if let Some(other) = self.batches.iter().find(|batch| batch.schema().fields() != schema.fields()) {
            let other = other.schema();
            let text = format!("the batches of a table have one schema, and these two: {schema}; {other}");
            return Err(Error::user("SchemasDiffer", text).not_recoverable());
        }
        let columns = columns::of_schema(&schema);
        let Self { batches, format, hashed } = self;
        let encode = move || -> Result<_> {
            let bytes = match format {
                Format::Snappy | Format::Zstd => parquet_file::encode(&schema, &batches, format)?,
                Format::Csv => csv_file::encode(&batches)?,
            };
            let hash = hashed.then(|| format!("{:x}", Sha256::digest(&bytes)));
            Ok((bytes, hash))
        };
        let (bytes, hash) = blocking(encode).await?;
        let folder = new_place("");
        data::write(&data::join(&folder, format.file_name()), bytes).await?;
        Ok(DataFrame { uri: folder, format: format.word().to_owned(), hash, columns })
    }
}

impl IntoFuture for Create {
    type Output = Result<DataFrame>;
    type IntoFuture = BoxFuture<Result<DataFrame>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.write())
    }
}

/// A table to be read when this is awaited; gives at least one batch, which may be without rows.
///
/// Text comes as Arrow's `Utf8` and bytes as its `Binary`, also where the writer had one of the other types for them.
#[must_use = "nothing is read until it is awaited"]
#[derive(Debug, Clone)]
pub struct Read {
    frame: DataFrame,
    columns: Option<Vec<String>>,
}

impl Read {
    /// Only these columns, in this order. A field of a struct is named with a dot: `place.town`.
    pub fn columns<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.columns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    async fn run(self) -> Result<Vec<RecordBatch>> {
        let uri = &self.frame.uri;
        let is_csv = match self.frame.format.as_str() {
            PARQUET => false,
            CSV => true,
            // A reference from a command line says nothing of a format.
            "" => uri.ends_with(".csv"),
            other => {
                let text = format!("`{uri}` is in the format `{other}`; here are read: parquet, csv");
                return Err(Error::user(FORMAT, text).not_recoverable());
            }
        };
        let files = self.frame.files().await?;
        if files.is_empty() {
            let error = "its folder has no files, or only folders";
            return Err(unreadable(uri, word(is_csv), error));
        }
        let mut all = Vec::new();
        for file in files {
            let wanted = self.columns.clone();
            let source = Source::open(file.path).await?;
            let batches = blocking(move || decode(source, is_csv, wanted.as_deref()));
            all.extend(batches.await?);
        }
        Ok(all)
    }
}

impl IntoFuture for Read {
    type Output = Result<Vec<RecordBatch>>;
    type IntoFuture = BoxFuture<Result<Vec<RecordBatch>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A file of a table: open on this machine, so that columns that nobody wants are not read; in memory from elsewhere.
enum Source {
    Here(String, std::fs::File),
    Memory(String, bytes::Bytes),
}

impl Source {
    fn uri(&self) -> &str {
        match self {
            Self::Here(uri, _) | Self::Memory(uri, _) => uri,
        }
    }

    async fn open(uri: String) -> Result<Self> {
        let Some(path) = data::local(&uri) else {
            let bytes = data::read(&uri).await?;
            return Ok(Self::Memory(uri, bytes.into()));
        };
        match tokio::fs::File::open(path).await {
            Ok(file) => Ok(Self::Here(uri, file.into_std().await)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(data::missing(&uri)),
            Err(error) => Err(data::failed("read", &uri, error)),
        }
    }
}

fn decode(source: Source, is_csv: bool, wanted: Option<&[String]>) -> Result<Vec<RecordBatch>> {
    let uri = source.uri().to_owned();
    let decoded = panics::catch_sync(|| {
        if is_csv { csv_file::decode(source, wanted) } else { parquet_file::decode(source, wanted) }
    });
    // A damaged file may lead a library where it never thought to get.
    decoded.map_err(|error| {
        let is_panic = error.code() == panics::PANIC;
        if is_panic { unreadable(&uri, word(is_csv), error.message()) } else { error }
    })
}

/// Work that takes a processor for long, on a thread where it keeps nobody waiting.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::system("Stopped", format!("the thread of a table is gone: {error}"))),
    }
}

/// Batches as somebody asked for them: their columns in that order.
fn in_order(batch: &RecordBatch, wanted: &[String]) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let mut order = Vec::new();
    for name in wanted {
        let at = columns::find(&schema, name).filter(|at| !order.contains(at));
        order.extend(at);
    }
    batch.project(&order)
}

#[cfg(test)]
mod tests;
