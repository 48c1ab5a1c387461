//! Values as literals of a type. Two steps, as in the client: is the value of the type (`assert`), and then what it is
//! on the wire. A union leaves the first step out for its variants.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use serde_json::Value as Json;
use wingbeat_proto::flyteidl2::core::blob_type::BlobDimensionality;
use wingbeat_proto::flyteidl2::core::{
    Blob, BlobMetadata, BlobType, Literal, LiteralCollection, LiteralMap, StructuredDataset,
    StructuredDatasetMetadata, literal, primitive, scalar,
};

use crate::assert_type::assert_type;
use crate::error::{ConvertError, ConvertErrorKind};
use crate::launch_form::to_struct;
use crate::literal_type::{dataset_type, enum_values, refusal_of_enum, variant_type};
use crate::moments;
use crate::pack::{holds, pack};
use crate::python::{class_str, show, type_str};
use crate::shape::{Source, shape, wrap};
use crate::ty::{DatasetType, Dialect, EnumKind, EnumType, StructType, Type};
use crate::value::{Message, Reference, Value};
use crate::wire::{
    duration_literal, none_literal, of_scalar, of_value, packed_literal, primitive_literal, tagged,
    text_literal, timestamp_literal,
};

/// A value as a literal.
///
/// # Errors
/// [`ConvertError`] with the place in the value that is not of the type.
pub fn to_literal(value: &Value, ty: &Type) -> Result<Literal, ConvertError> {
    assert_type(value, ty)?;
    write(value, ty)
}

/// A value as a literal, without asking first whether it is of the type.
fn write(value: &Value, ty: &Type) -> Result<Literal, ConvertError> {
    use primitive::Value as P;
    match (ty, value) {
        (Type::None, Value::None) => Ok(none_literal()),
        (Type::Bool, Value::Bool(flag)) => Ok(primitive_literal(P::Boolean(*flag))),
        (Type::Int, Value::Int(number)) => match i64::try_from(*number) {
            Ok(number) => Ok(primitive_literal(P::Integer(number))),
            Err(_) => {
                Err(ConvertError::new(ConvertErrorKind::Value, format!("Value out of range: {number}")))
            }
        },
        (Type::Int, Value::Bool(_)) => {
            let message = "Field flyteidl2.core.Primitive.integer: Expected an int, got a boolean.";
            Err(ConvertError::new(ConvertErrorKind::Type, message))
        }
        (Type::Float, Value::Float(number)) => Ok(primitive_literal(P::FloatValue(*number))),
        #[allow(clippy::cast_precision_loss, reason = "a float of the client loses the same digits")]
        (Type::Float, Value::Int(number)) => Ok(primitive_literal(P::FloatValue(*number as f64))),
        (Type::Str, Value::Str(text)) => Ok(text_literal(text)),
        // Members of such enumerations are text and numbers, too.
        (Type::Str | Type::Int, Value::Enum(of, _)) if matches!(of.kind, EnumKind::Str | EnumKind::Int) => {
            write(value.member().map_or(&Value::None, |(_, inner)| inner), ty)
        }
        (Type::Datetime, Value::Datetime(moment)) => moments::timestamp(moment).map(timestamp_literal),
        (Type::Date, Value::Datetime(moment)) => {
            moments::midnight(moment.civil.date()).map(timestamp_literal)
        }
        (Type::Date, Value::Date(day)) => moments::midnight(*day).map(timestamp_literal),
        (Type::Duration, Value::Duration(micros)) => Ok(duration_literal(moments::duration(*micros))),
        (Type::Enum(ty), value) => of_enum(value, ty),
        (Type::List(item, _), value) => of_list(value, item),
        (Type::Map(item, _), value) => of_map(value, item),
        (Type::Dict(..), value) => of_dict(value, ty),
        (Type::Union(variants, _), value) => of_union(value, variants, ty),
        (Type::Struct(inner), value) => of_struct(value, inner, ty),
        (Type::File, Value::File(file)) => Ok(of_blob(file, BlobDimensionality::SINGLE)),
        (Type::Dir, Value::Dir(dir)) => Ok(of_blob(dir, BlobDimensionality::MULTIPART)),
        (Type::Dataset(ty), value) => of_dataset(value, ty),
        (Type::Message(_), Value::Message(message)) => of_message(message),
        (Type::Constrained(inner, _), value) => write(value, inner),
        (ty, value) if ty.is_pickled() => of_pickle(value),
        (ty, value) => Err(not_of_type(value, ty)),
    }
}

/// What the client says of a value of another class.
pub(crate) fn not_of_type(value: &Value, ty: &Type) -> ConvertError {
    let message = format!(
        "Expected value of type {} but got '{}' of type {}",
        type_str(ty),
        show(value),
        class_str(value)
    );
    ConvertError::mismatch(message)
}

fn of_enum(value: &Value, ty: &EnumType) -> Result<Literal, ConvertError> {
    let known = enum_values(ty);
    let listed = |name: &str| {
        let shown = crate::python::repr(&Value::List(known.iter().cloned().map(Value::Str).collect()));
        ConvertError::mismatch(format!("Value {name} is not valid value, expected - {shown}"))
    };
    match value {
        Value::Str(text) if known.contains(text) => Ok(text_literal(text)),
        Value::Str(text) => Err(listed(text)),
        Value::Enum(of, ix) => {
            let (name, inner) = &of.members[*ix];
            if of.kind == EnumKind::Str && !known.contains(name) {
                return Err(listed(name));
            }
            match refusal_of_enum(of, Some(inner)) {
                Some(refusal) => Err(refusal),
                None => Ok(text_literal(name)),
            }
        }
        _ => Err(ConvertError::mismatch("Expected an enum")),
    }
}

fn of_list(value: &Value, item: &Type) -> Result<Literal, ConvertError> {
    let Value::List(items) = value else { return Err(ConvertError::mismatch("Expected a list")) };
    let mut literals = Vec::with_capacity(items.len());
    for (ix, one) in items.iter().enumerate() {
        literals.push(to_literal(one, item).map_err(|error| error.inside(format_args!("[{ix}]")))?);
    }
    Ok(of_value(literal::Value::Collection(Box::new(LiteralCollection { literals, ..Default::default() }))))
}

fn of_map(value: &Value, item: &Type) -> Result<Literal, ConvertError> {
    let Value::Map(entries) = value else { return Err(ConvertError::mismatch("Expected a dict")) };
    let mut map = LiteralMap::default();
    for (key, one) in entries {
        let Value::Str(name) = key else {
            let message = "Flyte MapType expects all keys to be strings";
            return Err(ConvertError::new(ConvertErrorKind::Value, message));
        };
        let literal = to_literal(one, item).map_err(|error| error.inside(format_args!("[{name:?}]")))?;
        map.literals.insert(name.clone(), literal);
    }
    Ok(of_value(literal::Value::Map(Box::new(map))))
}

fn of_dict(value: &Value, ty: &Type) -> Result<Literal, ConvertError> {
    if !matches!(value, Value::Map(_)) {
        return Err(ConvertError::mismatch("Expected a dict"));
    }
    match pack(value, ty) {
        Ok(bytes) => Ok(packed_literal(bytes)),
        Err(error) if matches!(error.kind, ConvertErrorKind::Type | ConvertErrorKind::Unserializable) => {
            let message = format!(
                "Cannot convert `{}` to Flyte Literal.\nError Message: {}",
                show(value),
                error.message
            );
            Err(ConvertError { path: error.path, ..ConvertError::mismatch(message) })
        }
        Err(error) => Err(error),
    }
}

/// The variant that is of the value's own class; else the only one that takes it.
fn of_union(value: &Value, variants: &[Type], whole: &Type) -> Result<Literal, ConvertError> {
    if let Some(exact) = variants.iter().find(|variant| is_exactly(variant, value)) {
        return Ok(tagged(write(value, exact)?, variant_type(exact)?));
    }
    let mut found: Vec<(&Type, Literal)> = Vec::new();
    let mut failures = Vec::new();
    for variant in variants {
        match write(value, variant) {
            Ok(literal) => found.push((variant, literal)),
            Err(failure) => failures.push(failure),
        }
    }
    if found.len() > 1 {
        let types: Vec<String> = found.iter().map(|(variant, _)| type_str(variant)).collect();
        let message = format!(
            "Ambiguous choice of variant for union type.\nPotential types: [{}]\nThese types are structurally the \
             same, because it's attributes have the same names and associated types.",
            types.join(", ")
        );
        return Err(ConvertError::new(ConvertErrorKind::Type, message));
    }
    if let Some((variant, literal)) = found.pop() {
        return Ok(tagged(literal, variant_type(variant)?));
    }
    if let Some(pickled) = failures.into_iter().find(|one| one.kind == ConvertErrorKind::NeedsPython) {
        return Err(pickled);
    }
    Err(ConvertError::mismatch(format!("Cannot convert from {} to {}", show(value), type_str(whole))))
}

/// Is the class of the value the very type? A list is no `list[int]`.
fn is_exactly(variant: &Type, value: &Value) -> bool {
    match variant {
        Type::Dict(None, spelling) => {
            *spelling == crate::ty::Spelling::Builtin && matches!(value, Value::Map(_))
        }
        Type::List(..)
        | Type::Map(..)
        | Type::Dict(..)
        | Type::Constrained(..)
        | Type::Any
        | Type::Choice(_) => false,
        Type::Struct(ty) => ty.dialect != Dialect::Tuple && holds(variant, value),
        other => holds(other, value),
    }
}

fn of_struct(value: &Value, ty: &StructType, whole: &Type) -> Result<Literal, ConvertError> {
    if let (Dialect::Dataclass | Dialect::Model, Value::Map(_)) = (ty.dialect, value) {
        let is_dataclass = ty.dialect == Dialect::Dataclass;
        let source = if is_dataclass { Source::Json } else { Source::Given };
        let asked = if is_dataclass { assert_json(value) } else { Ok(()) };
        let made = asked.and_then(|()| shape(value.clone(), whole, source)).map_err(|error| {
            let message = format!("Failed to coerce dict into {}: {}", type_str(whole), error.message);
            ConvertError { path: error.path, ..ConvertError::mismatch(message) }
        })?;
        return Ok(packed_literal(pack(&made, whole)?));
    }
    if ty.dialect == Dialect::Dataclass && !matches!(value.dialect(), Some(Dialect::Dataclass)) {
        let message = format!(
            "{} is not of type @dataclass, only Dataclasses are supported for user defined datatypes in Flyte",
            class_str(value)
        );
        return Err(ConvertError::mismatch(message));
    }
    let made = match ty.dialect {
        Dialect::Dataclass | Dialect::Model => return Ok(packed_literal(pack(value, whole)?)),
        Dialect::Tuple | Dialect::NamedTuple | Dialect::TypedDict => wrap(value, ty)?,
    };
    Ok(packed_literal(pack(&made, whole)?))
}

/// A dictionary becomes a dataclass by way of JSON, which holds plain values only.
fn assert_json(value: &Value) -> Result<(), ConvertError> {
    let refused = |message: String| Err(ConvertError::new(ConvertErrorKind::Type, message));
    match value {
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => Ok(()),
        Value::Enum(of, _) if matches!(of.kind, EnumKind::Str | EnumKind::Int) => Ok(()),
        Value::List(items) | Value::Tuple(items) => items.iter().try_for_each(assert_json),
        Value::Struct(record) if record.ty.dialect == Dialect::NamedTuple => {
            record.values.iter().try_for_each(assert_json)
        }
        Value::Map(entries) => entries.iter().try_for_each(|(key, one)| match key {
            Value::Tuple(_) | Value::Bytes(..) => refused(format!(
                "keys must be str, int, float, bool or None, not {}",
                crate::python::class_name_of(key)
            )),
            _ => assert_json(one),
        }),
        other => refused(format!(
            "Object of type {} is not JSON serializable",
            crate::python::class_name_of(other)
        )),
    }
}

fn of_blob(reference: &Reference, dimensionality: BlobDimensionality) -> Literal {
    let wire = BlobType {
        format: reference.format.clone(),
        dimensionality: dimensionality.into(),
        ..Default::default()
    };
    let metadata = BlobMetadata { r#type: wire.into(), ..Default::default() };
    let blob = Blob { uri: reference.uri.clone(), metadata: metadata.into(), ..Default::default() };
    with_hash(of_scalar(scalar::Value::Blob(Box::new(blob))), reference)
}

/// A hash that the writer vouches for goes along.
fn with_hash(mut literal: Literal, reference: &Reference) -> Literal {
    literal.hash = reference.hash.clone().unwrap_or_default();
    literal
}

fn of_dataset(value: &Value, ty: &DatasetType) -> Result<Literal, ConvertError> {
    let Value::Dataset(data) = value else {
        if ty.class.is_some() {
            return Err(needs_python(&format!("a table of {} is written", class_str(value))));
        }
        let message = format!(
            "Expected a DataFrame instance, but got {} instead. Did you forget to wrap your dataframe in a \
             DataFrame instance?",
            class_str(value)
        );
        return Err(ConvertError::mismatch(message));
    };
    if data.uri.is_empty() {
        // Nobody said where it is.
        let shown = show(value).replacen("uri=''", "uri=None", 1);
        let message = format!("If dataframe is not specified, then the uri should be specified. {shown}");
        return Err(ConvertError::new(ConvertErrorKind::Value, message));
    }
    let mut wire = dataset_type(ty)?;
    if wire.format.is_empty() {
        wire.format.clone_from(&data.format);
    }
    let metadata = StructuredDatasetMetadata { structured_dataset_type: wire.into(), ..Default::default() };
    let dataset =
        StructuredDataset { uri: data.uri.clone(), metadata: metadata.into(), ..Default::default() };
    Ok(with_hash(of_scalar(scalar::Value::StructuredDataset(Box::new(dataset))), data))
}

/// A list of values becomes a list, every other message the struct of its JSON form.
fn of_message(message: &Message) -> Result<Literal, ConvertError> {
    match &message.json {
        Json::Array(items) => {
            let literals = items.iter().map(of_item).collect::<Result<Vec<_>, _>>()?;
            let list = LiteralCollection { literals, ..Default::default() };
            Ok(of_value(literal::Value::Collection(Box::new(list))))
        }
        json @ Json::Object(_) => Ok(of_scalar(scalar::Value::Generic(Box::new(to_struct(json))))),
        // Moments and spans are text in JSON.
        _ => Err(ConvertError::mismatch("Failed to convert to generic protobuf struct")),
    }
}

/// An element of a list of values, each by its own kind.
fn of_item(item: &Json) -> Result<Literal, ConvertError> {
    use primitive::Value as P;
    Ok(match item {
        Json::Null => none_literal(),
        Json::Bool(flag) => primitive_literal(P::Boolean(*flag)),
        Json::Number(number) => primitive_literal(P::FloatValue(number.as_f64().unwrap_or(f64::NAN))),
        Json::String(text) => text_literal(text),
        Json::Array(_) | Json::Object(_) => {
            return of_message(&Message { class: "".into(), json: item.clone() });
        }
    })
}

fn of_pickle(value: &Value) -> Result<Literal, ConvertError> {
    match value {
        Value::None => Err(ConvertError::new(ConvertErrorKind::Assertion, "Cannot pickle None Value.")),
        Value::Pickle(bytes) => {
            let binary =
                wingbeat_proto::flyteidl2::core::Binary { value: bytes.clone(), ..Default::default() };
            Ok(of_scalar(scalar::Value::Binary(Box::new(binary))))
        }
        other => Err(needs_python(&format!("{} is pickled", class_str(other)))),
    }
}

pub(crate) fn needs_python(what: &str) -> ConvertError {
    ConvertError::new(ConvertErrorKind::NeedsPython, format!("{what} by a Python process only"))
}

#[cfg(test)]
mod tests;
