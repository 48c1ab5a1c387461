//! One Parquet file as record batches, and back.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;

use super::{BATCH_ROWS, Format, PARQUET, Source, columns, in_order, no_column, or_empty, unreadable};
use crate::failure::Result;

pub(super) fn encode(schema: &SchemaRef, batches: &[RecordBatch], format: Format) -> Result<Vec<u8>> {
    let compression =
        if format == Format::Zstd { Compression::ZSTD(ZstdLevel::default()) } else { Compression::SNAPPY };
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?)
}

pub(super) fn decode(source: Source, wanted: Option<&[String]>) -> Result<Vec<RecordBatch>> {
    match source {
        Source::Here(uri, file) => decode_from(&uri, file, wanted),
        Source::Memory(uri, bytes) => decode_from(&uri, bytes, wanted),
    }
}

fn decode_from<R: ChunkReader + 'static>(
    uri: &str,
    reader: R,
    wanted: Option<&[String]>,
) -> Result<Vec<RecordBatch>> {
    let not_parquet = |error| unreadable(uri, PARQUET, error);
    let metadata = metadata_of(&reader).map_err(not_parquet)?;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, metadata);
    if let Some(wanted) = wanted {
        let schema = builder.schema().clone();
        let file = builder.parquet_schema();
        for name in wanted {
            let within = |path: &str| {
                path.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let known = file.columns().iter().any(|leaf| within(&leaf.path().string()));
            if !known || columns::find(&schema, name).is_none() {
                let known = schema.fields().iter().map(|field| field.name().as_str());
                return Err(no_column(uri, name, known));
            }
        }
        let mask = ProjectionMask::columns(file, wanted.iter().map(String::as_str));
        builder = builder.with_projection(mask);
    }
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(not_parquet)?;
    let schema = arrow_array::RecordBatchReader::schema(&reader);
    let batches = reader.collect::<Result<Vec<_>, ArrowError>>();
    let batches = or_empty(batches.map_err(|error| unreadable(uri, PARQUET, error))?, schema);
    match wanted {
        None => Ok(batches),
        Some(wanted) => Ok(batches.iter().map(|batch| in_order(batch, wanted)).collect::<Result<_, _>>()?),
    }
}

/// What the file says of itself, with one type for text and one for bytes.
fn metadata_of<R: ChunkReader>(reader: &R) -> parquet::errors::Result<ArrowReaderMetadata> {
    let found = ArrowReaderMetadata::load(reader, ArrowReaderOptions::new())?;
    let plain: Vec<Arc<Field>> = found.schema().fields().iter().map(with_plain_text).collect();
    let schema = Schema::new_with_metadata(plain, found.schema().metadata().clone());
    if schema == **found.schema() {
        return Ok(found);
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(found.metadata().clone(), options)
}

fn with_plain_text(field: &Arc<Field>) -> Arc<Field> {
    let given = field.data_type();
    let plain = if matches!(given, DataType::LargeUtf8 | DataType::Utf8View) {
        DataType::Utf8
    } else if matches!(given, DataType::LargeBinary | DataType::BinaryView) {
        DataType::Binary
    } else {
        return field.clone();
    };
    Arc::new(field.as_ref().clone().with_data_type(plain))
}
