//! Literal types as JSON schemas, and schemas that came back as literal types.

use serde_json::{Map, Value, json};
use wingbeat_proto::flyteidl2::core::blob_type::BlobDimensionality;
use wingbeat_proto::flyteidl2::core::{
    BlobType, EnumType, LiteralType, SimpleType, TypeStructure, UnionType, literal_type,
};

use super::FormError;
use super::values::from_struct;
use crate::words::multipart;

/// What becomes of a type that allows None.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optionals {
    /// Forms show that None is a choice.
    Kept,
    /// Tools leave the value out.
    Collapsed,
}

/// The schema of a type.
pub(crate) fn of_type(wire: &LiteralType, optionals: Optionals) -> Map<String, Value> {
    use literal_type::Type;
    let mut schema = match &wire.r#type {
        Some(Type::Simple(simple)) if *simple == SimpleType::STRUCT => return of_struct(wire),
        Some(Type::Simple(simple)) => of_simple(simple.as_known()),
        Some(Type::CollectionType(item)) => json!({"type": "array", "items": of_type(item, optionals)}),
        Some(Type::MapValueType(item)) => {
            json!({"type": "object", "additionalProperties": of_type(item, optionals)})
        }
        // The old type of tables, and no type at all.
        Some(Type::Schema(_)) | None if optionals == Optionals::Collapsed => json!({"type": "string"}),
        Some(Type::EnumType(values)) => json!({"type": "string", "enum": values.values}),
        Some(Type::Blob(blob)) => of_blob(blob),
        Some(Type::StructuredDatasetType(_) | Type::Schema(_)) => json!({
            "type": "object",
            "format": "structured-dataset",
            "properties": {"uri": {"type": "string"}, "format": {"type": "string"}},
        }),
        Some(Type::UnionType(union)) => {
            let given: Vec<&LiteralType> = union.variants.iter().filter(|one| !is_none(one)).collect();
            match given.as_slice() {
                [only] if optionals == Optionals::Collapsed => Value::Object(of_type(only, optionals)),
                _ => {
                    let variants: Vec<Value> =
                        union.variants.iter().map(|one| of_variant(one, optionals)).collect();
                    json!({"oneOf": variants, "format": "union"})
                }
            }
        }
        None => json!({"type": "null"}),
    };
    let schema = schema.as_object_mut().map(std::mem::take).unwrap_or_default();
    with_constraints(schema, wire)
}

/// Other types than structs carry only what `Annotated[X, Field(...)]` says of them.
fn with_constraints(mut schema: Map<String, Value>, wire: &LiteralType) -> Map<String, Value> {
    if let Some(metadata) = wire.metadata.as_option()
        && let Value::Object(extra) = whole_numbers(from_struct(metadata))
    {
        schema.extend(extra);
    }
    schema
}

fn of_variant(variant: &LiteralType, optionals: Optionals) -> Value {
    let mut schema = of_type(variant, optionals);
    let tag = &variant.structure.tag;
    let title = if tag.is_empty() && optionals == Optionals::Kept {
        crate::words::name_of(variant)
    } else {
        tag.clone()
    };
    schema.insert("title".into(), json!(title));
    schema.insert("structure".into(), json!(tag));
    Value::Object(schema)
}

fn of_simple(simple: Option<SimpleType>) -> Value {
    match simple {
        Some(SimpleType::NONE) => json!({"type": "null"}),
        Some(SimpleType::INTEGER) => json!({"type": "integer"}),
        Some(SimpleType::FLOAT) => json!({"type": "number", "format": "float"}),
        Some(SimpleType::BOOLEAN) => json!({"type": "boolean"}),
        Some(SimpleType::DATETIME) => json!({"type": "string", "format": "datetime"}),
        Some(SimpleType::DURATION) => json!({"type": "string", "format": "duration"}),
        Some(SimpleType::BINARY) => json!({"type": "string", "format": "binary"}),
        Some(SimpleType::ERROR) => json!({"type": "object", "format": "error"}),
        Some(SimpleType::STRING | SimpleType::STRUCT) | None => json!({"type": "string"}),
    }
}

/// The schema of a dataclass or model lies in the type's metadata; `title` would be a label, so it is renamed.
fn of_struct(wire: &LiteralType) -> Map<String, Value> {
    let mut schema = match wire.metadata.as_option().map(from_struct) {
        Some(Value::Object(schema)) => schema,
        _ => Map::new(),
    };
    schema.entry("type").or_insert_with(|| json!("object"));
    if schema.len() == 1 {
        return schema;
    }
    schema.remove("additionalProperties");
    if let Some(title) = schema.remove("title") {
        schema.insert("dataclass".into(), title);
    }
    if !schema.contains_key("required")
        && let Some(properties) = schema.get("properties").and_then(Value::as_object)
        && !properties.is_empty()
    {
        let names = properties.iter().filter(|(_, field)| field.get("default").is_none());
        let required: Vec<&String> = names.map(|(name, _)| name).collect();
        let required = json!(required);
        schema.insert("required".into(), required);
    }
    schema
}

fn of_blob(blob: &BlobType) -> Value {
    let dimensionality = if multipart(blob) { "MULTIPART" } else { "SINGLE" };
    json!({
        "type": "object",
        "format": "blob",
        "properties": {
            "uri": {"type": "string", "default": ""},
            "format": {"type": "string", "default": blob.format},
            "dimensionality": {"type": "string", "enum": ["SINGLE", "MULTIPART"], "default": dimensionality},
        },
    })
}

/// A struct on the wire stores every number as a double.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            super::values::whole(&number).map_or(Value::Number(number), |whole| json!(whole))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(whole_numbers).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (key, whole_numbers(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Puts a value into the form: of a file into its fields, of everything else beside the type.
pub(super) fn set_default(schema: &mut Map<String, Value>, value: Value) {
    if schema.get("format") != Some(&json!("blob")) {
        schema.insert("default".into(), value);
        return;
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, part) in value.as_object().into_iter().flatten() {
        if let Some(field) = properties.get_mut(name).and_then(Value::as_object_mut) {
            field.insert("default".into(), part.clone());
        }
    }
}

/// The value that a form holds for a field; of files and structs it may be spread over their parts.
pub(super) fn default_of(schema: &Value) -> Option<Value> {
    if let Some(default) = schema.get("default") {
        return Some(default.clone());
    }
    let format = schema.get("format").and_then(Value::as_str);
    let is_struct = format.is_none() && !is_map(schema);
    if schema.get("type") != Some(&json!("object")) || !(format == Some("blob") || is_struct) {
        return None;
    }
    let properties = schema.get("properties")?.as_object()?;
    let parts: Map<String, Value> =
        properties.iter().filter_map(|(name, field)| Some((name.clone(), default_of(field)?))).collect();
    // A file that nobody named is not there.
    let named = format != Some("blob") || parts.get("uri").is_some_and(|uri| uri != "");
    (named && !parts.is_empty()).then_some(Value::Object(parts))
}

fn is_map(schema: &Value) -> bool {
    schema.get("additionalProperties").is_some_and(|value| value.is_object() || value == &json!(true))
}

/// The variant that None has, if a type is optional.
pub(super) fn none_variant(wire: &LiteralType) -> Option<&LiteralType> {
    let Some(literal_type::Type::UnionType(union)) = &wire.r#type else { return None };
    union.variants.iter().find(|variant| is_none(variant))
}

fn is_none(wire: &LiteralType) -> bool {
    matches!(&wire.r#type, Some(literal_type::Type::Simple(simple)) if *simple == SimpleType::NONE)
}

/// The type that a schema stands for.
///
/// # Errors
/// [`FormError::BadForm`] with the path of a schema that stands for none.
pub(super) fn to_type(path: &str, schema: &Value) -> Result<LiteralType, FormError> {
    use literal_type::Type;
    let bad = |what: String| FormError::BadForm { path: path.to_owned(), what };
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let of = |wire: Type| LiteralType { r#type: Some(wire), ..Default::default() };
    let simple = |simple: SimpleType| of(Type::Simple(simple.into()));
    let inner = |key: &str, suffix: &str| to_type(&format!("{path}{suffix}"), &schema[key]).map(Box::new);
    let mut wire = if let Some(variants) = schema.get("oneOf") {
        let variants = variants.as_array().ok_or_else(|| bad("`oneOf` is not a list".into()))?;
        let variants = variants.iter().map(|one| to_type(path, one)).collect::<Result<Vec<_>, _>>()?;
        of(Type::UnionType(Box::new(UnionType { variants, ..Default::default() })))
    } else {
        match (text("type"), text("format")) {
            (Some("string"), _) if schema.get("enum").is_some_and(Value::is_array) => {
                of(Type::EnumType(Box::new(enum_of(schema))))
            }
            (Some("string" | "integer"), Some("datetime")) => simple(SimpleType::DATETIME),
            (Some("string" | "integer"), Some("duration")) => simple(SimpleType::DURATION),
            (Some("string"), Some("binary")) => simple(SimpleType::BINARY),
            (Some("string"), _) => simple(SimpleType::STRING),
            (Some("integer"), _) => simple(SimpleType::INTEGER),
            (Some("number"), _) => simple(SimpleType::FLOAT),
            (Some("boolean"), _) => simple(SimpleType::BOOLEAN),
            (Some("null"), _) => simple(SimpleType::NONE),
            (Some("array"), _) if schema.get("items").is_some() => {
                of(Type::CollectionType(inner("items", "[]")?))
            }
            (Some("object"), Some("blob")) => of(Type::Blob(Box::new(blob_of(schema)))),
            (Some("object"), Some("structured-dataset")) => of(Type::StructuredDatasetType(Box::default())),
            (Some("object"), Some("error")) => simple(SimpleType::ERROR),
            (Some("object"), _) if schema.get("additionalProperties").is_some_and(Value::is_object) => {
                of(Type::MapValueType(inner("additionalProperties", "{}")?))
            }
            (Some("object"), _) => simple(SimpleType::STRUCT),
            (Some(other), _) => return Err(bad(format!("no type is called `{other}`"))),
            (None, _) => return Err(bad("it has neither `type` nor `oneOf`".into())),
        }
    };
    if let Some(tag) = text("structure").filter(|tag| !tag.is_empty()) {
        wire.structure = TypeStructure { tag: tag.to_owned(), ..Default::default() }.into();
    }
    Ok(wire)
}

fn enum_of(schema: &Value) -> EnumType {
    let values = schema["enum"].as_array().into_iter().flatten();
    let values =
        values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    EnumType { values, ..Default::default() }
}

fn blob_of(schema: &Value) -> BlobType {
    let default = |name: &str| &schema["properties"][name]["default"];
    let folder = default("dimensionality") == "MULTIPART" || default("dimensionality").as_f64() == Some(1.0);
    let dimensionality = if folder { BlobDimensionality::MULTIPART } else { BlobDimensionality::SINGLE };
    BlobType {
        format: default("format").as_str().unwrap_or_default().to_owned(),
        dimensionality: dimensionality.into(),
        ..Default::default()
    }
}
