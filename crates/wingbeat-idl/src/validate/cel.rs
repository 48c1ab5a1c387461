//! The schema's six CEL expressions, each by a function that is found by the expression's id. A test fails on
//! an id that is not here.

use super::value;
use crate::wire;

/// An expression of the schema.
#[derive(Debug, Clone)]
pub(super) struct Cel {
    /// Its id in the schema.
    pub(super) id: &'static str,
    /// What to say when it does not hold.
    pub(super) text: String,
    holds: Holds,
}

#[derive(Debug, Clone, Copy)]
enum Holds {
    /// Asks the bytes of a message.
    Message(fn(&[u8]) -> bool),
    /// Asks a number.
    Number(fn(i128) -> bool),
}

impl Cel {
    /// Does it hold for a message?
    pub(super) fn holds_for_message(&self, bytes: &[u8]) -> bool {
        match self.holds {
            Holds::Message(holds) => holds(bytes),
            Holds::Number(_) => true,
        }
    }

    /// Does it hold for a number?
    pub(super) fn holds_for_number(&self, number: i128) -> bool {
        match self.holds {
            Holds::Number(holds) => holds(number),
            Holds::Message(_) => true,
        }
    }
}

const ALL: [(&str, Holds); 6] = [
    ("paused_rule_exclusive", Holds::Message(paused_stands_alone)),
    ("at_least_one_required", Holds::Message(|bytes| has(bytes, 1) || has(bytes, 2))),
    ("relation_type.greater_than_zero", Holds::Number(|number| number > 0)),
    (
        "queue_identifier.domain_project_combination",
        Holds::Message(|bytes| !is_empty(bytes, 2) || is_empty(bytes, 3)),
    ),
    ("reuse_policy.replica_bounds", Holds::Message(|bytes| int32(bytes, 2) >= int32(bytes, 1))),
    ("backoff.cap_required_when_factor_gt_1", Holds::Message(growth_is_capped)),
];

/// The expression called `id`, with the schema's text for its failure.
pub(super) fn find(id: &str, text: String) -> Option<Cel> {
    let (id, holds) = ALL.into_iter().find(|(known, _)| *known == id)?;
    Some(Cel { id, text, holds })
}

/// `InlineRule.on_phases`: PAUSED is alone where it is.
fn paused_stands_alone(bytes: &[u8]) -> bool {
    const PAUSED: i128 = 9;
    let phases: Vec<i128> = wire::all(bytes, 1).flat_map(|field| value::integers(&field)).collect();
    phases.len() <= 1 || !phases.contains(&PAUSED)
}

/// `Backoff`: a factor above one needs a cap.
fn growth_is_capped(bytes: &[u8]) -> bool {
    let factor = wire::all(bytes, 2).last().and_then(|field| field.value.try_into().ok());
    factor.map(f64::from_le_bytes).is_none_or(|factor| factor <= 1.0) || has(bytes, 3)
}

fn has(bytes: &[u8], number: u32) -> bool {
    wire::all(bytes, number).next().is_some()
}

fn is_empty(bytes: &[u8], number: u32) -> bool {
    wire::all(bytes, number).last().is_none_or(|field| field.value.is_empty())
}

#[allow(clippy::cast_possible_truncation, reason = "an int32 travels as 64 bits; readers cut it")]
fn int32(bytes: &[u8], number: u32) -> i32 {
    wire::all(bytes, number).last().and_then(|field| field.varint()).unwrap_or_default() as i32
}
