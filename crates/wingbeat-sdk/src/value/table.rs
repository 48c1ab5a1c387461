//! Tables whose columns a task's interface names: the type says which, so that people and other tasks can see it before
//! anything runs. What is in a file is found out when it is read.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use bytes::Bytes;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::structured_dataset_type::DatasetColumn;
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, StructuredDatasetType, literal_type};

use super::dataframe::{Column, ColumnType, DataFrame};
use super::literals;
use super::{Packer, Unpacker, Value, ValueError};

/// Columns of a table: derive it for a struct whose fields are their names and types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no columns of a table",
    note = "`#[derive(wingbeat::Columns)]` on a struct with a field for each column"
)]
pub trait Columns: 'static {
    /// Names and types.
    fn columns() -> Vec<Column>;
}

/// What may be in a column.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be in a column of a table",
    note = "use one of: i64, f64, bool, String, Bytes, Vec, HashMap<String, _>, Option, jiff::Timestamp, \
            jiff::civil::Date, jiff::SignedDuration"
)]
pub trait ColumnValue {
    /// In the words of the wire.
    fn kind() -> ColumnType;
}

macro_rules! columns {
    ($($kind:ident: $($ty:ty),+;)+) => {$($(
        impl ColumnValue for $ty {
            fn kind() -> ColumnType {
                ColumnType::$kind
            }
        }
    )+)+};
}

columns! {
    Integer: i8, i16, i32, i64, u8, u16, u32, u64;
    Float: f32, f64;
    Boolean: bool;
    Text: String;
    Binary: Bytes;
    Datetime: Timestamp, Date;
    Duration: SignedDuration;
}

impl<T: ColumnValue> ColumnValue for Option<T> {
    fn kind() -> ColumnType {
        T::kind()
    }
}

impl<T: ColumnValue> ColumnValue for Vec<T> {
    fn kind() -> ColumnType {
        ColumnType::List(Box::new(T::kind()))
    }
}

impl<T: ColumnValue> ColumnValue for BTreeMap<String, T> {
    fn kind() -> ColumnType {
        ColumnType::Map(Box::new(T::kind()))
    }
}

impl<T: ColumnValue, S> ColumnValue for HashMap<String, T, S> {
    fn kind() -> ColumnType {
        ColumnType::Map(Box::new(T::kind()))
    }
}

/// A [`DataFrame`] whose columns are those of `C`: the interface of a task names them, and reading it reads these.
pub struct Table<C> {
    frame: DataFrame,
    marker: PhantomData<fn() -> C>,
}

impl<C> Table<C> {
    /// The reference alone.
    pub fn into_frame(self) -> DataFrame {
        self.frame
    }
}

impl<C: Columns> From<DataFrame> for Table<C> {
    fn from(frame: DataFrame) -> Self {
        Self { frame: DataFrame { columns: C::columns(), ..frame }, marker: PhantomData }
    }
}

impl<C> Deref for Table<C> {
    type Target = DataFrame;

    fn deref(&self) -> &DataFrame {
        &self.frame
    }
}

// Not derived: nothing is asked of `C`, of which there is no value.
impl<C> Clone for Table<C> {
    fn clone(&self) -> Self {
        Self { frame: self.frame.clone(), marker: PhantomData }
    }
}

impl<C> fmt::Debug for Table<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.frame).finish()
    }
}

impl<C> PartialEq for Table<C> {
    fn eq(&self, other: &Self) -> bool {
        self.frame == other.frame
    }
}

impl<C> Eq for Table<C> {}

impl<C: Columns> Value for Table<C> {
    const TAG: &'static str = DataFrame::TAG;

    fn literal_type() -> LiteralType {
        let columns = C::columns().iter().map(DatasetColumn::from).collect();
        let inner = StructuredDatasetType { columns, ..Default::default() };
        literals::of_type(literal_type::Type::StructuredDatasetType(Box::new(inner)))
    }

    fn to_literal(&self) -> Result<Literal, ValueError> {
        self.frame.to_literal()
    }

    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        DataFrame::from_literal(literal).map(Self::from)
    }

    fn schema() -> Json {
        DataFrame::schema()
    }

    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        self.frame.pack(out)
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        DataFrame::unpack(input).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, ColumnType, ColumnValue, Columns, DataFrame, Table, Value, literal_type};

    struct Sales;

    impl Columns for Sales {
        fn columns() -> Vec<Column> {
            let column = |name: &str, kind| Column { name: name.to_owned(), kind };
            vec![column("region", String::kind()), column("amounts", <Option<Vec<f32>>>::kind())]
        }
    }

    #[test]
    fn the_interface_names_the_columns_and_so_does_every_value() {
        let kind = Table::<Sales>::literal_type();
        let Some(literal_type::Type::StructuredDatasetType(kind)) = kind.r#type else { panic!("{kind:?}") };
        let declared: Vec<Column> = kind.columns.iter().map(Column::from).collect();
        assert_eq!(declared, Sales::columns());
        assert_eq!(declared[1].kind, ColumnType::List(Box::new(ColumnType::Float)));

        let plain = DataFrame::at("s3://b/sales", "parquet");
        let table = Table::<Sales>::from_literal(&plain.to_literal().unwrap()).unwrap();
        assert_eq!((table.uri.as_str(), &table.columns), ("s3://b/sales", &declared));
        let sent = DataFrame::from_literal(&table.to_literal().unwrap()).unwrap();
        assert_eq!(sent, table.into_frame());
    }
}
