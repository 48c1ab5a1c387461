//! One value of a row, whichever database it is in, and what binds and reads rows value by value.
//! The order of columns is that of the `*_columns.sql` files; the code that binds and the code that reads follow it.

use std::sync::Arc;

use wingbeat_store::listing::Value;

use crate::fault::Fault;

/// A value of a column. Flags are 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Something that can be bound.
pub(crate) trait ToCell {
    /// Its value.
    fn to_cell(&self) -> Cell<'_>;
}

/// Something that can be read.
pub(crate) trait FromCell: Sized {
    /// From a value; `None` if it is of another kind or out of range.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

/// Takes the values of a row, the first one first.
pub(crate) trait Sink {
    /// Takes the next one.
    fn put_cell(&mut self, cell: Cell<'_>) -> Result<(), Fault>;
}

/// Gives the values of a row.
pub(crate) trait Source {
    /// The one at a place, counted from 0.
    fn cell(&self, at: usize) -> Result<Cell<'_>, Fault>;
}

/// Binds values from the first to the last.
pub(crate) struct Binder<'a> {
    sink: &'a mut dyn Sink,
}

impl<'a> Binder<'a> {
    /// Into a row.
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink }
    }

    /// Binds the next one.
    pub(crate) fn put(&mut self, value: impl ToCell) -> Result<(), Fault> {
        self.sink.put_cell(value.to_cell())
    }

    /// Binds nothing.
    pub(crate) fn put_null(&mut self) -> Result<(), Fault> {
        self.sink.put_cell(Cell::Null)
    }
}

/// Reads columns from the first to the last.
pub(crate) struct Columns<'a> {
    row: &'a dyn Source,
    at: usize,
}

impl<'a> Columns<'a> {
    /// Of a row.
    pub(crate) fn new(row: &'a dyn Source) -> Self {
        Self { row, at: 0 }
    }

    /// The same row, from the next column on.
    pub(crate) fn again(&self) -> Self {
        Self { row: self.row, at: self.at }
    }

    /// Reads the next one.
    pub(crate) fn take<T: FromCell>(&mut self) -> Result<T, Fault> {
        let cell = self.row.cell(self.at)?;
        let value = T::from_cell(cell)
            .ok_or_else(|| Fault::corrupt(format!("column {} holds {}", self.at, kind_of(cell))))?;
        self.at += 1;
        Ok(value)
    }

    /// Passes over columns that mean nothing in this row.
    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }
}

/// Reads a row of one column.
pub(crate) fn first<T: FromCell>(row: &mut Columns<'_>) -> Result<T, Fault> {
    row.take()
}

fn kind_of(cell: Cell<'_>) -> &'static str {
    match cell {
        Cell::Null => "nothing",
        Cell::Int(_) => "a whole number that does not fit",
        Cell::Float(_) => "a number",
        Cell::Text(_) => "text",
        Cell::Bytes(_) => "bytes",
    }
}

macro_rules! whole_numbers {
    ($($kind:ty)*) => {$(
        impl ToCell for $kind {
            fn to_cell(&self) -> Cell<'_> {
                Cell::Int(i64::from(*self))
            }
        }

        impl FromCell for $kind {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                i64::from_cell(cell)?.try_into().ok()
            }
        }
    )*};
}

whole_numbers!(i32 u32);

impl ToCell for i64 {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Int(*self)
    }
}

impl FromCell for i64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Int(number) = cell { Some(number) } else { None }
    }
}

impl ToCell for bool {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Int(i64::from(*self))
    }
}

impl FromCell for bool {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(0) => Some(false),
            Cell::Int(1) => Some(true),
            Cell::Int(_) | Cell::Null | Cell::Float(_) | Cell::Text(_) | Cell::Bytes(_) => None,
        }
    }
}

impl ToCell for f64 {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Float(*self)
    }
}

impl FromCell for f64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Float(number) = cell { Some(number) } else { None }
    }
}

impl ToCell for str {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl ToCell for String {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text.to_owned()) } else { None }
    }
}

impl FromCell for Arc<str> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text.into()) } else { None }
    }
}

impl ToCell for [u8] {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl ToCell for Vec<u8> {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { Some(bytes.to_vec()) } else { None }
    }
}

impl ToCell for [u8; 32] {
    fn to_cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl FromCell for [u8; 32] {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { bytes.try_into().ok() } else { None }
    }
}

impl FromCell for Value {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(number) => Some(Self::Int(number)),
            Cell::Text(text) => Some(Self::Text(text.to_owned())),
            Cell::Null | Cell::Float(_) | Cell::Bytes(_) => None,
        }
    }
}

impl<T: ToCell + ?Sized> ToCell for &T {
    fn to_cell(&self) -> Cell<'_> {
        (**self).to_cell()
    }
}

impl<T: ToCell> ToCell for Option<T> {
    fn to_cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, ToCell::to_cell)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if cell == Cell::Null { Some(None) } else { T::from_cell(cell).map(Some) }
    }
}
