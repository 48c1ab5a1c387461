//! Gives what was read the shape of its type: as the library of its class does, which converts much and asks little.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

mod leaf;
mod unpack;

use std::collections::HashSet;
use std::sync::Arc;

use crate::constraints::Constraints;
use crate::error::{ConvertError, ConvertErrorKind};
use crate::pack::holds;
use crate::python;
use crate::ty::{Dialect, Field, Mutability, SequenceKind, StructType, Type, Unknown};
use crate::value::{Record, Reference, Value};

pub(crate) use leaf::{float_of, truncated, truth};
pub(crate) use unpack::unpack;

/// Where a value comes from; it decides whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Msgpack of a dataclass.
    Msgpack,
    /// JSON of a dataclass: bytes are base64.
    Json,
    /// Somebody who makes a model.
    Given,
    /// The wire of a model: enumerations are their names.
    Restored,
}

impl Source {
    fn is_model(self) -> bool {
        matches!(self, Self::Given | Self::Restored)
    }
}

/// A value in the shape of a type.
pub(crate) fn shape(value: Value, ty: &Type, source: Source) -> Result<Value, ConvertError> {
    Shaper { source, scope: Vec::new() }.shape(value, ty)
}

/// A model, made of the values of its fields as its class would take them.
///
/// # Errors
/// [`ConvertError`] with the field that is missing, or has a value that it does not take.
pub fn validate(fields: Value, ty: &Type) -> Result<Value, ConvertError> {
    shape(fields, ty, Source::Given)
}

/// The value of a wrapped type (a tuple, a named tuple, a dictionary with known keys) with its parts checked.
pub(crate) fn wrap(value: &Value, ty: &StructType) -> Result<Value, ConvertError> {
    let mut shaper = Shaper { source: Source::Given, scope: vec![Arc::new(ty.clone())] };
    let parts: Vec<Value> = match (ty.dialect, value) {
        (Dialect::TypedDict, Value::Map(entries)) => return shaper.dictionary(entries.clone(), ty),
        (Dialect::TypedDict, other) => {
            let message = format!("Expected a dict but got {}", python::class_str(other));
            return Err(ConvertError::mismatch(message));
        }
        (Dialect::NamedTuple, Value::Struct(record)) => record.values.clone(),
        (_, Value::Tuple(items) | Value::List(items)) => items.clone(),
        (Dialect::NamedTuple, Value::Map(_)) => return Err(ConvertError::new(ConvertErrorKind::Key, "0")),
        (_, value @ (Value::Map(_) | Value::Str(_))) => iterated(value.clone())?,
        (_, other) => {
            let message = format!("object of type '{}' has no len()", python::class_name_of(other));
            return Err(ConvertError::new(ConvertErrorKind::Type, message));
        }
    };
    if ty.dialect == Dialect::NamedTuple
        && let Some(missing) = ty.fields.get(parts.len())
    {
        let message = format!("1 validation error for {}\n{}\n  Field required", ty.title(), missing.name);
        return Err(ConvertError::new(ConvertErrorKind::Validation, message));
    }
    if ty.dialect == Dialect::NamedTuple && parts.len() > ty.fields.len() {
        return Err(ConvertError::new(ConvertErrorKind::Index, "tuple index out of range"));
    }
    if parts.len() != ty.fields.len() {
        let message =
            format!("Tuple length {} doesn't match expected length {}", parts.len(), ty.fields.len());
        return Err(ConvertError::mismatch(message));
    }
    let named = ty.fields.iter().zip(parts);
    let values = named.map(|(field, value)| shaper.field(value, field, ty)).collect::<Result<Vec<_>, _>>()?;
    Ok(match ty.dialect {
        Dialect::NamedTuple => record_of(Arc::new(ty.clone()), values),
        _ => Value::Tuple(values),
    })
}

fn record_of(ty: Arc<StructType>, values: Vec<Value>) -> Value {
    Value::Struct(Box::new(Record { ty, values, unknown: Vec::new() }))
}

struct Shaper {
    source: Source,
    /// The structs that are being read, outermost first.
    scope: Vec<Arc<StructType>>,
}

impl Shaper {
    fn shape(&mut self, value: Value, ty: &Type) -> Result<Value, ConvertError> {
        match (ty, value) {
            (Type::Constrained(inner, constraints), value) if self.source.is_model() => {
                self.constrained(value, inner, constraints)
            }
            (Type::Constrained(inner, _), value) => self.shape(value, inner),
            (Type::Any | Type::Dict(None, _), value @ Value::Map(_)) | (Type::Any, value) => Ok(value),
            (Type::Union(variants, _), value) => self.union(value, variants),
            (Type::List(item, _), Value::List(items) | Value::Tuple(items) | Value::Set(items, _)) => {
                self.items(items, |_| item).map(Value::List)
            }
            (Type::Sequence(item, kind), Value::List(items) | Value::Tuple(items)) => {
                let items = self.items(items, |_| item)?;
                Ok(if *kind == SequenceKind::Tuple { Value::Tuple(items) } else { Value::List(items) })
            }
            (Type::Set(item, kind), Value::List(items) | Value::Set(items, _) | Value::Tuple(items)) => {
                Ok(Value::Set(distinct(self.items(items, |_| item)?), *kind))
            }
            (Type::Tuple(types, _), Value::List(mut items) | Value::Tuple(mut items))
                if items.len() == types.len() || (items.len() > types.len() && !self.source.is_model()) =>
            {
                // Dataclasses ask for what they need only.
                items.truncate(types.len());
                self.items(items, |ix| &types[ix]).map(Value::Tuple)
            }
            (Type::List(..) | Type::Sequence(..) | Type::Set(..), value) if !self.source.is_model() => {
                self.shape(Value::List(iterated(value)?), ty)
            }
            (Type::Map(item, _), Value::Map(entries)) => self.entries(entries, &Type::Str, item),
            (Type::Dict(Some(pair), _), Value::Map(entries)) => self.entries(entries, &pair.0, &pair.1),
            (Type::Struct(ty), value) => self.structure(value, ty),
            (Type::Recursive(name), value) => match self.scope.iter().rfind(|ty| *ty.name == **name).cloned()
            {
                Some(ty) => self.structure(value, &ty),
                None => Err(refused(&value, &Type::Recursive(name.clone()))),
            },
            (Type::File | Type::Dir | Type::Dataset(_), value) => reference(value, ty),
            (Type::Map(..) | Type::Dict(..), value) if !self.source.is_model() => {
                let class = python::class_name_of(&value);
                let message = format!("'{class}' object has no attribute 'items'");
                Err(ConvertError::new(ConvertErrorKind::Attribute, message))
            }
            (ty, value) => leaf::leaf(value, ty, self.source),
        }
    }

    fn items<'t>(
        &mut self,
        items: Vec<Value>,
        of: impl Fn(usize) -> &'t Type,
    ) -> Result<Vec<Value>, ConvertError> {
        let each = items.into_iter().enumerate();
        each.map(|(ix, item)| self.shape(item, of(ix)).map_err(|error| error.inside(format_args!("[{ix}]"))))
            .collect()
    }

    fn entries(
        &mut self,
        entries: Vec<(Value, Value)>,
        key: &Type,
        item: &Type,
    ) -> Result<Value, ConvertError> {
        let each = entries.into_iter().map(|(name, value)| {
            let place = python::repr(&name);
            let value = self.shape(value, item).map_err(|error| error.inside(format_args!("[{place}]")))?;
            Ok((self.shape(name, key)?, value))
        });
        each.collect::<Result<Vec<_>, _>>().map(Value::Map)
    }

    /// As a model takes it: by its rules.
    fn constrained(
        &mut self,
        value: Value,
        ty: &Type,
        constraints: &Constraints,
    ) -> Result<Value, ConvertError> {
        let shaped = match (ty, &constraints.discriminator) {
            (Type::Union(variants, _), Some(key)) => self.tagged(value, variants, key)?,
            _ => self.shape(value, ty)?,
        };
        match constraints.broken_by(&shaped) {
            Some(message) => Err(ConvertError::new(ConvertErrorKind::Validation, message)),
            None => Ok(shaped),
        }
    }

    /// One of several structs: which, a field says.
    fn tagged(&mut self, value: Value, variants: &[Type], key: &str) -> Result<Value, ConvertError> {
        let given = match &value {
            Value::Map(entries) => entries
                .iter()
                .find(|(name, _)| matches!(name, Value::Str(name) if name == key))
                .map(|one| &one.1),
            Value::None if variants.contains(&Type::None) => return Ok(value),
            // What is a struct already says itself what it is.
            _ => return self.union(value, variants),
        };
        let Some(given) = given else {
            let message = format!("Unable to extract tag using discriminator '{key}'");
            return Err(ConvertError::new(ConvertErrorKind::Validation, message));
        };
        let found = variants.iter().find(|one| tags_of(one, key).iter().any(|tag| tag.same_as(given)));
        let Some(found) = found else {
            let known: Vec<String> =
                variants.iter().flat_map(|one| tags_of(one, key)).map(|tag| python::repr(&tag)).collect();
            let message = format!(
                "Input tag {} found using '{key}' does not match any of the expected tags: {}",
                python::repr(given),
                known.join(", ")
            );
            return Err(ConvertError::new(ConvertErrorKind::Validation, message));
        };
        self.shape(value, found)
    }

    /// The variant of the value's own class, else the first that takes it.
    fn union(&mut self, value: Value, variants: &[Type]) -> Result<Value, ConvertError> {
        if let (Source::Restored, Value::Str(_)) = (self.source, &value) {
            // With one type to choose from, names of an enumeration are looked up first.
            let given: Vec<&Type> = variants.iter().filter(|one| **one != Type::None).collect();
            if let [only @ Type::Enum(_)] = given.as_slice() {
                return self.shape(value, only);
            }
        }
        if let Some(exact) = variants.iter().find(|variant| holds(variant, &value)) {
            return self.shape(value, exact);
        }
        let mut first = None;
        for variant in variants.iter().filter(|one| **one != Type::None) {
            match self.shape(value.clone(), variant) {
                Ok(shaped) => return Ok(shaped),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| refused(&value, &Type::None)))
    }

    fn structure(&mut self, value: Value, ty: &Arc<StructType>) -> Result<Value, ConvertError> {
        match (ty.dialect, value) {
            (_, Value::Struct(record)) if record.ty.extends(ty) => Ok(Value::Struct(record)),
            (Dialect::TypedDict, Value::Map(entries)) => {
                self.scope.push(ty.clone());
                let shaped = self.dictionary(entries, ty);
                self.scope.pop();
                shaped
            }
            (Dialect::Dataclass | Dialect::Model, Value::Map(entries)) => {
                self.scope.push(ty.clone());
                let shaped = self.record(entries, ty);
                self.scope.pop();
                shaped
            }
            (Dialect::NamedTuple | Dialect::Tuple, Value::Map(entries)) => {
                let Value::Struct(record) = self.record(entries, ty)? else { return Ok(Value::None) };
                Ok(if ty.dialect == Dialect::Tuple {
                    Value::Tuple(record.values)
                } else {
                    Value::Struct(record)
                })
            }
            (Dialect::NamedTuple | Dialect::Tuple, Value::List(items) | Value::Tuple(items)) => {
                let mut items = items.into_iter();
                let values = ty
                    .fields
                    .iter()
                    .map(|field| match items.next() {
                        Some(item) => self.field(item, field, ty),
                        None => self.missing(field, ty),
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(if ty.dialect == Dialect::Tuple {
                    Value::Tuple(values)
                } else {
                    record_of(ty.clone(), values)
                })
            }
            (Dialect::Dataclass, _) => {
                let class = if ty.module.is_empty() { String::new() } else { format!("{}.", ty.module) };
                let message = format!(
                    "Argument for {class}{}.__mashumaro_from_dict__ method should be a dict instance",
                    ty.name
                );
                Err(ConvertError::new(ConvertErrorKind::Value, message))
            }
            (_, value) => Err(refused(&value, &Type::Struct(ty.clone()))),
        }
    }

    fn record(&mut self, entries: Vec<(Value, Value)>, ty: &Arc<StructType>) -> Result<Value, ConvertError> {
        let mut given: Vec<Option<Value>> = vec![None; ty.fields.len()];
        let mut unknown = Vec::new();
        let names: HashSet<String> = if ty.fields.iter().any(|field| field.alias.is_some()) {
            entries.iter().map(|(key, _)| python::show(key)).collect()
        } else {
            HashSet::new()
        };
        for (key, value) in entries {
            let Value::Str(name) = key else { continue };
            let place = ty.fields.iter().position(|field| match &field.alias {
                Some(alias) if self.source.is_model() => {
                    // A field's own name counts where the other one is not given.
                    *alias == name || (field.name == name && !names.contains(alias))
                }
                _ => field.name == name,
            });
            match place {
                Some(ix) => given[ix] = Some(value),
                None if ty.unknown == Unknown::Kept => unknown.push((name, value)),
                None if ty.unknown == Unknown::Refused && self.source.is_model() => {
                    let title = ty.title();
                    let message =
                        format!("1 validation error for {title}\n{name}\n  Extra inputs are not permitted");
                    return Err(ConvertError::new(ConvertErrorKind::Validation, message));
                }
                None => (),
            }
        }
        let each = ty.fields.iter().zip(given);
        let values = each
            .map(|(field, value)| match value {
                Some(value) if field.init => self.field(value, field, ty),
                _ => self.missing(field, ty),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Value::Struct(Box::new(Record { ty: ty.clone(), values, unknown })))
    }

    /// Only known keys are kept, and those that need not be there only when they say something.
    fn dictionary(&mut self, entries: Vec<(Value, Value)>, ty: &StructType) -> Result<Value, ConvertError> {
        let mut given = entries;
        let mut shaped = Vec::new();
        for field in &ty.fields {
            let place =
                given.iter().position(|(key, _)| matches!(key, Value::Str(name) if *name == field.name));
            let value = match place {
                Some(ix) => self.field(given.swap_remove(ix).1, field, ty)?,
                None => self.missing(field, ty)?,
            };
            let required = field.default == crate::ty::Default::Required;
            if required || value != Value::None {
                shaped.push((Value::Str(field.name.clone()), value));
            }
        }
        Ok(Value::Map(shaped))
    }

    fn field(&mut self, value: Value, field: &Field, ty: &StructType) -> Result<Value, ConvertError> {
        let shown = if self.source.is_model() { String::new() } else { python::repr(&value) };
        let shaped = if self.source.is_model() {
            self.constrained(value, &field.ty, &field.constraints)
        } else {
            self.shape(value, &field.ty)
        };
        shaped.map_err(|error| self.invalid(error, &shown, field, ty))
    }

    fn invalid(&self, error: ConvertError, shown: &str, field: &Field, ty: &StructType) -> ConvertError {
        // The client names the outermost field; the path tells the rest.
        let nested = error.kind == ConvertErrorKind::Limit;
        let inside = |error: ConvertError| error.inside(format_args!(".{}", field.name));
        if self.source.is_model() {
            let message =
                format!("1 validation error for {}\n{}\n  {}", ty.title(), field.name, error.message);
            return inside(ConvertError { kind: ConvertErrorKind::Validation, message, ..error });
        }
        if nested {
            return inside(error);
        }
        let message = format!(
            "Field \"{}\" of type {} in {} has invalid value {shown}",
            field.name,
            short_name(&field.ty),
            ty.name
        );
        inside(ConvertError { kind: ConvertErrorKind::InvalidField, message, ..error })
    }

    fn missing(&self, field: &Field, ty: &StructType) -> Result<Value, ConvertError> {
        if let Some(value) = field.default.value() {
            return Ok(value.clone());
        }
        if self.source.is_model() {
            let message = format!("1 validation error for {}\n{}\n  Field required", ty.title(), field.name);
            return Err(ConvertError::new(ConvertErrorKind::Validation, message));
        }
        let message = format!(
            "Field \"{}\" of type {} is missing in {} instance",
            field.name,
            short_name(&field.ty),
            ty.name
        );
        Err(ConvertError::new(ConvertErrorKind::MissingField, message))
    }
}

/// What tells a struct from others in a union: the constants that a field of it may be.
pub(crate) fn tags_of(ty: &Type, key: &str) -> Vec<Value> {
    let Type::Struct(ty) = ty.bare() else { return Vec::new() };
    match ty.fields.iter().find(|field| field.name == key).map(|field| field.ty.bare()) {
        Some(Type::Choice(values)) => values.clone(),
        _ => Vec::new(),
    }
}

/// A type as the library of dataclasses names it: every name in it without its module.
fn short_name(ty: &Type) -> String {
    let shown = python::type_str(ty);
    let class = shown.strip_prefix('<').and_then(|rest| rest.split('\'').nth(1));
    let shown = class.unwrap_or(&shown).replace("ForwardRef('", "").replace("')", "");
    let is_part = |one: char| one.is_alphanumeric() || one == '_' || one == '.';
    let (mut short, mut name, mut is_quoted) = (String::new(), String::new(), false);
    for one in shown.chars().chain(std::iter::once(' ')) {
        if !is_quoted && is_part(one) {
            name.push(one);
            continue;
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        short.push_str(if last.is_empty() { &name } else { last });
        name.clear();
        short.push(one);
        is_quoted ^= one == '\'';
    }
    short.truncate(short.trim_end().len());
    short
}

/// What Python gets when it goes over a value.
fn iterated(value: Value) -> Result<Vec<Value>, ConvertError> {
    Ok(match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items, _) => items,
        Value::Map(entries) => entries.into_iter().map(|(key, _)| key).collect(),
        Value::Str(text) => text.chars().map(|one| Value::Str(one.to_string())).collect(),
        Value::Bytes(bytes, _) => bytes.into_iter().map(|byte| Value::Int(byte.into())).collect(),
        other => {
            let message = format!("'{}' object is not iterable", python::class_name_of(&other));
            return Err(ConvertError::new(ConvertErrorKind::Type, message));
        }
    })
}

fn refused(value: &Value, ty: &Type) -> ConvertError {
    let message = format!("{} is no {}", python::repr(value), short_name(ty));
    ConvertError::new(ConvertErrorKind::Value, message)
}

fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.iter().any(|known| known.same_as(&item)) {
            kept.push(item);
        }
    }
    kept
}

/// Files, folders and tables inside structs are dictionaries.
fn reference(value: Value, ty: &Type) -> Result<Value, ConvertError> {
    let entries = match (ty, value) {
        (Type::File, value @ Value::File(_))
        | (Type::Dir, value @ Value::Dir(_))
        | (Type::Dataset(_), value @ Value::Dataset(_)) => return Ok(value),
        (_, Value::Map(entries)) => entries,
        (_, value) => return Err(refused(&value, ty)),
    };
    let text = |name: &str| {
        let found = entries.iter().find(|(key, _)| matches!(key, Value::Str(known) if known == name));
        match found {
            Some((_, Value::Str(text))) => Some(text.clone()),
            _ => None,
        }
    };
    let found = Reference {
        uri: text("path").or_else(|| text("uri")).unwrap_or_default(),
        format: text("format").unwrap_or_default(),
        hash: text("hash"),
        name: text("name"),
    };
    if found.uri.is_empty() && !matches!(ty, Type::Dataset(_)) {
        return Err(refused(&Value::Map(entries), ty));
    }
    let found = Box::new(found);
    Ok(match ty {
        Type::File => Value::File(found),
        Type::Dir => Value::Dir(found),
        _ => Value::Dataset(found),
    })
}

/// Bytes keep whether they can be changed.
fn bytes_of(bytes: Vec<u8>, kind: Mutability) -> Value {
    Value::Bytes(bytes, kind)
}
