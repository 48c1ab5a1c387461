//! Values as msgpack, the way the library that a struct's class belongs to would write them: dataclasses as they are,
//! models by way of JSON.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use rmp::encode;

use crate::error::{ConvertError, ConvertErrorKind};
use crate::msgpack::MAX_DEPTH;
use crate::python;
use crate::schema::duration_text;
use crate::ty::{Dialect, StructType, Type};
use crate::value::{Record, Reference, Value};

/// Whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Those of dataclasses.
    Dataclass,
    /// Those of models, where enumerations are their names.
    Model,
    /// Those of models, where enumerations keep their values: inside tuples, and where there is a choice of types.
    ModelValues,
}

/// What a struct or an untyped dictionary is on the wire.
///
/// # Errors
/// [`ConvertError`] for what msgpack cannot hold.
pub(crate) fn pack(value: &Value, ty: &Type) -> Result<Vec<u8>, ConvertError> {
    let mut packer = Packer { out: Vec::new(), depth: 0 };
    match (ty.bare(), value) {
        (Type::Struct(ty), value) if ty.dialect != Dialect::Dataclass => packer.model(ty, value)?,
        (ty, value) => packer.typed(value, ty, Style::Dataclass)?,
    }
    Ok(packer.out)
}

struct Packer {
    out: Vec<u8>,
    depth: usize,
}

const ROOM: &str = "a vector takes all bytes";

impl Packer {
    fn array(&mut self, len: usize) -> Result<(), ConvertError> {
        encode::write_array_len(&mut self.out, length(len)?).expect(ROOM);
        Ok(())
    }

    fn map(&mut self, len: usize) -> Result<(), ConvertError> {
        encode::write_map_len(&mut self.out, length(len)?).expect(ROOM);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ConvertError> {
        length(text.len())?;
        encode::write_str(&mut self.out, text).expect(ROOM);
        Ok(())
    }

    fn nil(&mut self) {
        encode::write_nil(&mut self.out).expect(ROOM);
    }

    fn float(&mut self, number: f64) {
        encode::write_f64(&mut self.out, number).expect(ROOM);
    }

    fn deeper(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        if self.depth >= MAX_DEPTH {
            return Err(ConvertError::new(ConvertErrorKind::Limit, "recursion limit exceeded."));
        }
        self.depth += 1;
        let done = write(self);
        self.depth -= 1;
        done
    }

    fn int(&mut self, number: i128) -> Result<(), ConvertError> {
        if let Ok(number) = u64::try_from(number) {
            encode::write_uint(&mut self.out, number).expect(ROOM);
        } else if let Ok(number) = i64::try_from(number) {
            encode::write_sint(&mut self.out, number).expect(ROOM);
        } else {
            return Err(ConvertError::new(ConvertErrorKind::Overflow, "Integer value out of range"));
        }
        Ok(())
    }

    /// A value as its declared type says.
    fn typed(&mut self, value: &Value, ty: &Type, style: Style) -> Result<(), ConvertError> {
        match (ty, value) {
            (Type::Constrained(inner, _), value) => return self.typed(value, inner, style),
            (Type::Choice(values), value)
                if style == Style::Dataclass && !values.iter().any(|one| one.same_as(value)) =>
            {
                return Err(ConvertError::new(ConvertErrorKind::Value, python::show(value)));
            }
            (ty, Value::None) if style != Style::Dataclass || !asks(ty) => self.nil(),
            (Type::Any | Type::Dict(None, _), value) if style == Style::Dataclass => return self.raw(value),
            (Type::Union(variants, _), value) => return self.union(value, variants, style),
            (Type::Choice(_), value) if style == Style::Model => {
                return self.leaf(value, Style::ModelValues);
            }
            (
                Type::List(item, _) | Type::Sequence(item, _) | Type::Set(item, _),
                Value::List(items) | Value::Tuple(items) | Value::Set(items, _),
            ) => return self.items(items, |_| item, style),
            (Type::Tuple(types, _), Value::List(items) | Value::Tuple(items)) => {
                let style = if style == Style::Model { Style::ModelValues } else { style };
                return self.items(items, |ix| types.get(ix).unwrap_or(&Type::Any), style);
            }
            (Type::Map(item, _), Value::Map(entries)) => {
                return self.entries(entries, &Type::Str, item, style);
            }
            (Type::Dict(Some(pair), _), Value::Map(entries)) => {
                return self.entries(entries, &pair.0, &pair.1, style);
            }
            (Type::Struct(ty), Value::Struct(record)) => return self.record(record, ty, style),
            (_, Value::Struct(record)) => return self.record(record, &record.ty, style),
            (Type::Struct(ty), value) if ty.dialect == Dialect::Dataclass => {
                let field = ty.fields.first().map_or("__dict__", |field| &field.name);
                return Err(no_attribute(value, field));
            }
            (Type::Pickle(_), _) => {
                let message = format!("value of type {} is not serializable", python::type_str(ty));
                return Err(ConvertError::new(ConvertErrorKind::Unserializable, message));
            }
            (ty, value) => {
                return match misfit(ty, value) {
                    Some(error) if style == Style::Dataclass => Err(error),
                    _ => self.leaf(value, style),
                };
            }
        }
        Ok(())
    }

    fn union(&mut self, value: &Value, variants: &[Type], style: Style) -> Result<(), ConvertError> {
        let given = variants.iter().filter(|one| **one != Type::None).count();
        let style = if given > 1 && style == Style::Model { Style::ModelValues } else { style };
        let found = variants.iter().find(|one| holds(one, value)).unwrap_or(&Type::Any);
        self.typed(value, found, style)
    }

    fn items<'t>(
        &mut self,
        items: &[Value],
        of: impl Fn(usize) -> &'t Type,
        style: Style,
    ) -> Result<(), ConvertError> {
        self.array(items.len())?;
        self.deeper(|packer| {
            items.iter().enumerate().try_for_each(|(ix, item)| {
                packer.typed(item, of(ix), style).map_err(|error| error.inside(format_args!("[{ix}]")))
            })
        })
    }

    fn entries(
        &mut self,
        entries: &[(Value, Value)],
        key: &Type,
        item: &Type,
        style: Style,
    ) -> Result<(), ConvertError> {
        self.map(entries.len())?;
        self.deeper(|packer| {
            entries.iter().try_for_each(|(name, value)| {
                packer.key(name, key, style)?;
                packer
                    .typed(value, item, style)
                    .map_err(|error| error.inside(format_args!("[{}]", python::repr(name))))
            })
        })
    }

    /// Models pass through JSON, whose keys are text.
    fn key(&mut self, key: &Value, ty: &Type, style: Style) -> Result<(), ConvertError> {
        match (style, key) {
            (Style::Dataclass, Value::Tuple(_) | Value::List(_) | Value::Set(..)) => {
                Err(ConvertError::new(ConvertErrorKind::Type, "unhashable type: 'list'"))
            }
            (Style::Dataclass, key) => self.typed(key, ty, style),
            (Style::Model, Value::Enum(..)) => self.leaf(key, style),
            (Style::Model | Style::ModelValues, key) => self.text(&crate::schema::key_text(key)),
        }
    }

    fn record(&mut self, record: &Record, declared: &StructType, style: Style) -> Result<(), ConvertError> {
        match (declared.dialect, style) {
            (Dialect::NamedTuple | Dialect::Tuple, _) => {
                let style = if style == Style::Model { Style::ModelValues } else { style };
                let of = |ix: usize| declared.fields.get(ix).map_or(&Type::Any, |field| &field.ty);
                self.items(&record.values, of, style)
            }
            (Dialect::Model | Dialect::TypedDict, Style::Dataclass) => {
                let message = format!("Field \"\" of type {} in __root__ is not serializable", declared.name);
                Err(ConvertError::new(ConvertErrorKind::Unserializable, message))
            }
            // Names of enumerations are put in for models only.
            (Dialect::Dataclass, Style::Model) => self.fields(record, declared, Style::ModelValues),
            (Dialect::Dataclass | Dialect::Model | Dialect::TypedDict, style) => {
                self.fields(record, declared, style)
            }
        }
    }

    fn fields(&mut self, record: &Record, declared: &StructType, style: Style) -> Result<(), ConvertError> {
        let same = std::ptr::eq(record.ty.as_ref(), declared);
        let written = declared.fields.iter().enumerate().filter(|(_, field)| field.written);
        let unknown = if style == Style::Dataclass { &[][..] } else { &record.unknown };
        self.map(written.clone().count() + unknown.len())?;
        self.deeper(|packer| {
            for (ix, field) in written {
                packer.text(&field.name)?;
                let ix = if same { Some(ix) } else { record.ty.position(&field.name) };
                let value = match ix.and_then(|ix| record.values.get(ix)) {
                    Some(value) => value,
                    None if style == Style::Dataclass => {
                        return Err(no_attribute(&Value::Struct(Box::new(record.clone())), &field.name));
                    }
                    None => &Value::None,
                };
                // What is None by default may be None.
                if *value == Value::None && field.default.value() == Some(value) {
                    packer.nil();
                    continue;
                }
                packer
                    .typed(value, &field.ty, style)
                    .map_err(|error| unserializable(error, &field.ty, &field.name, declared))?;
            }
            unknown.iter().try_for_each(|(name, value)| {
                packer.text(name)?;
                packer.typed(value, &Type::Any, style)
            })
        })
    }

    /// A value at the top, whose type is written as a model.
    fn model(&mut self, ty: &StructType, value: &Value) -> Result<(), ConvertError> {
        let values: Vec<&Value> = match value {
            Value::Struct(record) if record.ty.dialect == Dialect::Model => {
                return self.record(record, &record.ty, Style::Model);
            }
            Value::Struct(record) if record.ty.dialect == ty.dialect => record.values.iter().collect(),
            Value::Tuple(items) | Value::List(items) if ty.dialect != Dialect::Model => {
                items.iter().collect()
            }
            Value::Map(entries) if ty.dialect == Dialect::TypedDict => {
                let find =
                    |name: &str| entries.iter().find(|(key, _)| matches!(key, Value::Str(k) if k == name));
                ty.fields
                    .iter()
                    .map(|field| find(&field.name).map_or(&Value::None, |(_, value)| value))
                    .collect()
            }
            other => return Err(no_attribute(other, "model_dump_json")),
        };
        self.map(ty.fields.len())?;
        self.deeper(|packer| {
            ty.fields.iter().zip(values).try_for_each(|(field, value)| {
                packer.text(&field.name)?;
                match (&field.ty, value) {
                    // Wrapped types inside wrapped types are models, too.
                    (Type::Struct(inner), Value::Map(_)) => packer.model(inner, value),
                    (Type::List(item, _), Value::List(items)) if is_wrapped(item) => {
                        packer.array(items.len())?;
                        items.iter().try_for_each(|one| packer.wrapped(item, one))
                    }
                    (ty, value) => packer.typed(value, ty, Style::Model),
                }
                .map_err(|error| error.inside(format_args!(".{}", field.name)))
            })
        })
    }

    fn wrapped(&mut self, ty: &Type, value: &Value) -> Result<(), ConvertError> {
        match ty {
            Type::Struct(inner) => self.deeper(|packer| packer.model(inner, value)),
            ty => self.typed(value, ty, Style::Model),
        }
    }

    /// Only what msgpack itself knows.
    fn raw(&mut self, value: &Value) -> Result<(), ConvertError> {
        match value {
            Value::List(items) | Value::Tuple(items) => {
                self.array(items.len())?;
                self.deeper(|packer| items.iter().try_for_each(|item| packer.raw(item)))
            }
            Value::Map(entries) => {
                self.map(entries.len())?;
                self.deeper(|packer| {
                    entries.iter().try_for_each(|(key, item)| {
                        packer.raw(key)?;
                        packer.raw(item)
                    })
                })
            }
            Value::Struct(record) if record.ty.dialect == Dialect::NamedTuple => {
                self.array(record.values.len())?;
                self.deeper(|packer| record.values.iter().try_for_each(|item| packer.raw(item)))
            }
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Bytes(..) => self.leaf(value, Style::Dataclass),
            other => {
                let class = python::packed_class_of(other);
                let message = format!("can not serialize '{class}' object");
                Err(ConvertError::new(ConvertErrorKind::Type, message))
            }
        }
    }

    fn leaf(&mut self, value: &Value, style: Style) -> Result<(), ConvertError> {
        let dataclass = style == Style::Dataclass;
        match value {
            Value::None => self.nil(),
            Value::Bool(flag) => encode::write_bool(&mut self.out, *flag).expect(ROOM),
            Value::Int(number) => return self.int(*number),
            // JSON has neither infinity nor what is no number.
            Value::Float(number) if !dataclass && !number.is_finite() => self.nil(),
            Value::Float(number) => self.float(*number),
            Value::Str(text) | Value::Text(_, text) => return self.text(text),
            Value::Bytes(bytes, _) | Value::Pickle(bytes) => return self.bytes(bytes, style),
            Value::Datetime(moment) => {
                let text = python::iso(moment);
                return self.text(&if dataclass { text } else { text.replace("+00:00", "Z") });
            }
            Value::Date(_) | Value::Time(_) => return self.text(&python::show(value)),
            Value::Duration(micros) if dataclass => self.float(crate::schema::seconds(*micros)),
            Value::Duration(micros) => return self.text(&duration_text(*micros)),
            Value::Enum(..) => {
                let Some((name, inner)) = value.member() else { return Ok(()) };
                return if style == Style::Model { self.text(name) } else { self.leaf(inner, style) };
            }
            Value::List(items) | Value::Tuple(items) | Value::Set(items, _) => {
                return self.items(items, |_| &Type::Any, style);
            }
            Value::Map(entries) => return self.entries(entries, &Type::Any, &Type::Any, style),
            Value::Struct(record) => return self.record(record, &record.ty, style),
            Value::File(reference) | Value::Dir(reference) => return self.located(reference),
            Value::Dataset(reference) => {
                self.map(2)?;
                self.text("uri")?;
                self.text(&reference.uri)?;
                self.text("format")?;
                return self.text(&reference.format);
            }
            Value::Opaque(_) | Value::Message(_) => {
                let message = format!("can not serialize '{}' object", python::packed_class_of(value));
                return Err(ConvertError::new(ConvertErrorKind::Type, message));
            }
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8], style: Style) -> Result<(), ConvertError> {
        if style == Style::Dataclass {
            length(bytes.len())?;
            encode::write_bin(&mut self.out, bytes).expect(ROOM);
            return Ok(());
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let message = format!("bytes of a model have to be text: byte {} is none", error.valid_up_to());
            ConvertError::new(ConvertErrorKind::Unicode, message)
        })?;
        self.text(text)
    }

    fn located(&mut self, reference: &Reference) -> Result<(), ConvertError> {
        self.map(4)?;
        for (key, value) in [
            ("path", reference.uri.as_str()),
            ("name", reference.shown_name()),
            ("format", &reference.format),
        ] {
            self.text(key)?;
            self.text(value)?;
        }
        self.text("hash")?;
        if let Some(hash) = &reference.hash {
            return self.text(hash);
        }
        self.nil();
        Ok(())
    }
}

fn no_attribute(value: &Value, name: &str) -> ConvertError {
    let message = format!("'{}' object has no attribute '{name}'", python::class_name_of(value));
    ConvertError::new(ConvertErrorKind::Attribute, message)
}

/// Does the client's own writer ask something of a value of this type, so that None is in its way?
fn asks(ty: &Type) -> bool {
    matches!(ty, Type::Struct(inner) if inner.dialect == Dialect::Dataclass)
        || misfit(ty, &Value::None).is_some()
}

/// What the client's own writer runs into when a field holds something that its type does not: it asks nothing first.
fn misfit(ty: &Type, value: &Value) -> Option<ConvertError> {
    let attribute = |name: &str| Some(no_attribute(value, name));
    let not = |what: &str| {
        let message = format!("'{}' object is not {what}", python::class_name_of(value));
        Some(ConvertError::new(ConvertErrorKind::Type, message))
    };
    let is_scalar = matches!(value, Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_));
    match (ty, value) {
        (Type::Enum(_), Value::Enum(..)) | (Type::Duration, Value::Duration(_)) => None,
        (Type::Enum(_), _) => attribute("value"),
        (Type::Duration, _) => attribute("total_seconds"),
        (Type::Datetime | Type::Date | Type::Time, Value::Datetime(_) | Value::Date(_) | Value::Time(_)) => {
            None
        }
        (Type::Datetime | Type::Date | Type::Time, _) => attribute("isoformat"),
        (Type::List(..) | Type::Set(..) | Type::Sequence(..), _) if is_scalar => not("iterable"),
        (Type::Tuple(..), _) if is_scalar => not("subscriptable"),
        (Type::Map(..) | Type::Dict(Some(_), _), _) if is_scalar => attribute("items"),
        _ => None,
    }
}

fn is_wrapped(ty: &Type) -> bool {
    matches!(ty, Type::Struct(inner) if inner.dialect == Dialect::TypedDict)
}

fn length(len: usize) -> Result<u32, ConvertError> {
    u32::try_from(len).map_err(|_| {
        ConvertError::new(ConvertErrorKind::Limit, "msgpack holds no more than 2^32 - 1 elements")
    })
}

/// The client names the field and its class; what lies deeper is told by the path.
fn unserializable(error: ConvertError, ty: &Type, field: &str, declared: &StructType) -> ConvertError {
    if error.kind != ConvertErrorKind::Unserializable || !error.path.is_empty() {
        return error.inside(format_args!(".{field}"));
    }
    let shown = python::type_str(ty);
    let class = shown.strip_prefix("<class '").and_then(|rest| rest.strip_suffix("'>")).unwrap_or(&shown);
    let class = class.rsplit('.').next().unwrap_or(class);
    let message = format!("Field \"{field}\" of type {class} in {} is not serializable", declared.name);
    ConvertError { message, ..error.inside(format_args!(".{field}")) }
}

/// Could a value be of this type, as far as its class tells?
pub(crate) fn holds(ty: &Type, value: &Value) -> bool {
    match (ty.bare(), value) {
        (Type::Any, _)
        | (Type::None, Value::None)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_))
        | (Type::Float, Value::Float(_))
        | (Type::Str, Value::Str(_))
        | (Type::Datetime, Value::Datetime(_))
        | (Type::Date, Value::Date(_))
        | (Type::Time, Value::Time(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Bytes(_), Value::Bytes(..))
        | (Type::List(..), Value::List(_))
        | (Type::Tuple(..) | Type::Sequence(..), Value::Tuple(_) | Value::List(_))
        | (Type::Set(..), Value::Set(..))
        | (Type::Map(..) | Type::Dict(..), Value::Map(_))
        | (Type::File, Value::File(_))
        | (Type::Dir, Value::Dir(_))
        | (Type::Dataset(_), Value::Dataset(_)) => true,
        (Type::Message(class), Value::Message(message)) => *class == message.class,
        (Type::Struct(ty), Value::Struct(record)) => ty.name == record.ty.name,
        (Type::Recursive(name), Value::Struct(record)) => **name == *record.ty.name,
        (Type::Enum(ty), Value::Enum(of, _)) => ty.name == of.name,
        (Type::Text(kind), Value::Text(of, _)) => kind == of,
        (Type::Choice(values), value) => values.contains(value),
        _ => false,
    }
}
