//! Values of Arrow's arrays as cells of CSV. What has no form there that another program would read is refused.

use arrow_array::cast::AsArray as _;
use arrow_array::temporal_conversions::as_datetime;
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, TimeUnit};

use super::FORMAT;
use crate::failure::{Error, Result};

/// The cell of a row.
pub(super) type Cells<'a> = Box<dyn Fn(usize) -> String + 'a>;

/// The cells of a column; an empty one where there is no value.
pub(super) fn of<'a>(field: &Field, column: &'a ArrayRef) -> Result<Cells<'a>> {
    let cells = plain(column).or_else(|| timed(column)).ok_or_else(|| {
        let (name, kind) = (field.name(), field.data_type());
        let text =
            format!("the column `{name}` has the type {kind}, for which CSV has no form; write Parquet");
        Error::user(FORMAT, text).not_recoverable()
    })?;
    Ok(Box::new(move |row| if column.is_null(row) { String::new() } else { cells(row) }))
}

fn plain(column: &ArrayRef) -> Option<Cells<'_>> {
    use DataType as D;
    #[expect(clippy::wildcard_enum_match_arm, reason = "Arrow has dozens of types, and may get more")]
    let cells: Cells<'_> = match column.data_type() {
        D::Int8 => numbers::<Int8Type>(column),
        D::Int16 => numbers::<Int16Type>(column),
        D::Int32 => numbers::<Int32Type>(column),
        D::Int64 => numbers::<Int64Type>(column),
        D::UInt8 => numbers::<UInt8Type>(column),
        D::UInt16 => numbers::<UInt16Type>(column),
        D::UInt32 => numbers::<UInt32Type>(column),
        D::UInt64 => numbers::<UInt64Type>(column),
        D::Float32 => numbers::<Float32Type>(column),
        D::Float64 => numbers::<Float64Type>(column),
        D::Decimal128(..) => {
            let values = column.as_primitive::<Decimal128Type>();
            Box::new(|row| values.value_as_string(row))
        }
        D::Boolean => {
            let values = column.as_boolean();
            Box::new(|row| values.value(row).to_string())
        }
        D::Utf8 => {
            let values = column.as_string::<i32>();
            Box::new(|row| values.value(row).to_owned())
        }
        D::LargeUtf8 => {
            let values = column.as_string::<i64>();
            Box::new(|row| values.value(row).to_owned())
        }
        D::Utf8View => {
            let values = column.as_string_view();
            Box::new(|row| values.value(row).to_owned())
        }
        _ => return None,
    };
    Some(cells)
}

/// A number that is not whole stays one in the text: `1.0`.
fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Cells<'_> {
    let values = column.as_primitive::<T>();
    Box::new(|row| format!("{:?}", values.value(row)))
}

fn timed(column: &ArrayRef) -> Option<Cells<'_>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "Arrow has dozens of types, and may get more")]
    let cells: Cells<'_> = match column.data_type() {
        DataType::Date32 => {
            let values = column.as_primitive::<Date32Type>();
            Box::new(|row| values.value_as_date(row).map(|date| date.to_string()).unwrap_or_default())
        }
        DataType::Date64 => {
            let values = column.as_primitive::<Date64Type>();
            Box::new(|row| values.value_as_date(row).map(|date| date.to_string()).unwrap_or_default())
        }
        DataType::Timestamp(unit, zone) => {
            // The wire has points in time; without a zone they are local to nobody knows whom.
            let zone = if zone.is_some() { "+00:00" } else { "" };
            match unit {
                TimeUnit::Second => times::<TimestampSecondType>(column, zone),
                TimeUnit::Millisecond => times::<TimestampMillisecondType>(column, zone),
                TimeUnit::Microsecond => times::<TimestampMicrosecondType>(column, zone),
                TimeUnit::Nanosecond => times::<TimestampNanosecondType>(column, zone),
            }
        }
        _ => return None,
    };
    Some(cells)
}

fn times<'a, T: ArrowTimestampType>(column: &'a ArrayRef, zone: &'static str) -> Cells<'a> {
    let values = column.as_primitive::<T>();
    Box::new(move |row| match as_datetime::<T>(values.value(row)) {
        Some(time) => format!("{time}{zone}"),
        None => String::new(),
    })
}
