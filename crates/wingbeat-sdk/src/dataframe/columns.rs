//! Columns by name, and Arrow's types in the words of the wire. Pure.

use arrow_schema::{DataType, Schema};

use crate::value::{Column, ColumnType};

/// The columns of a table, as a reference to it names them.
pub(super) fn of_schema(schema: &Schema) -> Vec<Column> {
    let fields = schema.fields().iter();
    fields.map(|field| Column { name: field.name().clone(), kind: kind_of(field.data_type()) }).collect()
}

/// The position of the column that `name` names: the whole of it, or with dots a field in it.
pub(super) fn find(schema: &Schema, name: &str) -> Option<usize> {
    let is_named =
        |field: &str| name.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    // A column whose own name has a dot comes before a field of a struct.
    let whole = schema.fields().iter().position(|field| field.name() == name);
    whole.or_else(|| schema.fields().iter().position(|field| is_named(field.name())))
}

fn kind_of(arrow: &DataType) -> ColumnType {
    use DataType as D;
    match arrow {
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => {
            ColumnType::Integer
        }
        D::Float16
        | D::Float32
        | D::Float64
        | D::Decimal32(..)
        | D::Decimal64(..)
        | D::Decimal128(..)
        | D::Decimal256(..) => ColumnType::Float,
        D::Utf8 | D::LargeUtf8 | D::Utf8View => ColumnType::Text,
        D::Boolean => ColumnType::Boolean,
        D::Date32 | D::Date64 | D::Timestamp(..) => ColumnType::Datetime,
        D::Time32(_) | D::Time64(_) | D::Duration(_) => ColumnType::Duration,
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => ColumnType::Binary,
        D::Struct(_) => ColumnType::Struct,
        D::List(item)
        | D::LargeList(item)
        | D::FixedSizeList(item, _)
        | D::ListView(item)
        | D::LargeListView(item) => list_of(item.data_type()),
        D::Dictionary(_, value) => kind_of(value),
        D::RunEndEncoded(_, value) => kind_of(value.data_type()),
        D::Map(entries, _) => map_of(entries.data_type()),
        D::Null | D::Interval(_) | D::Union(..) => ColumnType::Other,
    }
}

fn list_of(item: &DataType) -> ColumnType {
    ColumnType::List(Box::new(kind_of(item)))
}

/// Of entries, which are structs of a key and a value.
fn map_of(entries: &DataType) -> ColumnType {
    if let DataType::Struct(fields) = entries
        && let [_, value] = &fields[..]
    {
        return ColumnType::Map(Box::new(kind_of(value.data_type())));
    }
    ColumnType::Other
}
