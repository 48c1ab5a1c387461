//! Values as pure data: what a literal says, with everything that the types tell apart kept apart.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use std::sync::Arc;

use jiff::civil;
use jiff::tz::Offset;

use crate::ty::{Dialect, EnumKind, EnumType, Mutability, StructType, TextKind};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    None,
    /// True or False.
    Bool(bool),
    /// A whole number, which may be larger than the wire can carry.
    Int(i128),
    /// A double.
    Float(f64),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>, Mutability),
    /// A moment.
    Datetime(Datetime),
    /// A day.
    Date(civil::Date),
    /// A time of day.
    Time(civil::Time),
    /// A span in microseconds.
    Duration(i64),
    /// Text with rules of its own.
    Text(TextKind, String),
    /// A member of an enumeration, by its place.
    Enum(Arc<EnumType>, usize),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// Distinct values.
    Set(Vec<Value>, Mutability),
    /// Keys and values in the order of insertion.
    Map(Vec<(Value, Value)>),
    /// A struct.
    Struct(Box<Record>),
    /// One object in the store.
    File(Box<Reference>),
    /// All objects under a prefix.
    Dir(Box<Reference>),
    /// A table in the store.
    Dataset(Box<Reference>),
    /// A message of protobuf: its class in Python, and its JSON form.
    Message(Box<Message>),
    /// Bytes that only the process which wrote them can read.
    Pickle(Vec<u8>),
    /// Something that is no data: how it names its class, and how it shows itself.
    Opaque(Box<Opaque>),
}

/// A struct's values.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is.
    pub ty: Arc<StructType>,
    /// One value per field, in the order of the type.
    pub values: Vec<Value>,
    /// Fields that no one declared.
    pub unknown: Vec<(String, Value)>,
}

/// A file, a folder or a table in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// Where it is.
    pub uri: String,
    /// How it is encoded; empty when nobody said.
    pub format: String,
    /// A hash of its content that its writer vouches for.
    pub hash: Option<String>,
    /// How its user calls it; the last part of its place where nobody said.
    pub name: Option<String>,
}

/// A message of protobuf.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its class in Python: `google.protobuf.struct_pb2.Struct`.
    pub class: Arc<str>,
    /// Its JSON form, as protobuf defines it.
    pub json: serde_json::Value,
}

impl Message {
    /// Its name: the class without the module that was made for it.
    pub fn name(&self) -> String {
        let mut parts: Vec<&str> = self.class.split('.').collect();
        parts.retain(|part| !part.ends_with("_pb2"));
        parts.join(".")
    }
}

/// Something that is no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opaque {
    /// Its class, with the module.
    pub class: String,
    /// How it shows itself.
    pub shown: String,
}

/// A moment, with the offset of the clock it was read from if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datetime {
    /// What the clock showed.
    pub civil: civil::DateTime,
    /// How far that clock is ahead of UTC.
    pub offset: Option<Offset>,
}

impl Datetime {
    /// What a clock in UTC shows at this moment.
    pub fn utc(&self) -> Option<civil::DateTime> {
        // Not by way of a timestamp: those of the library end a day before the calendar does.
        let ahead = self.offset.map_or(0, Offset::seconds);
        self.civil.checked_sub(jiff::SignedDuration::from_secs(ahead.into())).ok()
    }
}

impl Reference {
    /// Something at `uri`, of which nothing else is known.
    pub fn at(uri: &str) -> Self {
        Self { uri: uri.to_owned(), ..Self::default() }
    }

    /// Its name: the last part of its place where nobody gave it one.
    pub fn shown_name(&self) -> &str {
        // A place that is only `.` has no name of its own.
        let last = self.uri.trim_end_matches('/').rsplit('/').find(|part| *part != ".").unwrap_or_default();
        self.name.as_deref().unwrap_or(last)
    }
}

impl Value {
    /// Equal in the sense of Python: 1, 1.0 and True are.
    pub fn same_as(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            #[allow(clippy::float_cmp, reason = "equality is what is asked for")]
            (Some(a), Some(b)) => match (self, other) {
                (Self::Int(a), Self::Int(b)) => a == b,
                _ => a == b,
            },
            (None, None) => self.same_shape(other),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn same_shape(&self, other: &Self) -> bool {
        let all = |a: &[Self], b: &[Self]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_as(b));
        match (self, other) {
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => all(a, b),
            (Self::Set(a, _), Self::Set(b, _)) => {
                a.len() == b.len() && a.iter().all(|one| b.iter().any(|known| known.same_as(one)))
            }
            (Self::Map(a), Self::Map(b)) => {
                let find = |key: &Self| b.iter().find(|(known, _)| known.same_as(key));
                a.len() == b.len()
                    && a.iter().all(|(key, value)| find(key).is_some_and(|(_, found)| found.same_as(value)))
            }
            (Self::Struct(a), Self::Struct(b)) => a.ty.name == b.ty.name && all(&a.values, &b.values),
            // A named tuple is a tuple.
            (Self::Tuple(items), Self::Struct(record)) | (Self::Struct(record), Self::Tuple(items)) => {
                record.ty.dialect == Dialect::NamedTuple && all(items, &record.values)
            }
            (Self::Datetime(a), Self::Datetime(b)) => {
                a.offset.is_some() == b.offset.is_some() && a.utc() == b.utc()
            }
            // Members of some enumerations are text.
            (Self::Enum(ty, _), Self::Str(_)) if ty.kind == EnumKind::Str => {
                self.member().is_some_and(|(_, inner)| inner.same_as(other))
            }
            (Self::Str(_), Self::Enum(..)) => other.same_shape(self),
            (Self::Bytes(a, _), Self::Bytes(b, _)) => a == b,
            (a, b) => a == b,
        }
    }

    fn number(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "equality of large numbers is decided on themselves")]
        match self {
            Self::Bool(flag) => Some(f64::from(*flag)),
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            // Members of some enumerations are numbers.
            Self::Enum(ty, _) if ty.kind == EnumKind::Int => self.member()?.1.number(),
            Self::None
            | Self::Str(_)
            | Self::Bytes(..)
            | Self::Datetime(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Duration(_)
            | Self::Text(..)
            | Self::Enum(..)
            | Self::List(_)
            | Self::Tuple(_)
            | Self::Set(..)
            | Self::Map(_)
            | Self::Struct(_)
            | Self::File(_)
            | Self::Dir(_)
            | Self::Dataset(_)
            | Self::Message(_)
            | Self::Pickle(_)
            | Self::Opaque(_) => None,
        }
    }

    /// A struct's value of a field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Self::Struct(record) = self else { return None };
        record.values.get(record.ty.position(name)?)
    }

    /// A member of an enumeration as name and value.
    pub fn member(&self) -> Option<&(String, Self)> {
        let Self::Enum(ty, ix) = self else { return None };
        ty.members.get(*ix)
    }

    /// Is it a struct of a dialect that shows itself as another thing: a tuple or a dictionary?
    pub fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::Struct(record) => Some(record.ty.dialect),
            _ => None,
        }
    }
}
