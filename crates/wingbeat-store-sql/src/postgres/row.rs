//! Rows of PostgreSQL as cells.

use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Decode, Postgres, Row, TypeInfo, ValueRef};

use crate::fault::Fault;
use crate::rows::cell::{Cell, Columns, Source};

struct Found<'a>(&'a PgRow);

impl Source for Found<'_> {
    fn cell(&self, at: usize) -> Result<Cell<'_>, Fault> {
        let value = self.0.try_get_raw(at).map_err(Fault::from)?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let kind = value.type_info().into_owned();
        match kind.name() {
            "INT8" => decode(value).map(Cell::Int),
            "INT4" => decode::<i32>(value).map(|number| Cell::Int(number.into())),
            "TEXT" => decode(value).map(Cell::Text),
            "BYTEA" => decode(value).map(Cell::Bytes),
            "FLOAT8" => decode(value).map(Cell::Float),
            other => Err(Fault::corrupt(format!("column {at} is of type {other}"))),
        }
    }
}

fn decode<'r, T: Decode<'r, Postgres>>(value: PgValueRef<'r>) -> Result<T, Fault> {
    T::decode(value).map_err(|error| Fault::corrupt(error.to_string()))
}

/// Reads one row.
pub(crate) fn read_row<T>(
    row: &PgRow,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    read(&mut Columns::new(&Found(row)))
}

/// Reads all rows.
pub(crate) fn read_rows<T>(
    rows: &[PgRow],
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    rows.iter().map(|row| read_row(row, &mut read)).collect()
}
