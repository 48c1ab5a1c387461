//! One CSV file as record batches, and back. Its first line has the names; what is in a column is guessed from all of
//! its cells, as Pandas does: whole numbers, numbers, yes and no, else text. An empty cell is no value.
//!
//! Our own over the crate `csv`, since the one of Arrow brings its casts, which take longer to compile than all the rest.

use std::io::{Cursor, Read, Seek};
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use csv::StringRecord;

use super::{BATCH_ROWS, CSV, Source, csv_cells, no_column, or_empty, unreadable};
use crate::failure::Result;

pub(super) fn encode(batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (at, batch) in batches.iter().enumerate() {
        let schema = batch.schema();
        if at == 0 {
            writer.write_record(schema.fields().iter().map(|field| field.name()))?;
        }
        let columns = schema.fields().iter().zip(batch.columns());
        let columns: Vec<_> =
            columns.map(|(field, column)| csv_cells::of(field, column)).collect::<Result<_>>()?;
        for row in 0..batch.num_rows() {
            writer.write_record(columns.iter().map(|cell| cell(row)))?;
        }
    }
    Ok(writer.into_inner()?)
}

pub(super) fn decode(source: Source, wanted: Option<&[String]>) -> Result<Vec<RecordBatch>> {
    match source {
        Source::Here(uri, file) => decode_from(&uri, file, wanted),
        Source::Memory(uri, bytes) => decode_from(&uri, Cursor::new(bytes), wanted),
    }
}

fn decode_from(uri: &str, mut file: impl Read + Seek, wanted: Option<&[String]>) -> Result<Vec<RecordBatch>> {
    let not_csv = |error: csv::Error| unreadable(uri, CSV, error);
    let mut reader = csv::Reader::from_reader(&mut file);
    let names = reader.headers().map_err(not_csv)?.clone();
    let positions = positions(uri, &names, wanted)?;
    let mut kinds = vec![Kind::Nothing; positions.len()];
    for record in reader.records() {
        let record = record.map_err(not_csv)?;
        for (kind, at) in kinds.iter_mut().zip(&positions) {
            *kind = kind.with(record.get(*at).unwrap_or_default());
        }
    }
    drop(reader);
    file.rewind().map_err(|error| unreadable(uri, CSV, error))?;

    let fields = positions.iter().zip(&kinds);
    let fields: Vec<Field> =
        fields.map(|(at, kind)| Field::new(names.get(*at).unwrap_or_default(), kind.arrow(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    let mut rows = Rows::new(&kinds);
    for record in csv::Reader::from_reader(file).records() {
        let record = record.map_err(not_csv)?;
        rows.add(&record, &positions);
        if rows.n == BATCH_ROWS {
            batches.push(RecordBatch::try_new(schema.clone(), rows.finish())?);
        }
    }
    if rows.n > 0 {
        batches.push(RecordBatch::try_new(schema.clone(), rows.finish())?);
    }
    Ok(or_empty(batches, schema))
}

/// Which columns are read, in the order in which they were asked for.
fn positions(uri: &str, names: &StringRecord, wanted: Option<&[String]>) -> Result<Vec<usize>> {
    let Some(wanted) = wanted else { return Ok((0..names.len()).collect()) };
    let mut positions = Vec::new();
    for name in wanted {
        let at = names.iter().position(|known| known == name);
        let at = at.ok_or_else(|| no_column(uri, name, names.iter()))?;
        if !positions.contains(&at) {
            positions.push(at);
        }
    }
    Ok(positions)
}

/// What all cells of a column so far may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Whole,
    Number,
    YesOrNo,
    Text,
}

impl Kind {
    /// What they may be with one more.
    fn with(self, cell: &str) -> Self {
        if cell.is_empty() || self == Self::Text {
            return self;
        }
        let one = if cell.parse::<i64>().is_ok() {
            Self::Whole
        } else if cell.parse::<f64>().is_ok() {
            Self::Number
        } else if yes_or_no(cell).is_some() {
            Self::YesOrNo
        } else {
            Self::Text
        };
        match (self, one) {
            (Self::Nothing, one) => one,
            (Self::Whole, Self::Number) | (Self::Number, Self::Whole) => Self::Number,
            (all, one) if all == one => all,
            _ => Self::Text,
        }
    }

    const fn arrow(self) -> DataType {
        match self {
            Self::Whole => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::YesOrNo => DataType::Boolean,
            Self::Nothing | Self::Text => DataType::Utf8,
        }
    }
}

fn yes_or_no(cell: &str) -> Option<bool> {
    match cell {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Rows of a batch that is not full yet, column by column.
struct Rows {
    columns: Vec<Column>,
    n: usize,
}

enum Column {
    Whole(Int64Builder),
    Number(Float64Builder),
    YesOrNo(BooleanBuilder),
    Text(StringBuilder),
}

impl Rows {
    fn new(kinds: &[Kind]) -> Self {
        let column = |kind: &Kind| match kind {
            Kind::Whole => Column::Whole(Int64Builder::new()),
            Kind::Number => Column::Number(Float64Builder::new()),
            Kind::YesOrNo => Column::YesOrNo(BooleanBuilder::new()),
            Kind::Nothing | Kind::Text => Column::Text(StringBuilder::new()),
        };
        Self { columns: kinds.iter().map(column).collect(), n: 0 }
    }

    fn add(&mut self, record: &StringRecord, positions: &[usize]) {
        for (column, at) in self.columns.iter_mut().zip(positions) {
            let cell = record.get(*at).unwrap_or_default();
            // Every cell was looked at before; one that is another now was changed since, and is no value.
            match column {
                Column::Whole(cells) => cells.append_option(cell.parse().ok()),
                Column::Number(cells) => cells.append_option(cell.parse().ok()),
                Column::YesOrNo(cells) => cells.append_option(yes_or_no(cell)),
                Column::Text(cells) => cells.append_option((!cell.is_empty()).then_some(cell)),
            }
        }
        self.n += 1;
    }

    /// Their arrays; what comes next is another batch.
    fn finish(&mut self) -> Vec<ArrayRef> {
        self.n = 0;
        let finished = |column: &mut Column| -> ArrayRef {
            match column {
                Column::Whole(cells) => Arc::new(cells.finish()),
                Column::Number(cells) => Arc::new(cells.finish()),
                Column::YesOrNo(cells) => Arc::new(cells.finish()),
                Column::Text(cells) => Arc::new(cells.finish()),
            }
        };
        self.columns.iter_mut().map(finished).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    fn check(cells: &[&str], expected: Kind) {
        assert_eq!(cells.iter().fold(Kind::Nothing, |kind, cell| kind.with(cell)), expected, "{cells:?}");
    }

    #[test]
    fn a_column_is_what_all_of_its_cells_are() {
        check(&["", ""], Kind::Nothing);
        check(&["1", "", "-3"], Kind::Whole);
        check(&["1", "2.5"], Kind::Number);
        check(&["1e3", "7"], Kind::Number);
        check(&["9223372036854775808"], Kind::Number);
        check(&["True", "false", ""], Kind::YesOrNo);
        check(&["True", "1"], Kind::Text);
        check(&["1", "one", "2"], Kind::Text);
        check(&["2024-01-01"], Kind::Text);
    }
}
