//! Types as literal types of the wire, byte for byte as the client makes them.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use buffa_types::google::protobuf::Struct;
use serde_json::{Map, Value as Json, json};
use wingbeat_proto::flyteidl2::core::blob_type::BlobDimensionality;
use wingbeat_proto::flyteidl2::core::literal_type::Type as Kind;
use wingbeat_proto::flyteidl2::core::structured_dataset_type::DatasetColumn;
use wingbeat_proto::flyteidl2::core::{
    BlobType, EnumType as WireEnum, LiteralType, SimpleType, StructuredDatasetType, TypeAnnotation, UnionType,
};

use crate::constraints::Constraints;
use crate::error::{ConvertError, ConvertErrorKind};
use crate::launch_form::to_struct;
use crate::ty::{DatasetType, Dialect, EnumKind, EnumType, Spelling, StructType, Type};
use crate::value::Value;
use crate::wire::{of_simple, of_type, structure, with_tag};
use crate::{arrow, python, schema};

/// Name of the format of pickled values.
pub(crate) const PICKLE_FORMAT: &str = "PythonPickle";

/// A type as the wire has it.
///
/// # Errors
/// [`ConvertError`] for an enumeration that cannot cross a task's boundary.
pub fn to_literal_type(ty: &Type) -> Result<LiteralType, ConvertError> {
    Ok(match ty {
        Type::None => of_simple(SimpleType::NONE),
        Type::Bool => of_simple(SimpleType::BOOLEAN),
        Type::Int => of_simple(SimpleType::INTEGER),
        Type::Float => of_simple(SimpleType::FLOAT),
        Type::Str => of_simple(SimpleType::STRING),
        Type::Datetime | Type::Date => of_simple(SimpleType::DATETIME),
        Type::Duration => of_simple(SimpleType::DURATION),
        Type::Enum(ty) => of_enum(ty)?,
        // The client takes this one for a list without the type of its elements.
        Type::List(item, Spelling::Builtin) if **item == Type::None => {
            let message = "Only generic univariate typing.List[T] type is supported.";
            return Err(unsupported("List", &ConvertError::new(ConvertErrorKind::Value, message)));
        }
        Type::List(item, _) => of_type(Kind::CollectionType(Box::new(generic(item, "List")?))),
        Type::Map(item, _) => of_type(Kind::MapValueType(Box::new(generic(item, "List")?))),
        Type::Dict(..) => msgpack_struct(),
        Type::Union(variants, _) => of_union(variants)?,
        Type::Struct(ty) => of_struct(ty),
        Type::File => of_blob(BlobDimensionality::SINGLE),
        Type::Dir => of_blob(BlobDimensionality::MULTIPART),
        Type::Dataset(ty) => of_dataset(ty)?,
        Type::Message(class) => {
            let metadata = to_struct(&json!({ "pb_type": &**class }));
            LiteralType { metadata: metadata.into(), ..of_simple(SimpleType::STRUCT) }
        }
        Type::Constrained(inner, constraints) => constrained(to_literal_type(inner)?, inner, constraints),
        Type::Pickle(_)
        | Type::Any
        | Type::Bytes(_)
        | Type::Time
        | Type::Text(_)
        | Type::Set(..)
        | Type::Tuple(..)
        | Type::Sequence(..)
        | Type::Choice(_)
        | Type::Recursive(_) => of_pickle(&python::type_str(ty)),
    })
}

fn generic(item: &Type, name: &str) -> Result<LiteralType, ConvertError> {
    to_literal_type(item).map_err(|error| unsupported(name, &error))
}

fn unsupported(name: &str, error: &ConvertError) -> ConvertError {
    let message = format!("Type of Generic {name} type is not supported, {}", error.message);
    ConvertError::new(ConvertErrorKind::Value, message)
}

/// Why values of an enumeration cannot cross a task's boundary, if they cannot.
pub(crate) fn refusal_of_enum(ty: &EnumType, value: Option<&Value>) -> Option<ConvertError> {
    let name = &ty.name;
    let Some(value) = value else {
        let message = format!("{name} has no members, so there is nothing to put on the wire.");
        return Some(ConvertError::mismatch(message));
    };
    if matches!(value, Value::Str(_)) {
        return None;
    }
    let message = match ty.kind {
        EnumKind::Int => return None,
        EnumKind::Flag => format!(
            "{name} is a Flag enum. A composite member such as 'READ|WRITE' cannot be looked up by name, so Flag \
             and IntFlag cannot cross a task boundary. Use an IntEnum, or pass the combined value as an int."
        ),
        EnumKind::Plain | EnumKind::Str | EnumKind::Literal => format!(
            "Only string-valued enums and IntEnum are supported, got {name} with {} values.",
            python::class_of(value)
        ),
    };
    Some(ConvertError::mismatch(message))
}

fn of_enum(ty: &EnumType) -> Result<LiteralType, ConvertError> {
    if let Some(refusal) = refusal_of_enum(ty, ty.members.first().map(|(_, value)| value)) {
        return Err(refusal);
    }
    Ok(of_type(Kind::EnumType(Box::new(WireEnum { values: enum_values(ty), ..Default::default() }))))
}

/// What the wire calls the members.
pub(crate) fn enum_values(ty: &EnumType) -> Vec<String> {
    let of = |(name, value): &(String, Value)| {
        if ty.kind == EnumKind::Literal { python::show(value) } else { name.clone() }
    };
    ty.members.iter().map(of).collect()
}

fn of_blob(dimensionality: BlobDimensionality) -> LiteralType {
    of_type(Kind::Blob(Box::new(BlobType { dimensionality: dimensionality.into(), ..Default::default() })))
}

fn of_union(variants: &[Type]) -> Result<LiteralType, ConvertError> {
    let variants = variants
        .iter()
        .map(|variant| Ok(with_tag(to_literal_type(variant)?, variant.tag())))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unsupported("Union", &error))?;
    Ok(of_type(Kind::UnionType(Box::new(UnionType { variants, ..Default::default() }))))
}

/// The type as a variant of a union names itself beside a value: without rules.
pub(crate) fn variant_type(ty: &Type) -> Result<LiteralType, ConvertError> {
    Ok(with_tag(to_literal_type(ty.bare())?, ty.tag()))
}

fn as_struct(fields: Map<String, Json>) -> Struct {
    to_struct(&Json::Object(fields))
}

fn msgpack_struct() -> LiteralType {
    let annotations = to_struct(&json!({"cache-key-metadata": {"serialization-format": "msgpack"}}));
    let annotation = TypeAnnotation { annotations: annotations.into(), ..Default::default() };
    LiteralType { annotation: annotation.into(), ..of_simple(SimpleType::STRUCT) }
}

fn of_struct(ty: &StructType) -> LiteralType {
    let mut wire = msgpack_struct();
    if let Some(schema) = schema::of_struct(ty) {
        wire.metadata = to_struct(&schema).into();
    }
    // Tuples, named tuples and typed dictionaries travel as the model that wraps them.
    let tag = match ty.dialect {
        Dialect::Dataclass => "Object-Dataclass-Transformer",
        Dialect::Model | Dialect::Tuple | Dialect::NamedTuple | Dialect::TypedDict => "Pydantic Transformer",
    };
    with_tag(wire, tag)
}

fn of_dataset(ty: &DatasetType) -> Result<LiteralType, ConvertError> {
    let mut wire = of_type(Kind::StructuredDatasetType(Box::new(dataset_type(ty)?)));
    if let Some(class) = &ty.class {
        wire.structure = structure(class).into();
    }
    Ok(wire)
}

/// Columns and format of a table.
pub(crate) fn dataset_type(ty: &DatasetType) -> Result<StructuredDatasetType, ConvertError> {
    let column = |(name, column): &(String, Type)| {
        if !is_column(column) {
            let message =
                format!("type {} is currently not supported by DataFrame", python::type_str(column));
            return Err(ConvertError::new(ConvertErrorKind::Assertion, message));
        }
        let literal_type = to_literal_type(column)?.into();
        Ok(DatasetColumn { name: name.clone(), literal_type, ..Default::default() })
    };
    let columns = ty.columns.iter().map(column).collect::<Result<Vec<_>, ConvertError>>()?;
    let mut wire = StructuredDatasetType { columns, format: ty.format.clone(), ..Default::default() };
    if let Some(columns) = &ty.arrow {
        "arrow".clone_into(&mut wire.external_schema_type);
        wire.external_schema_bytes = arrow::schema_text(columns).into_bytes();
    }
    Ok(wire)
}

/// May a column hold it?
fn is_column(ty: &Type) -> bool {
    match ty {
        Type::Int | Type::Float | Type::Bool | Type::Str | Type::Datetime | Type::Duration => true,
        Type::List(item, _) | Type::Map(item, _) => is_column(item),
        _ => false,
    }
}

fn of_pickle(class: &str) -> LiteralType {
    let blob = BlobType { format: PICKLE_FORMAT.to_owned(), ..Default::default() };
    let variants = [of_type(Kind::Blob(Box::new(blob))), of_simple(SimpleType::BINARY)]
        .map(|one| with_tag(one, "FlytePickle"));
    let union = UnionType { variants: variants.into(), ..Default::default() };
    let metadata = to_struct(&json!({ "python_class_name": class }));
    LiteralType { metadata: metadata.into(), ..of_type(Kind::UnionType(Box::new(union))) }
}

/// Rules bind the variants of a union, words are said of the whole.
fn constrained(mut wire: LiteralType, ty: &Type, constraints: &Constraints) -> LiteralType {
    if constraints.is_empty() {
        return wire;
    }
    let Type::Union(types, _) = ty.bare() else {
        let keys = constraints.keys_of(ty);
        if !keys.is_empty() {
            add_metadata(&mut wire, keys);
        }
        return wire;
    };
    let mut whole = constraints.words.clone();
    if types.iter().filter(|ty| **ty != Type::None).count() > 1 {
        // Where no variant stands for the union, its rules are told by the names that they have in the source.
        whole.extend(constraints.named());
    }
    if !whole.is_empty() {
        add_metadata(&mut wire, whole);
    }
    if let Some(Kind::UnionType(union)) = &mut wire.r#type {
        for (variant, ty) in union.variants.iter_mut().zip(types) {
            if *ty != Type::None {
                add_metadata(variant, constraints.rules_of(ty));
            }
        }
    }
    wire
}

/// Keys that say what a value is, which the literal type does already.
const OF_THE_TYPE: [&str; 13] = [
    "type",
    "anyOf",
    "oneOf",
    "allOf",
    "$defs",
    "$ref",
    "items",
    "prefixItems",
    "properties",
    "additionalProperties",
    "required",
    "discriminator",
    "default",
];

fn add_metadata(wire: &mut LiteralType, mut keys: Map<String, Json>) {
    keys.retain(|key, _| !OF_THE_TYPE.contains(&key.as_str()));
    // What is empty is written, too.
    let mut known = wire.metadata.as_option().cloned().unwrap_or_default();
    known.fields.extend(as_struct(keys).fields);
    wire.metadata = known.into();
}
