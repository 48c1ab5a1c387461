//! Walks the bytes of a message along the compiled schema.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::Violation;
use super::rules::Check;
use super::schema::{Field, Kind, Message, Schema, Shape};
use super::value::{self, Scalar, Value};
use crate::wire::{self, Field as Wire, Fields};

/// Deeper nesting is refused by decoding anyway.
const MAX_DEPTH: usize = 100;

/// Checks the bytes of a message called `name`.
pub(super) fn message(schema: &Schema, name: &str, bytes: &[u8]) -> Result<(), Violation> {
    Walk { schema, depth: 0 }.message(name, bytes)
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    schema: &'a Schema,
    depth: usize,
}

/// What was seen of one field.
#[derive(Default)]
struct Seen<'b> {
    count: u64,
    wire_type: u8,
    /// The last value; of a message, all of them joined, which is how messages merge.
    value: Cow<'b, [u8]>,
    /// Values of a list whose items must differ.
    distinct: HashSet<Vec<u8>>,
    /// Were two of them alike?
    repeats: bool,
}

impl Violation {
    fn new(rule: &'static str, text: String) -> Self {
        Self { field: String::new(), rule, text }
    }

    /// The same, one level further out.
    fn below(mut self, segment: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => segment.to_owned(),
            rest if rest.starts_with('[') => format!("{segment}{rest}"),
            rest => format!("{segment}.{rest}"),
        };
        self
    }
}

impl Walk<'_> {
    fn message(self, name: &str, bytes: &[u8]) -> Result<(), Violation> {
        let Some(message) = self.schema.messages.get(name).filter(|_| self.depth < MAX_DEPTH) else {
            return Ok(());
        };
        let inner = Self { depth: self.depth + 1, ..self };
        let mut seen: BTreeMap<u32, Seen<'_>> = BTreeMap::new();
        let mut members: Vec<Option<u32>> = vec![None; message.oneofs.len()];
        for field in Fields::new(bytes) {
            let Ok(field) = field else { return Ok(()) };
            let Some(known) = message.fields.get(&field.number) else { continue };
            if let Some(oneof) = known.oneof {
                members[oneof] = Some(field.number);
            }
            let entry = seen.entry(field.number).or_default();
            match known.shape {
                Shape::One => entry.set(&field, matches!(known.kind, Kind::Message(_))),
                Shape::List => inner.items(known, &field, entry)?,
                Shape::Map(ref key) => inner.entry(known, key, &field, entry)?,
            }
        }
        oneofs(message, &members)?;
        for (number, known) in &message.fields {
            let current = known.oneof.is_none_or(|oneof| members[oneof] == Some(*number));
            let seen = seen.get(number).filter(|_| current);
            inner.field(known, *number, seen).map_err(|violation| violation.below(&known.name))?;
        }
        match message.cels.iter().find(|cel| !cel.holds_for_message(bytes)) {
            Some(cel) => Err(Violation::new(cel.id, cel.text.clone())),
            None => Ok(()),
        }
    }

    /// One field, after all of the message was read.
    fn field(self, known: &Field, number: u32, seen: Option<&Seen<'_>>) -> Result<(), Violation> {
        if !matches!(known.shape, Shape::One) {
            return counts(known, seen);
        }
        let Some(seen) = seen else {
            if known.rules.required && known.presence {
                return Err(Violation::new("required", "is required".to_owned()));
            }
            return match (&known.kind, known.presence) {
                (Kind::Scalar(scalar), false) => {
                    scalar.zero().map_or(Ok(()), |zero| value(known, zero, scalar))
                }
                _ => Ok(()),
            };
        };
        match &known.kind {
            Kind::Scalar(scalar) => {
                let wire = Wire { number, wire_type: seen.wire_type, value: &seen.value };
                scalar.read(&wire).map_or(Ok(()), |read| value(known, read, scalar))
            }
            Kind::Message(name) => {
                checks(&known.rules.checks, Value::Message(&seen.value), &Scalar::Other)?;
                self.message(name, &seen.value)
            }
        }
    }

    /// One occurrence of a list: one item, or many packed ones.
    fn items<'b>(self, known: &Field, field: &Wire<'b>, seen: &mut Seen<'b>) -> Result<(), Violation> {
        let at = |ix: u64, violation: Violation| violation.below(&format!("[{ix}]")).below(&known.name);
        match &known.kind {
            Kind::Message(name) => {
                let ix = seen.count;
                seen.count += 1;
                self.message(name, field.value).map_err(|violation| at(ix, violation))
            }
            Kind::Scalar(scalar) => {
                for item in scalar.read_all(field) {
                    let ix = seen.count;
                    seen.count += 1;
                    if known.rules.unique {
                        seen.repeats |= !seen.distinct.insert(format!("{item:?}").into_bytes());
                    }
                    checks(&known.rules.checks, item, scalar).map_err(|violation| at(ix, violation))?;
                }
                Ok(())
            }
        }
    }

    /// One entry of a map.
    fn entry<'b>(
        self,
        known: &Field,
        key: &Scalar,
        field: &Wire<'b>,
        seen: &mut Seen<'b>,
    ) -> Result<(), Violation> {
        seen.count += 1;
        let part = |number| wire::all(field.value, number).last();
        let read = part(1).map_or_else(|| key.zero(), |wire| key.read(&wire));
        let named = |violation: Violation| {
            let name = match read {
                Some(Value::Text(text)) => format!("[{text:?}]"),
                Some(Value::Integer(number)) => format!("[{number}]"),
                _ => "[]".to_owned(),
            };
            violation.below(&name).below(&known.name)
        };
        if let Some(read) = read {
            checks(&known.rules.keys, read, key).map_err(named)?;
        }
        match &known.kind {
            Kind::Message(name) => {
                part(2).map_or(Ok(()), |wire| self.message(name, wire.value)).map_err(named)
            }
            Kind::Scalar(scalar) => {
                let read = part(2).map_or_else(|| scalar.zero(), |wire| scalar.read(&wire));
                read.map_or(Ok(()), |read| checks(&known.rules.checks, read, scalar)).map_err(named)
            }
        }
    }
}

impl<'b> Seen<'b> {
    fn set(&mut self, field: &Wire<'b>, merge: bool) {
        self.wire_type = field.wire_type;
        if merge && self.count > 0 {
            self.value.to_mut().extend_from_slice(field.value);
        } else {
            self.value = Cow::Borrowed(field.value);
        }
        self.count += 1;
    }
}

fn oneofs(message: &Message, members: &[Option<u32>]) -> Result<(), Violation> {
    let unset = |(oneof, member): &(&super::schema::Oneof, &Option<u32>)| oneof.required && member.is_none();
    match message.oneofs.iter().zip(members).find(unset) {
        Some((oneof, _)) => {
            let text = format!("one of {} must be set", oneof.members.join(", "));
            Err(Violation::new("required", text).below(&oneof.name))
        }
        None => Ok(()),
    }
}

/// How many items or entries there are.
fn counts(known: &Field, seen: Option<&Seen<'_>>) -> Result<(), Violation> {
    let rules = &known.rules;
    let count = seen.map_or(0, |seen| seen.count);
    if rules.required && count == 0 {
        return Err(Violation::new("required", "must not be empty".to_owned()));
    }
    if count < rules.min_items {
        let text = format!("must have at least {} items, got {count}", rules.min_items);
        return Err(Violation::new("min_items", text));
    }
    if let Some(max) = rules.max_items.filter(|max| count > *max) {
        return Err(Violation::new("max_items", format!("must have at most {max} items, got {count}")));
    }
    if seen.is_some_and(|seen| seen.repeats) {
        return Err(Violation::new("unique", "must not have an item twice".to_owned()));
    }
    Ok(())
}

/// A scalar field that is set, or that reads as zero.
fn value(known: &Field, read: Value<'_>, scalar: &Scalar) -> Result<(), Violation> {
    if read.is_zero() && !known.presence && known.rules.required {
        return Err(Violation::new("required", "is required".to_owned()));
    }
    if read.is_zero() && known.rules.skip_zero {
        return Ok(());
    }
    checks(&known.rules.checks, read, scalar)
}

fn checks(all: &[Check], read: Value<'_>, scalar: &Scalar) -> Result<(), Violation> {
    for check in all {
        if let Some(text) = value::fails(check, read, scalar) {
            return Err(Violation::new(check.name(), text));
        }
    }
    Ok(())
}
