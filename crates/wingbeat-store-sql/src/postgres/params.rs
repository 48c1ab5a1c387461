//! Parameters: single values, and arrays that carry one column of many rows each.

use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use wingbeat_store::listing::{Value, ValueKind};

use super::queries::Query;
use crate::fault::Fault;
use crate::rows::cell::{Binder, Cell, Sink, ToCell};
use crate::statement::Bound;

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Text,
    Bytes,
}

impl Kind {
    /// By PostgreSQL's name of it.
    pub(crate) fn of_array(name: &str) -> Option<Self> {
        match name {
            "bigint" => Some(Self::Int),
            "float8" => Some(Self::Float),
            "text" => Some(Self::Text),
            "bytea" => Some(Self::Bytes),
            _ => None,
        }
    }
}

enum Array {
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Int(Vec::new()),
            Kind::Float => Self::Float(Vec::new()),
            Kind::Text => Self::Text(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, cell: Cell<'_>) -> Result<(), Fault> {
        match (self, cell) {
            (Self::Int(all), Cell::Null) => all.push(None),
            (Self::Int(all), Cell::Int(number)) => all.push(Some(number)),
            (Self::Float(all), Cell::Null) => all.push(None),
            (Self::Float(all), Cell::Float(number)) => all.push(Some(number)),
            (Self::Text(all), Cell::Null) => all.push(None),
            (Self::Text(all), Cell::Text(text)) => all.push(Some(storable(text))),
            (Self::Bytes(all), Cell::Null) => all.push(None),
            (Self::Bytes(all), Cell::Bytes(bytes)) => all.push(Some(bytes.to_vec())),
            (Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::Bytes(_), other) => {
                return Err(Fault::corrupt(format!("{other:?} in a column of another kind")));
            }
        }
        Ok(())
    }
}

/// PostgreSQL's texts hold everything but the zero character; what a task wrote may hold it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Rows as one array per column.
struct Table {
    columns: Vec<Array>,
    at: usize,
}

impl Sink for Table {
    fn put_cell(&mut self, cell: Cell<'_>) -> Result<(), Fault> {
        let (at, count) = (self.at, self.columns.len());
        self.at = (at + 1) % count.max(1);
        let column = self.columns.get_mut(at).ok_or_else(|| Fault::corrupt("a row of no columns"))?;
        column.push(cell)
    }
}

/// The parameters of a statement.
#[derive(Clone, Default)]
pub(crate) struct Params {
    arguments: PgArguments,
    /// Whether any array holds a row.
    has_rows: bool,
}

impl Params {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The arrays that `query` wants, one value of each per row.
    pub(crate) fn rows<T>(
        query: &'static Query,
        rows: impl IntoIterator<Item = T>,
        bind: impl Fn(&mut Binder<'_>, &T) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        Self::new().and_rows(query, rows, bind)
    }

    /// These, then the arrays that `query` wants.
    pub(crate) fn and_rows<T>(
        mut self,
        query: &'static Query,
        rows: impl IntoIterator<Item = T>,
        bind: impl Fn(&mut Binder<'_>, &T) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let columns = query.arrays().iter().map(|kind| Array::new(*kind)).collect();
        let mut table = Table { columns, at: 0 };
        for row in rows {
            bind(&mut Binder::new(&mut table), &row)?;
            if table.at != 0 {
                return Err(Fault::corrupt(format!("{}: a row of {} columns", query.file(), table.at)));
            }
            self.has_rows = true;
        }
        for column in table.columns {
            self.add_array(column)?;
        }
        Ok(self)
    }

    /// Whether a statement that writes the rows has anything to do.
    pub(crate) fn has_rows(&self) -> bool {
        self.has_rows
    }

    /// One more value.
    pub(crate) fn with(mut self, value: impl ToCell) -> Result<Self, Fault> {
        match value.to_cell() {
            // The only values that may be missing are texts.
            Cell::Null => self.add(None::<String>)?,
            Cell::Int(number) => self.add(number)?,
            Cell::Float(number) => self.add(number)?,
            Cell::Text(text) => self.add(storable(text))?,
            Cell::Bytes(bytes) => self.add(bytes.to_vec())?,
        }
        Ok(self)
    }

    /// One more array of texts.
    pub(crate) fn with_texts<'t>(mut self, texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Fault> {
        self.add_array(Array::Text(texts.into_iter().map(|text| Some(storable(text))).collect()))?;
        Ok(self)
    }

    /// Those of a list's statement.
    pub(crate) fn of_list(bound: Vec<Bound>) -> Result<Self, Fault> {
        let mut params = Self::new();
        for value in bound {
            match value {
                Bound::One(Value::Int(number)) => params.add(number)?,
                Bound::One(Value::Text(text)) => params.add(storable(&text))?,
                Bound::Many(kind, values) => params.add_array(array_of(kind, values))?,
            }
        }
        Ok(params)
    }

    /// For the client.
    pub(crate) fn into_arguments(self) -> PgArguments {
        self.arguments
    }

    fn add_array(&mut self, array: Array) -> Result<(), Fault> {
        match array {
            Array::Int(all) => self.add(all),
            Array::Float(all) => self.add(all),
            Array::Text(all) => self.add(all),
            Array::Bytes(all) => self.add(all),
        }
    }

    fn add<'t, T>(&mut self, value: T) -> Result<(), Fault>
    where
        T: sqlx::Encode<'t, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        Arguments::add(&mut self.arguments, value).map_err(|error| Fault::from(sqlx::Error::Encode(error)))
    }
}

fn array_of(kind: ValueKind, values: Vec<Value>) -> Array {
    match kind {
        ValueKind::Int => {
            let number = |value| if let Value::Int(number) = value { Some(number) } else { None };
            Array::Int(values.into_iter().filter_map(number).map(Some).collect())
        }
        ValueKind::Text => {
            let text = |value| if let Value::Text(text) = value { Some(storable(&text)) } else { None };
            Array::Text(values.into_iter().filter_map(text).map(Some).collect())
        }
    }
}
