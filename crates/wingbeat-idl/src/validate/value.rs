//! Values as rules see them, and whether a value fulfils a check. Texts name the value only where it is short:
//! what a user sends does not belong in logs.

use std::cmp::Ordering;
use std::sync::Arc;

use super::rules::{Bound, Check};
use crate::wire::{self, Field};

/// How a scalar stands on the wire.
#[derive(Debug, Clone)]
pub(super) enum Scalar {
    Text,
    Bytes,
    /// `int32`, `int64`, `bool` and the like.
    Signed,
    /// `uint32`, `uint64`.
    Unsigned,
    /// `sint32`, `sint64`.
    ZigZag,
    /// An enum, with the numbers it defines.
    Enum(Arc<[i64]>),
    Double,
    /// Types that no rule of ours is about.
    Other,
}

/// A value to check.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Integer(i128),
    Double(f64),
    /// The bytes of a message, checked as a duration where a rule says so.
    Message(&'a [u8]),
}

impl Value<'_> {
    /// Is it what an unset field reads as?
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Value::Text(text) => text.is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::Integer(number) => *number == 0,
            Value::Double(number) => number.to_bits() == 0,
            Value::Message(_) => false,
        }
    }
}

impl Scalar {
    /// What an unset field reads as.
    pub(super) fn zero(&self) -> Option<Value<'static>> {
        match self {
            Self::Text => Some(Value::Text("")),
            Self::Bytes => Some(Value::Bytes(&[])),
            Self::Signed | Self::Unsigned | Self::ZigZag | Self::Enum(_) => Some(Value::Integer(0)),
            Self::Double => Some(Value::Double(0.0)),
            Self::Other => None,
        }
    }

    /// A value of the wire; `None` when it has another wire type or is no text.
    pub(super) fn read<'a>(&self, field: &Field<'a>) -> Option<Value<'a>> {
        match self {
            Self::Text if field.wire_type == wire::LEN => {
                std::str::from_utf8(field.value).ok().map(Value::Text)
            }
            Self::Bytes if field.wire_type == wire::LEN => Some(Value::Bytes(field.value)),
            Self::Double if field.wire_type == wire::FIXED64 => {
                field.value.try_into().ok().map(|bytes| Value::Double(f64::from_le_bytes(bytes)))
            }
            Self::Text | Self::Bytes | Self::Double | Self::Other => None,
            Self::Signed | Self::Unsigned | Self::ZigZag | Self::Enum(_) => {
                self.of_varint(field.varint()?).map(Value::Integer)
            }
        }
    }

    /// Is it a number of variable length, which lists pack?
    pub(super) fn is_varint(&self) -> bool {
        matches!(self, Self::Signed | Self::Unsigned | Self::ZigZag | Self::Enum(_))
    }

    fn of_varint(&self, raw: u64) -> Option<i128> {
        match self {
            Self::Signed | Self::Enum(_) => Some(i128::from(raw.cast_signed())),
            Self::Unsigned => Some(i128::from(raw)),
            Self::ZigZag => Some(i128::from((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))),
            Self::Text | Self::Bytes | Self::Double | Self::Other => None,
        }
    }

    /// All values of one occurrence of a list: a packed one holds many.
    pub(super) fn read_all<'a>(&self, field: &Field<'a>) -> Vec<Value<'a>> {
        if !self.is_varint() || field.wire_type != wire::LEN {
            return self.read(field).into_iter().collect();
        }
        let mut rest = field.value;
        let mut found = Vec::new();
        while let Some((raw, after)) = wire::varint(rest) {
            found.extend(self.of_varint(raw).map(Value::Integer));
            rest = after;
        }
        found
    }
}

/// Integers of one occurrence of a repeated field.
pub(super) fn integers(field: &Field<'_>) -> Vec<i128> {
    let values = Scalar::Signed.read_all(field).into_iter();
    values.filter_map(|value| if let Value::Integer(number) = value { Some(number) } else { None }).collect()
}

/// Seconds and nanoseconds of a `google.protobuf.Duration`.
#[allow(clippy::cast_possible_truncation, reason = "an int32 travels as 64 bits; readers cut it")]
pub(super) fn duration(bytes: &[u8]) -> (i64, i32) {
    let part = |number| wire::all(bytes, number).last().and_then(|field| field.varint()).unwrap_or_default();
    (part(1).cast_signed(), part(2).cast_signed() as i32)
}

/// What is wrong with `value`, in words; `None` when it is fine or when the check is about another type.
pub(super) fn fails(check: &Check, value: Value<'_>, kind: &Scalar) -> Option<String> {
    let text = match (check, value) {
        (Check::MinChars(min), Value::Text(text)) => too_short(*min, text)?,
        (Check::MaxChars(max), Value::Text(text)) => {
            let len = text.chars().count() as u64;
            (len > *max).then(|| format!("must have at most {max} characters, got {len}"))?
        }
        (Check::Pattern(pattern), Value::Text(text)) => {
            (!(pattern.matches)(text)).then(|| format!("{} does not match {}", quoted(text), pattern.text))?
        }
        (Check::Uri, Value::Text(text)) => {
            (!is_uri(text)).then(|| format!("{} is not an absolute URI", quoted(text)))?
        }
        (Check::ByteLen(len), Value::Bytes(bytes)) => (bytes.len() as u64 != *len)
            .then(|| format!("must have exactly {len} bytes, got {}", bytes.len()))?,
        (Check::Integer(bound, limit), Value::Integer(number)) => {
            outside(*bound, number.cmp(limit)).then(|| must_be(*bound, limit, number))?
        }
        (Check::Double(bound, limit), Value::Double(number)) => {
            let fails = number.partial_cmp(limit).is_none_or(|order| outside(*bound, order));
            fails.then(|| must_be(*bound, limit, number))?
        }
        (Check::Duration(bound, limit), Value::Message(bytes)) => {
            let given = duration(bytes);
            outside(*bound, given.cmp(limit)).then(|| must_be(*bound, Seconds(*limit), Seconds(given)))?
        }
        (Check::Defined, Value::Integer(number)) => {
            let Scalar::Enum(defined) = kind else { return None };
            let known = defined.iter().any(|one| i128::from(*one) == number);
            (!known).then(|| format!("{number} is not a value of this enum"))?
        }
        (Check::In(allowed), Value::Integer(number)) => {
            let fits = allowed.iter().any(|one| i128::from(*one) == number);
            (!fits).then(|| format!("must be one of {allowed:?}, got {number}"))?
        }
        (Check::NotIn(refused), Value::Integer(number)) => {
            let fits = !refused.iter().any(|one| i128::from(*one) == number);
            (!fits)
                .then(|| if number == 0 { "must be set".into() } else { format!("may not be {number}") })?
        }
        (Check::Cel(cel), Value::Integer(number)) => {
            (!cel.holds_for_number(number)).then(|| cel.text.clone())?
        }
        _ => return None,
    };
    Some(text)
}

fn too_short(min: u64, text: &str) -> Option<String> {
    let len = text.chars().count() as u64;
    if len >= min {
        return None;
    }
    Some(if min == 1 {
        "must not be empty".to_owned()
    } else {
        format!("must have at least {min} characters, got {len}")
    })
}

fn outside(bound: Bound, order: Ordering) -> bool {
    match bound {
        Bound::Above => order != Ordering::Greater,
        Bound::AtLeast => order == Ordering::Less,
        Bound::Below => order != Ordering::Less,
        Bound::AtMost => order == Ordering::Greater,
    }
}

fn must_be(bound: Bound, limit: impl std::fmt::Display, given: impl std::fmt::Display) -> String {
    let words = match bound {
        Bound::Above => "greater than",
        Bound::AtLeast => "at least",
        Bound::Below => "less than",
        Bound::AtMost => "at most",
    };
    format!("must be {words} {limit}, got {given}")
}

struct Seconds((i64, i32));

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seconds, nanos) = self.0;
        if nanos == 0 {
            return write!(f, "{seconds} s");
        }
        let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:09} s", seconds.unsigned_abs(), nanos.unsigned_abs())
    }
}

/// A text in quotes, cut where it is long.
fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// A scheme, a colon, and something without spaces behind it.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && rest.chars().all(|c| {
            c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        })
}
