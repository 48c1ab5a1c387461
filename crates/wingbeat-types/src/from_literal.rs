//! Literals as values of a type: lenient where the client's own reader converts, with its words where it does not.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use serde_json::Value as Json;
use wingbeat_idl::validate;
use wingbeat_proto::flyteidl2::core::{
    Binary, Literal, LiteralMap, Primitive, Union, literal, primitive, scalar,
};

use crate::error::{ConvertError, ConvertErrorKind};
use crate::json_value::of_json;
use crate::launch_form::from_struct;
use crate::literal_type::PICKLE_FORMAT;
use crate::moments;
use crate::msgpack::{self, MSGPACK};
use crate::pack::holds;
use crate::python::type_str;
use crate::shape::{Source, shape, truncated, unpack};
use crate::to_literal::needs_python;
use crate::ty::{Dialect, EnumKind, EnumType, StructType, Type};
use crate::value::{Message, Reference, Value};
use crate::wire::scalar_of;
use crate::words::multipart;

/// A literal as a value of a type.
///
/// # Errors
/// [`ConvertError`] with the place that cannot be read.
pub fn from_literal(literal: &Literal, ty: &Type) -> Result<Value, ConvertError> {
    if let Some(literal::Value::OffloadedMetadata(stored)) = &literal.value {
        let message = format!("the value is stored at {}: it has to be loaded first", stored.uri);
        return Err(ConvertError::new(ConvertErrorKind::Value, message));
    }
    let scalar = scalar_of(literal);
    if let (Some(scalar::Value::Binary(binary)), false) = (scalar, ty.is_pickled()) {
        return from_binary(literal, binary, ty);
    }
    match ty {
        Type::Constrained(inner, _) => from_literal(literal, inner),
        Type::None => match scalar {
            Some(scalar::Value::NoneType(_)) => Ok(Value::None),
            _ => Err(refused(format!("Cannot convert literal '{}' to None", shown(literal)))),
        },
        Type::Int | Type::Float | Type::Bool | Type::Str | Type::Datetime | Type::Date | Type::Duration => {
            from_primitive(literal, scalar, ty)
        }
        Type::Enum(ty) => from_enum(scalar, ty),
        Type::List(item, _) => from_list(literal, item),
        Type::Map(..) | Type::Dict(..) => from_dict(literal, ty),
        Type::Union(variants, _) => from_union(literal, variants, ty),
        Type::Struct(inner) => {
            let source = if inner.dialect == Dialect::Dataclass { Source::Json } else { Source::Restored };
            let fields = match scalar {
                Some(scalar::Value::Generic(fields)) => of_json(&from_struct(fields)),
                _ => Value::Map(Vec::new()),
            };
            shape(fields, ty, source)
        }
        Type::File | Type::Dir => from_blob(literal, scalar, ty),
        Type::Message(class) => match scalar {
            Some(scalar::Value::Generic(fields)) => from_message(&from_struct(fields), class),
            _ => Err(refused("Can only convert a generic literal to a Protobuf")),
        },
        Type::Dataset(_) => match scalar {
            Some(scalar::Value::StructuredDataset(data)) => Ok(Value::Dataset(Box::new(Reference {
                uri: data.uri.clone(),
                format: data.metadata.structured_dataset_type.format.clone(),
                hash: hash_of(literal),
                name: None,
            }))),
            // What is not there reads as the default of its kind.
            _ => Ok(Value::Dataset(Box::default())),
        },
        ty => from_pickle(literal, scalar, ty),
    }
}

fn hash_of(literal: &Literal) -> Option<String> {
    (!literal.hash.is_empty()).then(|| literal.hash.clone())
}

fn refused(message: impl Into<String>) -> ConvertError {
    ConvertError::mismatch(message)
}

/// A literal as the client's messages show it.
pub(crate) fn shown(literal: &Literal) -> String {
    use buffa::Message as _;
    wingbeat_idl::text::of_bytes("flyteidl2.core.Literal", &literal.encode_to_vec())
}

fn from_primitive(
    literal: &Literal,
    scalar: Option<&scalar::Value>,
    ty: &Type,
) -> Result<Value, ConvertError> {
    use primitive::Value as P;
    let primitive = match scalar {
        Some(scalar::Value::Primitive(primitive)) => primitive.value.as_ref(),
        _ => None,
    };
    #[allow(clippy::cast_precision_loss, reason = "a float of the client loses the same digits")]
    match (ty, primitive) {
        (Type::Int, Some(P::Integer(number))) => Ok(Value::Int(i128::from(*number))),
        (Type::Int, Some(P::FloatValue(number))) => truncated(*number).map(Value::Int),
        (Type::Float, Some(P::FloatValue(number))) => Ok(Value::Float(*number)),
        (Type::Float, Some(P::Integer(number))) => Ok(Value::Float(*number as f64)),
        (Type::Bool, Some(P::Boolean(flag))) => Ok(Value::Bool(*flag)),
        // What is not there reads as the default of its kind.
        (Type::Bool, _) => Ok(Value::Bool(false)),
        (Type::Str, Some(P::StringValue(text))) => Ok(Value::Str(text.clone())),
        (Type::Datetime, Some(P::Datetime(at))) => moments::moment(at).map(Value::Datetime),
        (Type::Date, Some(P::Datetime(at))) => Ok(Value::Date(moments::civil(at)?.date())),
        (Type::Duration, Some(P::Duration(span))) => moments::micros(span).map(Value::Duration),
        (Type::Int | Type::Float, _) => {
            Err(refused(format!("Cannot convert literal {} to {}", shown(literal), ty.tag())))
        }
        (ty, _) => Err(refused(format!("Cannot convert literal {} to {}", shown(literal), type_str(ty)))),
    }
}

fn from_enum(scalar: Option<&scalar::Value>, ty: &std::sync::Arc<EnumType>) -> Result<Value, ConvertError> {
    let text = match scalar {
        Some(scalar::Value::Primitive(primitive)) => match &**primitive {
            Primitive { value: Some(primitive::Value::StringValue(text)), .. } => text.clone(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    if ty.kind == EnumKind::Literal {
        return Ok(Value::Str(text));
    }
    let place = ty.members.iter().position(|(name, _)| *name == text);
    place.map(|ix| Value::Enum(ty.clone(), ix)).ok_or_else(|| {
        ConvertError::new(ConvertErrorKind::Key, crate::python::repr(&Value::Str(text.clone())))
    })
}

/// What is no list reads as an empty one.
fn from_list(literal: &Literal, item: &Type) -> Result<Value, ConvertError> {
    let Some(literal::Value::Collection(list)) = &literal.value else { return Ok(Value::List(Vec::new())) };
    let mut items = Vec::with_capacity(list.literals.len());
    for (ix, one) in list.literals.iter().enumerate() {
        items.push(from_literal(one, item).map_err(|error| error.inside(format_args!("[{ix}]")))?);
    }
    Ok(Value::List(items))
}

fn from_dict(literal: &Literal, ty: &Type) -> Result<Value, ConvertError> {
    match (&literal.value, ty) {
        (Some(literal::Value::Map(map)), Type::Map(item, _)) => from_map(map, item),
        (Some(literal::Value::Map(_)), Type::Dict(None, _)) => Err(ConvertError::new(
            ConvertErrorKind::Type,
            "TypeMismatch: Cannot convert to python dictionary from Flyte Literal Dictionary as the given dictionary \
             does not have sub-type hints or they do not match with the originating dictionary source. Flyte does not \
             currently support implicit conversions",
        )),
        (Some(literal::Value::Map(_)), _) => Err(ConvertError::new(
            ConvertErrorKind::Type,
            "TypeMismatch. Destination dictionary does not accept 'str' key",
        )),
        _ => match scalar_of(literal) {
            Some(scalar::Value::Generic(_))
                if literal.metadata.get("format").is_some_and(|one| one == "pickle") =>
            {
                Err(needs_python("the value is read"))
            }
            Some(scalar::Value::Generic(fields)) => shape(of_json(&from_struct(fields)), ty, Source::Msgpack),
            _ => Err(refused(format!("Cannot convert from {} to {}", shown(literal), type_str(ty)))),
        },
    }
}

fn from_map(map: &LiteralMap, item: &Type) -> Result<Value, ConvertError> {
    let mut entries = Vec::with_capacity(map.literals.len());
    for (key, one) in &map.literals {
        let value = from_literal(one, item).map_err(|error| error.inside(format_args!("[{key:?}]")))?;
        entries.push((Value::Str(key.clone()), value));
    }
    Ok(Value::Map(entries))
}

/// With a tag, the variants of that name; without, all of them. Two that read it are one too many.
fn from_union(literal: &Literal, variants: &[Type], whole: &Type) -> Result<Value, ConvertError> {
    let tagged: Option<&Union> = match scalar_of(literal) {
        Some(scalar::Value::Union(union)) => Some(union),
        _ => None,
    };
    let tag =
        tagged.and_then(|union| union.r#type.structure.as_option()).map(|structure| structure.tag.as_str());
    let inner = match (tag, tagged) {
        (Some(_), Some(union)) => &union.value,
        _ => literal,
    };
    let mut found: Option<(&Type, Value)> = None;
    let mut needs = None;
    for variant in variants.iter().filter(|one| tag.is_none_or(|tag| one.tag() == tag)) {
        match (from_literal(inner, variant), &found) {
            (Ok(_), Some((first, _))) => {
                let message = format!(
                    "Ambiguous choice of variant for union type. Both {} and {} transformers match",
                    first.tag(),
                    variant.tag()
                );
                return Err(ConvertError::new(ConvertErrorKind::Type, message));
            }
            (Ok(value), None) => found = Some((variant, value)),
            (Err(error), _) if error.kind == ConvertErrorKind::NeedsPython => needs = Some(error),
            (Err(_), _) => (),
        }
    }
    match (found, needs) {
        (Some((_, value)), _) => Ok(value),
        (None, Some(error)) => Err(error),
        (None, None) => {
            let message = format!(
                "Cannot convert from {} to {} (using tag {})",
                shown(literal),
                type_str(whole),
                tag.unwrap_or("None")
            );
            Err(ConvertError::new(ConvertErrorKind::Type, message))
        }
    }
}

fn from_blob(literal: &Literal, scalar: Option<&scalar::Value>, ty: &Type) -> Result<Value, ConvertError> {
    let Some(scalar::Value::Blob(blob)) = scalar else {
        return Err(refused(format!("Expected blob literal, received {}", shown(literal))));
    };
    let kind = &blob.metadata.r#type;
    if multipart(kind) != (*ty == Type::Dir) {
        let wanted = if *ty == Type::Dir { "multipart" } else { "single part blob" };
        return Err(refused(format!("Expected {wanted}, received {}", kind.dimensionality.to_i32())));
    }
    let found = Box::new(Reference {
        uri: blob.uri.clone(),
        format: kind.format.clone(),
        hash: hash_of(literal),
        name: None,
    });
    Ok(if *ty == Type::Dir { Value::Dir(found) } else { Value::File(found) })
}

/// A message out of its JSON form, which is checked by what is known of the message.
fn from_message(json: &Json, class: &Arc<str>) -> Result<Value, ConvertError> {
    let message = |json: Json| Value::Message(Box::new(Message { class: class.clone(), json }));
    let made = message(json.clone());
    let Value::Message(found) = &made else { return Ok(made) };
    let name = found.name();
    // A struct is its JSON form.
    if name == "google.protobuf.Struct" {
        return Ok(made);
    }
    match validate::json_of_json(&name, &json.to_string()) {
        None => Err(needs_python(&format!("the message {name} is read"))),
        Some(Err(reason)) => {
            let text = format!("Message type \"{name}\" cannot be read: {reason}");
            Err(ConvertError::new(ConvertErrorKind::Value, text))
        }
        Some(Ok(text)) => {
            let json = serde_json::from_str(&text).map_err(|error| {
                ConvertError::new(ConvertErrorKind::Value, format!("the JSON form of {name}: {error}"))
            })?;
            Ok(message(json))
        }
    }
}

fn from_pickle(literal: &Literal, scalar: Option<&scalar::Value>, ty: &Type) -> Result<Value, ConvertError> {
    match scalar {
        Some(scalar::Value::Blob(blob)) if !blob.uri.is_empty() => {
            Err(needs_python(&format!("what lies at {} ({PICKLE_FORMAT}) is read", blob.uri)))
        }
        Some(scalar::Value::Binary(binary)) if !binary.value.is_empty() => {
            Ok(Value::Pickle(binary.value.clone()))
        }
        _ => {
            let message = format!("Cannot convert {} to {}", shown(literal), type_str(ty));
            Err(ConvertError::new(ConvertErrorKind::Value, message))
        }
    }
}

fn from_binary(literal: &Literal, binary: &Binary, ty: &Type) -> Result<Value, ConvertError> {
    let ty = ty.bare();
    match ty {
        // These look at the literal themselves.
        Type::Union(variants, _) => return from_union(literal, variants, ty),
        Type::File | Type::Dir => return from_blob(literal, None, ty),
        Type::Dataset(_) => return Err(refused("Attribute access unsupported.")),
        Type::Message(_) => return Err(refused("Can only convert a generic literal to a Protobuf")),
        _ => (),
    }
    if binary.tag != MSGPACK {
        let colon = if matches!(ty, Type::Struct(_)) { ":" } else { "" };
        return Err(refused(format!("Unsupported binary format{colon} `{}`", binary.tag)));
    }
    match ty {
        Type::None | Type::Int | Type::Float | Type::Bool | Type::Str => {
            let value = msgpack::read(&binary.value)?;
            if holds(ty, &value) || matches!((ty, &value), (Type::Int, Value::Bool(_))) {
                return Ok(value);
            }
            Err(ConvertError::new(ConvertErrorKind::Assertion, ""))
        }
        Type::Struct(inner) if inner.dialect != Dialect::Dataclass => from_model(binary, inner, ty),
        ty => match model_inside(ty) {
            // The reader of dataclasses does not know models.
            Some(name) => {
                let message = format!("Field \"\" of type {name} in __root__ is not serializable");
                Err(ConvertError::new(ConvertErrorKind::Unserializable, message))
            }
            None => unpack(&binary.value, ty, Source::Msgpack),
        },
    }
}

/// The model that a list or a dictionary holds.
fn model_inside(ty: &Type) -> Option<&str> {
    match ty.bare() {
        Type::List(item, _) | Type::Map(item, _) => match item.bare() {
            Type::Struct(inner) if inner.dialect == Dialect::Model => Some(&inner.name),
            inner => model_inside(inner),
        },
        _ => None,
    }
}

fn from_model(binary: &Binary, inner: &StructType, ty: &Type) -> Result<Value, ConvertError> {
    let value = msgpack::read(&binary.value)?;
    let Value::Map(_) = value else {
        let message = format!("'{}' object has no attribute 'items'", crate::python::class_name_of(&value));
        return Err(ConvertError::new(ConvertErrorKind::Attribute, message));
    };
    if inner.dialect != Dialect::Model {
        // A named tuple's defaults are not those of the model that wraps it.
        let needed = |field: &&crate::ty::Field| {
            inner.dialect == Dialect::NamedTuple || field.default == crate::ty::Default::Required
        };
        for field in inner.fields.iter().filter(needed) {
            let Value::Map(entries) = &value else { continue };
            if !entries.iter().any(|(key, _)| matches!(key, Value::Str(name) if *name == field.name)) {
                let message =
                    format!("1 validation error for {}\n{}\n  Field required", inner.title(), field.name);
                return Err(ConvertError::new(ConvertErrorKind::Validation, message));
            }
        }
    }
    shape(value, ty, Source::Restored)
}
