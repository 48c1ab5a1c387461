//! The rules of `buf.validate` as the descriptors carry them: field 1159 of the options of fields, oneofs and
//! messages. Only the rules that our schema uses are known; the rest is named, and a test fails on it.

use buffa::{UnknownFieldData, UnknownFields};

use super::cel::{self, Cel};
use super::pattern::{self, Pattern};
use crate::wire::{self, Field, Fields};

/// Number of the extension in every options message.
const EXTENSION: u32 = 1159;

/// Which side of a limit a number may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Bound {
    /// Of the numbers that bounds have in the rules of every numeric type: `lt`, `lte`, `gt`, `gte`.
    fn of_number(number: u32) -> Option<Self> {
        match number {
            2 => Some(Self::Below),
            3 => Some(Self::AtMost),
            4 => Some(Self::Above),
            5 => Some(Self::AtLeast),
            _ => None,
        }
    }

    /// The rule's name in the schema's language.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Above => "gt",
            Self::AtLeast => "gte",
            Self::Below => "lt",
            Self::AtMost => "lte",
        }
    }
}

/// What one value must fulfil.
#[derive(Debug, Clone)]
pub(super) enum Check {
    MinChars(u64),
    MaxChars(u64),
    Pattern(Pattern),
    Uri,
    ByteLen(u64),
    Integer(Bound, i128),
    Double(Bound, f64),
    /// Seconds and nanoseconds.
    Duration(Bound, (i64, i32)),
    /// Only values that the enum defines.
    Defined,
    In(Vec<i64>),
    NotIn(Vec<i64>),
    Cel(Cel),
}

impl Check {
    /// The rule's name, as in the schema.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::MinChars(_) => "min_len",
            Self::MaxChars(_) => "max_len",
            Self::Pattern(_) => "pattern",
            Self::Uri => "uri",
            Self::ByteLen(_) => "len",
            Self::Integer(bound, _) | Self::Double(bound, _) | Self::Duration(bound, _) => bound.name(),
            Self::Defined => "defined_only",
            Self::In(_) => "in",
            Self::NotIn(_) => "not_in",
            Self::Cel(cel) => cel.id,
        }
    }
}

/// All rules of one field.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// It must be set; without presence: not zero, not empty.
    pub(super) required: bool,
    /// The checks are skipped for the zero value.
    pub(super) skip_zero: bool,
    /// What the value must fulfil; of a list or map, what each item or value must.
    pub(super) checks: Vec<Check>,
    /// What each key of a map must fulfil.
    pub(super) keys: Vec<Check>,
    /// The fewest items.
    pub(super) min_items: u64,
    /// The most items.
    pub(super) max_items: Option<u64>,
    /// No item twice.
    pub(super) unique: bool,
}

impl Rules {
    /// Is there nothing to check?
    pub(super) fn is_empty(&self) -> bool {
        !self.required
            && self.checks.is_empty()
            && self.keys.is_empty()
            && self.min_items == 0
            && self.max_items.is_none()
            && !self.unique
    }
}

/// The rules that options carry, as bytes.
pub(super) fn of_options(options: &UnknownFields) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in options.iter().filter(|field| field.number == EXTENSION) {
        if let UnknownFieldData::LengthDelimited(value) = &field.data {
            bytes.extend_from_slice(value);
        }
    }
    bytes
}

/// Reads `FieldRules`; what is not known is named in `unknown`.
pub(super) fn of_field(bytes: &[u8], unknown: &mut Vec<String>) -> Rules {
    let mut rules = Rules::default();
    for field in Fields::new(bytes).filter_map(Result::ok) {
        match field.number {
            23 => rules.checks.extend(cel_of(field.value, unknown).map(Check::Cel)),
            25 => rules.required = field.varint() == Some(1),
            27 => rules.skip_zero = field.varint() == Some(1),
            18 => list(field.value, &mut rules, unknown),
            19 => map(field.value, &mut rules, unknown),
            _ => rules.checks.extend(checks(&field, unknown)),
        }
    }
    rules
}

/// Reads `OneofRules`: must one be set?
pub(super) fn oneof_required(bytes: &[u8]) -> bool {
    wire::all(bytes, 1).any(|field| field.varint() == Some(1))
}

/// Reads `MessageRules`.
pub(super) fn of_message(bytes: &[u8], unknown: &mut Vec<String>) -> Vec<Cel> {
    let mut found = Vec::new();
    for field in Fields::new(bytes).filter_map(Result::ok) {
        if field.number == 3 {
            found.extend(cel_of(field.value, unknown));
        } else {
            unknown.push(format!("message rule {}", field.number));
        }
    }
    found
}

fn cel_of(bytes: &[u8], unknown: &mut Vec<String>) -> Option<Cel> {
    let text = |number| {
        wire::all(bytes, number).last().map(|field| String::from_utf8_lossy(field.value).into_owned())
    };
    let id = text(1).unwrap_or_default();
    let found = cel::find(&id, text(2).unwrap_or_default());
    if found.is_none() {
        unknown.push(format!("expression {id}"));
    }
    found
}

fn list(bytes: &[u8], rules: &mut Rules, unknown: &mut Vec<String>) {
    for field in Fields::new(bytes).filter_map(Result::ok) {
        match field.number {
            1 => rules.min_items = field.varint().unwrap_or_default(),
            2 => rules.max_items = field.varint(),
            3 => rules.unique = field.varint() == Some(1),
            4 => rules.checks.extend(of_field(field.value, unknown).checks),
            other => unknown.push(format!("repeated rule {other}")),
        }
    }
}

fn map(bytes: &[u8], rules: &mut Rules, unknown: &mut Vec<String>) {
    for field in Fields::new(bytes).filter_map(Result::ok) {
        match field.number {
            1 => rules.min_items = field.varint().unwrap_or_default(),
            2 => rules.max_items = field.varint(),
            4 => rules.keys.extend(of_field(field.value, unknown).checks),
            5 => rules.checks.extend(of_field(field.value, unknown).checks),
            other => unknown.push(format!("map rule {other}")),
        }
    }
}

/// The checks of one member of the oneof `type` of `FieldRules`.
fn checks(of: &Field<'_>, unknown: &mut Vec<String>) -> Vec<Check> {
    let mut found = Vec::new();
    let mut allowed = Vec::new();
    let mut refused = Vec::new();
    for field in Fields::new(of.value).filter_map(Result::ok) {
        let number = field.varint();
        let check = match (of.number, field.number) {
            (2, bound) => {
                double(&field).zip(Bound::of_number(bound)).map(|(limit, b)| Check::Double(b, limit))
            }
            // Limits of signed numbers travel as 64 bits in two's complement.
            (3 | 4, bound) => number
                .zip(Bound::of_number(bound))
                .map(|(limit, b)| Check::Integer(b, i128::from(limit.cast_signed()))),
            (5 | 6, bound) => {
                number.zip(Bound::of_number(bound)).map(|(limit, b)| Check::Integer(b, i128::from(limit)))
            }
            (14, 2) => number.map(Check::MinChars),
            (14, 3) => number.map(Check::MaxChars),
            (14, 6) => pattern::find(&String::from_utf8_lossy(field.value)).map(Check::Pattern),
            (14, 17) => Some(Check::Uri),
            (15, 13) => number.map(Check::ByteLen),
            (16, 2) => Some(Check::Defined),
            (16, 3) => {
                allowed.extend(numbers(&field));
                continue;
            }
            (16, 4) => {
                refused.extend(numbers(&field));
                continue;
            }
            // Bounds of durations have numbers one higher than those of numbers.
            (21, bound) => Bound::of_number(bound.saturating_sub(1))
                .map(|b| Check::Duration(b, super::value::duration(field.value))),
            _ => None,
        };
        if check.is_none() {
            unknown.push(format!("rule {} of type {}", field.number, of.number));
        }
        found.extend(check);
    }
    found.extend((!allowed.is_empty()).then_some(Check::In(allowed)));
    found.extend((!refused.is_empty()).then_some(Check::NotIn(refused)));
    found
}

/// Numbers of a repeated field, packed or not.
fn numbers(field: &Field<'_>) -> Vec<i64> {
    if let Some(one) = field.varint() {
        return vec![one.cast_signed()];
    }
    let mut rest = field.value;
    let mut found = Vec::new();
    while let Some((one, after)) = wire::varint(rest) {
        found.push(one.cast_signed());
        rest = after;
    }
    found
}

fn double(field: &Field<'_>) -> Option<f64> {
    field.value.try_into().ok().map(f64::from_le_bytes)
}
