//! References to tables, and what a reference says about their columns. They are addresses: what is in a table is read
//! and written elsewhere (`crate::dataframe`, where the feature of that name is on).

use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::structured_dataset_type::DatasetColumn;
use wingbeat_proto::flyteidl2::core::{
    Literal, LiteralType, SimpleType, StructuredDataset, StructuredDatasetMetadata, StructuredDatasetType,
    literal_type, scalar,
};

use super::files::{nullable, unpack_reference};
use super::literals::{self, kind_of, msgpack_of, scalar_of};
use super::structs::unpacked_literal;
use super::{Packer, Unpacker, Value, ValueError};

/// Deepest list in a list in a column that is described; what lies deeper is [`ColumnType::Other`].
const MAX_DEPTH: usize = 16;

/// A table somewhere. Copying the value copies the reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DataFrame {
    /// Where it is: a path or a URI of a folder or of a file.
    pub uri: String,
    /// `parquet` or `csv`; empty where nobody said it.
    pub format: String,
    /// Stands for the content in cache keys, if it is known.
    pub hash: Option<String>,
    /// Its columns, as far as whoever made the reference named them; empty says nothing about them. They travel with
    /// inputs and outputs, not with fields of structs.
    pub columns: Vec<Column>,
}

/// A column of a table, as a reference names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub kind: ColumnType,
}

/// What is in a column, in the words of the wire: its types are coarser than those of Arrow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Whole numbers of any width.
    Integer,
    /// Floating point numbers of any width, and decimal ones.
    Float,
    /// Text.
    Text,
    /// Yes or no.
    Boolean,
    /// Dates and times.
    Datetime,
    /// Lengths of time.
    Duration,
    /// Bytes.
    Binary,
    /// Several fields.
    Struct,
    /// Many of one kind.
    List(Box<ColumnType>),
    /// Many of one kind, by a text.
    Map(Box<ColumnType>),
    /// Something that the wire has no word for.
    Other,
}

impl ColumnType {
    fn to_wire(&self) -> LiteralType {
        let simple = match self {
            Self::Integer => SimpleType::INTEGER,
            Self::Float => SimpleType::FLOAT,
            Self::Text => SimpleType::STRING,
            Self::Boolean => SimpleType::BOOLEAN,
            Self::Datetime => SimpleType::DATETIME,
            Self::Duration => SimpleType::DURATION,
            Self::Binary => SimpleType::BINARY,
            Self::Struct => SimpleType::STRUCT,
            Self::List(item) => {
                return literals::of_type(literal_type::Type::CollectionType(Box::new(item.to_wire())));
            }
            Self::Map(item) => {
                return literals::of_type(literal_type::Type::MapValueType(Box::new(item.to_wire())));
            }
            Self::Other => return LiteralType::default(),
        };
        literals::of_simple(simple)
    }

    fn from_wire(wire: &LiteralType, depth: usize) -> Self {
        let simple = match &wire.r#type {
            Some(literal_type::Type::Simple(simple)) => simple.as_known(),
            Some(literal_type::Type::CollectionType(item)) if depth > 0 => {
                return Self::List(Box::new(Self::from_wire(item, depth - 1)));
            }
            Some(literal_type::Type::MapValueType(item)) if depth > 0 => {
                return Self::Map(Box::new(Self::from_wire(item, depth - 1)));
            }
            _ => None,
        };
        match simple {
            Some(SimpleType::INTEGER) => Self::Integer,
            Some(SimpleType::FLOAT) => Self::Float,
            Some(SimpleType::STRING) => Self::Text,
            Some(SimpleType::BOOLEAN) => Self::Boolean,
            Some(SimpleType::DATETIME) => Self::Datetime,
            Some(SimpleType::DURATION) => Self::Duration,
            Some(SimpleType::BINARY) => Self::Binary,
            Some(SimpleType::STRUCT) => Self::Struct,
            Some(SimpleType::NONE | SimpleType::ERROR) | None => Self::Other,
        }
    }
}

impl From<&Column> for DatasetColumn {
    fn from(column: &Column) -> Self {
        let literal_type = column.kind.to_wire().into();
        Self { name: column.name.clone(), literal_type, ..Self::default() }
    }
}

impl From<&DatasetColumn> for Column {
    fn from(wire: &DatasetColumn) -> Self {
        Self { name: wire.name.clone(), kind: ColumnType::from_wire(&wire.literal_type, MAX_DEPTH) }
    }
}

impl DataFrame {
    /// A reference to what is there already.
    pub fn at(uri: impl Into<String>, format: impl Into<String>) -> Self {
        Self { uri: uri.into(), format: format.into(), ..Self::default() }
    }
}

impl Value for DataFrame {
    const TAG: &'static str = "DataFrame Transformer";

    fn literal_type() -> LiteralType {
        let inner = StructuredDatasetType::default();
        literals::of_type(literal_type::Type::StructuredDatasetType(Box::new(inner)))
    }

    fn to_literal(&self) -> Result<Literal, ValueError> {
        let kind = StructuredDatasetType {
            format: self.format.clone(),
            columns: self.columns.iter().map(DatasetColumn::from).collect(),
            ..Default::default()
        };
        let metadata =
            StructuredDatasetMetadata { structured_dataset_type: kind.into(), ..Default::default() };
        let dataset =
            StructuredDataset { uri: self.uri.clone(), metadata: metadata.into(), ..Default::default() };
        let literal = literals::of_scalar(scalar::Value::StructuredDataset(Box::new(dataset)));
        Ok(Literal { hash: self.hash.clone().unwrap_or_default(), ..literal })
    }

    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        match scalar_of(literal) {
            Some(scalar::Value::StructuredDataset(dataset)) => {
                let kind = &dataset.metadata.structured_dataset_type;
                Ok(Self {
                    uri: dataset.uri.clone(),
                    format: kind.format.clone(),
                    hash: (!literal.hash.is_empty()).then(|| literal.hash.clone()),
                    columns: kind.columns.iter().map(Column::from).collect(),
                })
            }
            Some(scalar::Value::Union(union)) => Self::from_literal(&union.value),
            _ if msgpack_of(literal).is_some() => unpacked_literal(literal),
            _ => Err(ValueError::new("dataframe", kind_of(literal))),
        }
    }

    fn schema() -> Json {
        let mut format = nullable("Format");
        format["default"] = "".into();
        json!({
            "type": "object",
            "title": "DataFrame",
            "description": "A tabular data reference backed by a remote file.",
            "properties": {"uri": nullable("Uri"), "format": format, "hash": nullable("Hash")},
        })
    }

    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.map(2);
        out.key("uri");
        out.text(&self.uri);
        out.key("format");
        out.text(&self.format);
        Ok(())
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        let (uri, format, hash) = unpack_reference("DataFrame", input)?;
        Ok(Self { uri, format, hash, columns: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, ColumnType, DataFrame, Value};

    #[test]
    fn columns_travel_with_a_literal() {
        let kinds = [
            ColumnType::Integer,
            ColumnType::Float,
            ColumnType::Text,
            ColumnType::Boolean,
            ColumnType::Datetime,
            ColumnType::Duration,
            ColumnType::Binary,
            ColumnType::Struct,
            ColumnType::List(Box::new(ColumnType::Map(Box::new(ColumnType::Text)))),
            ColumnType::Other,
        ];
        let columns = kinds.into_iter().map(|kind| Column { name: format!("{kind:?}"), kind });
        let frame = DataFrame { columns: columns.collect(), ..DataFrame::at("s3://b/x", "parquet") };
        assert_eq!(DataFrame::from_literal(&frame.to_literal().unwrap()), Ok(frame));
    }

    #[test]
    fn a_column_of_lists_in_lists_without_end_is_cut_off() {
        let nested = (0..1_000).fold(ColumnType::Integer, |inner, _| ColumnType::List(Box::new(inner)));
        let columns = vec![Column { name: "deep".to_owned(), kind: nested }];
        let frame = DataFrame { columns, ..DataFrame::default() };
        let mut read = &DataFrame::from_literal(&frame.to_literal().unwrap()).unwrap().columns[0].kind;
        let mut depth = 0;
        while let ColumnType::List(inner) = read {
            (read, depth) = (inner, depth + 1);
        }
        assert_eq!((read, depth), (&ColumnType::Other, super::MAX_DEPTH));
    }
}
