//! Types and values in words, for messages. A value's content is not told, only its kind.

use wingbeat_proto::flyteidl2::core::blob_type::BlobDimensionality;
use wingbeat_proto::flyteidl2::core::{
    BlobType, Literal, LiteralType, SimpleType, literal, literal_type, primitive, scalar,
};

use crate::msgpack::MSGPACK;

/// How many variants or values are listed before the rest is only counted.
const LISTED: usize = 12;

/// A type in words.
pub(crate) fn name_of(wire: &LiteralType) -> String {
    use literal_type::Type;
    match &wire.r#type {
        Some(Type::Simple(simple)) => simple.as_known().map_or("an unknown type", simple_name).to_owned(),
        Some(Type::CollectionType(item)) => format!("list[{}]", name_of(item)),
        Some(Type::MapValueType(item)) => format!("dict[str, {}]", name_of(item)),
        Some(Type::Blob(blob)) => (if multipart(blob) { "directory" } else { "file" }).to_owned(),
        Some(Type::EnumType(values)) => format!("one of {}", listed(&values.values, ", ")),
        Some(Type::StructuredDatasetType(_) | Type::Schema(_)) => "dataframe".to_owned(),
        Some(Type::UnionType(union)) => {
            let names: Vec<String> = union.variants.iter().map(name_of).collect();
            listed(&names, " | ")
        }
        None => "anything".to_owned(),
    }
}

/// Is it a folder rather than a file?
pub(crate) fn multipart(blob: &BlobType) -> bool {
    blob.dimensionality == BlobDimensionality::MULTIPART
}

fn listed(names: &[String], separator: &str) -> String {
    let shown = names[..names.len().min(LISTED)].join(separator);
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown}{separator}{more} more"),
    }
}

fn simple_name(simple: SimpleType) -> &'static str {
    match simple {
        SimpleType::NONE => "None",
        SimpleType::INTEGER => "int",
        SimpleType::FLOAT => "float",
        SimpleType::STRING => "str",
        SimpleType::BOOLEAN => "bool",
        SimpleType::DATETIME => "datetime",
        SimpleType::DURATION => "timedelta",
        SimpleType::BINARY => "bytes",
        SimpleType::ERROR => "error",
        SimpleType::STRUCT => "struct",
    }
}

/// A value's kind in words.
pub fn kind_of(value: &Literal) -> String {
    let word = match &value.value {
        Some(literal::Value::Collection(_)) => "list",
        Some(literal::Value::Map(_)) => "dict",
        Some(literal::Value::OffloadedMetadata(_)) => "a value stored elsewhere",
        Some(literal::Value::Scalar(scalar)) => match &scalar.value {
            Some(scalar::Value::Primitive(primitive)) => match &primitive.value {
                Some(primitive::Value::Integer(_)) => "int",
                Some(primitive::Value::FloatValue(_)) => "float",
                Some(primitive::Value::StringValue(_)) => "str",
                Some(primitive::Value::Boolean(_)) => "bool",
                Some(primitive::Value::Datetime(_)) => "datetime",
                Some(primitive::Value::Duration(_)) => "timedelta",
                None => "nothing",
            },
            Some(scalar::Value::Blob(blob)) if multipart(&blob.metadata.r#type) => "directory",
            Some(scalar::Value::Blob(_)) => "file",
            Some(scalar::Value::Binary(binary)) if binary.tag.is_empty() => "pickled value",
            Some(scalar::Value::Binary(binary)) if binary.tag != MSGPACK => "bytes of an unknown encoding",
            Some(scalar::Value::Binary(_) | scalar::Value::Generic(_)) => "struct",
            Some(scalar::Value::NoneType(_)) => "None",
            Some(scalar::Value::StructuredDataset(_) | scalar::Value::Schema(_)) => "dataframe",
            Some(scalar::Value::Union(union)) => return kind_of(&union.value),
            Some(scalar::Value::Error(_)) => "error",
            None => "nothing",
        },
        None => "nothing",
    };
    word.to_owned()
}
