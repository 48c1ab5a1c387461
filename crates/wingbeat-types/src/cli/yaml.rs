//! YAML files as the client's reader takes them: one document of plain data, YAML 1.1. What is written without quotes is
//! a number, a truth value, None or a day where it looks like one. Nesting and what aliases unfold to have limits.

use std::collections::HashMap;

use jiff::civil;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use crate::error::{ConvertError, ConvertErrorKind};
use crate::moments;
use crate::value::{Datetime, Value};

/// Deeper nesting than this is refused.
const MAX_DEPTH: usize = 200;
/// More values than this are refused, those that aliases stand for counted each time.
const MAX_VALUES: usize = 1_000_000;
/// The tags of plain data.
const CORE: &str = "tag:yaml.org,2002:";

/// Why a text is no YAML that is read here, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct YamlError {
    message: String,
    line: usize,
    column: usize,
}

impl YamlError {
    /// The same, with the file that holds it.
    pub(super) fn of_file(&self, path: &str) -> ConvertError {
        let Self { message, line, column } = self;
        let message = format!("{message}\n  in \"{path}\", line {line}, column {column}");
        ConvertError::new(ConvertErrorKind::Value, message)
    }
}

/// The one document of a text; None for an empty one.
pub(super) fn read(text: &str) -> Result<Value, YamlError> {
    let mut reader =
        Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), depth: 0, n_values: 0 };
    let mut document = None;
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if document.is_some() => {
                return Err(wrong("expected a single document in the stream", span));
            }
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => (),
            event => document = Some(reader.value(event, span)?.0),
        }
    }
    Ok(document.unwrap_or(Value::None))
}

fn wrong(message: impl Into<String>, span: Span) -> YamlError {
    YamlError { message: message.into(), line: span.start.line(), column: span.start.col() + 1 }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Values with a name, and how many values they are.
    anchors: HashMap<usize, (Value, usize)>,
    depth: usize,
    n_values: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        self.parser.next().transpose().map_err(|error| YamlError {
            message: error.info().to_owned(),
            line: error.marker().line(),
            column: error.marker().col() + 1,
        })
    }

    fn following(&mut self, span: Span) -> Result<(Event<'t>, Span), YamlError> {
        self.next()?.ok_or_else(|| wrong("the document ends early", span))
    }

    fn count(&mut self, n_values: usize, span: Span) -> Result<(), YamlError> {
        self.n_values = self.n_values.saturating_add(n_values);
        if self.n_values > MAX_VALUES {
            return Err(wrong(format!("the document holds more than {MAX_VALUES} values"), span));
        }
        Ok(())
    }

    /// The value that an event begins, and whether it is the key under which others are merged.
    fn value(&mut self, event: Event<'t>, span: Span) -> Result<(Value, bool), YamlError> {
        let before = self.n_values;
        self.count(1, span)?;
        let (value, anchor) = match event {
            Event::Alias(id) => {
                let Some((value, n_values)) = self.anchors.get(&id).cloned() else {
                    return Err(wrong("found undefined alias", span));
                };
                self.count(n_values, span)?;
                return Ok((value, false));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                let value = scalar(&text, style, tag.as_deref(), span)?;
                if is_merge {
                    return Ok((value, true));
                }
                (value, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                known(tag.as_deref(), "seq", span)?;
                (self.deeper(span, Self::sequence)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                known(tag.as_deref(), "map", span)?;
                (self.deeper(span, Self::mapping)?, anchor)
            }
            _ => return Err(wrong("expected a value", span)),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.n_values - before));
        }
        Ok((value, false))
    }

    fn deeper(
        &mut self,
        span: Span,
        read: fn(&mut Self, Span) -> Result<Value, YamlError>,
    ) -> Result<Value, YamlError> {
        if self.depth >= MAX_DEPTH {
            return Err(wrong(format!("the document is nested deeper than {MAX_DEPTH} levels"), span));
        }
        self.depth += 1;
        let value = read(self, span);
        self.depth -= 1;
        value
    }

    fn sequence(&mut self, span: Span) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.following(span)? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.value(event, span)?.0),
            }
        }
    }

    fn mapping(&mut self, span: Span) -> Result<Value, YamlError> {
        let (mut merged, mut own) = (Vec::new(), Vec::new());
        loop {
            let (key, is_merge, span) = match self.following(span)? {
                (Event::MappingEnd, _) => break,
                (event, span) => {
                    let (key, is_merge) = self.value(event, span)?;
                    (key, is_merge, span)
                }
            };
            if matches!(key, Value::List(_) | Value::Map(_)) {
                return Err(wrong("while constructing a mapping: found unhashable key", span));
            }
            let (event, at) = self.following(span)?;
            let value = self.value(event, at)?.0;
            if is_merge { merge(value, &mut merged, at)? } else { own.push((key, value)) }
        }
        Ok(Value::Map(distinct(merged.into_iter().chain(own))))
    }
}

/// Entries of another mapping, or of several, the first of which count most.
fn merge(value: Value, merged: &mut Vec<(Value, Value)>, span: Span) -> Result<(), YamlError> {
    match value {
        Value::Map(entries) => merged.extend(entries),
        Value::List(items) => {
            for item in items.into_iter().rev() {
                let Value::Map(entries) = item else {
                    return Err(wrong("expected a mapping for merging", span));
                };
                merged.extend(entries);
            }
        }
        _ => return Err(wrong("expected a mapping or list of mappings for merging", span)),
    }
    Ok(())
}

/// Of equal keys the first place and the last value.
fn distinct(entries: impl Iterator<Item = (Value, Value)>) -> Vec<(Value, Value)> {
    let mut kept: Vec<(Value, Value)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in entries {
        let place = places.entry(equality(&key)).or_insert(kept.len());
        match kept.get_mut(*place) {
            Some(entry) => entry.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

/// Text that is the same for keys that are equal: 1, 1.0 and True are.
fn equality(key: &Value) -> String {
    match key {
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        other => crate::python::repr(other),
    }
}

/// A tag of plain data, or none.
fn known(tag: Option<&Tag>, kind: &str, span: Span) -> Result<(), YamlError> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.handle == CORE && tag.suffix == kind => Ok(()),
        Some(tag) => Err(no_constructor(tag, span)),
    }
}

fn no_constructor(tag: &Tag, span: Span) -> YamlError {
    wrong(format!("could not determine a constructor for the tag '{}{}'", tag.handle, tag.suffix), span)
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, YamlError> {
    let Some(tag) = tag else {
        let plain = if style == ScalarStyle::Plain { resolved(text) } else { None };
        return Ok(plain.unwrap_or_else(|| Value::Str(text.to_owned())));
    };
    let value = match (tag.handle.as_str(), tag.suffix.as_str()) {
        (CORE, "str") => Some(Value::Str(text.to_owned())),
        (CORE, "null") => Some(Value::None),
        (CORE, "bool") => truth(text),
        (CORE, "int") => whole(text),
        (CORE, "float") => float(text).or_else(|| text.replace('_', "").parse().ok().map(Value::Float)),
        (CORE, "timestamp") => time(text),
        _ => return Err(no_constructor(tag, span)),
    };
    value.ok_or_else(|| wrong(format!("`{text}` is no {}", tag.suffix), span))
}

/// What text without quotes says, if it is more than text.
fn resolved(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::None),
        _ => truth(text).or_else(|| whole(text)).or_else(|| float(text)).or_else(|| time(text)),
    }
}

fn truth(text: &str) -> Option<Value> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(Value::Bool(true)),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn signed(text: &str) -> (i128, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `12`, `1_000`, `0b101`, `017` for fifteen, `0x1F`, and `1:30` for ninety.
fn whole(text: &str) -> Option<Value> {
    let (sign, text) = signed(text);
    let all = |text: &str, is_digit: fn(&char) -> bool| {
        !text.is_empty() && text.chars().all(|one| one == '_' || is_digit(&one))
    };
    let number = |digits: &str, radix| i128::from_str_radix(&digits.replace('_', ""), radix).ok();
    let found = if let Some(digits) = text.strip_prefix("0b") {
        if all(digits, |one| matches!(one, '0' | '1')) { number(digits, 2) } else { None }
    } else if let Some(digits) = text.strip_prefix("0x") {
        if all(digits, char::is_ascii_hexdigit) { number(digits, 16) } else { None }
    } else if text == "0" {
        Some(0)
    } else if let Some(digits) = text.strip_prefix('0') {
        if all(digits, |one| ('0'..='7').contains(one)) { number(digits, 8) } else { None }
    } else if text.starts_with(|one: char| one.is_ascii_digit()) {
        let mut parts = text.split(':');
        let first = parts.next().filter(|first| all(first, char::is_ascii_digit));
        parts.try_fold(number(first?, 10)?, |sum, part| sum.checked_mul(60)?.checked_add(sixtieth(part)?))
    } else {
        None
    };
    found.and_then(|found| found.checked_mul(sign)).map(Value::Int)
}

/// A part of a number to the base of sixty.
fn sixtieth(part: &str) -> Option<i128> {
    let is_part = (1..=2).contains(&part.len()) && part.bytes().all(|one| one.is_ascii_digit());
    part.parse().ok().filter(|number| is_part && *number < 60)
}

/// `1.5`, `.5`, `1.`, `1.5e+3`, `.inf`, `.nan`; without a point it is no float.
fn float(text: &str) -> Option<Value> {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Value::Float(f64::NAN));
    }
    let (sign, unsigned) = signed(text);
    let sign = if sign < 0 { -1.0 } else { 1.0 };
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(Value::Float(sign * f64::INFINITY));
    }
    let (before, after) = unsigned.split_once('.')?;
    let is_digits = |text: &str| text.chars().all(|one| one == '_' || one.is_ascii_digit());
    if let Some((outer, last)) = before.rsplit_once(':') {
        let Some(Value::Int(outer)) = whole(outer).filter(|_| is_digits(after)) else { return None };
        let fraction: f64 = format!("0.{after}0").replace('_', "").parse().ok()?;
        #[allow(clippy::cast_precision_loss, reason = "such numbers have few digits")]
        let sum = outer.checked_mul(60)?.checked_add(sixtieth(last)?)? as f64;
        return Some(Value::Float(sign * (sum + fraction)));
    }
    let (fraction, exponent) = match after.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (after, None),
    };
    let has_sign = exponent.is_none_or(|one| {
        let digits = one.strip_prefix(['+', '-']);
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit()))
    });
    let begins = if before.is_empty() {
        unsigned.len() == text.len() && fraction.starts_with(|one: char| one.is_ascii_digit())
    } else {
        before.starts_with(|one: char| one.is_ascii_digit())
    };
    if !begins || !has_sign || !is_digits(before) || !is_digits(fraction) {
        return None;
    }
    unsigned.replace('_', "").parse::<f64>().ok().map(|number| Value::Float(sign * number))
}

/// `2020-01-02`, and with a time behind it a moment, in UTC where a zone is told.
fn time(text: &str) -> Option<Value> {
    let is_day = |day: &str| {
        let parts: Vec<&str> = day.split('-').collect();
        let is_number = |part: &&str| part.bytes().all(|one| one.is_ascii_digit());
        let [year, month, day] = parts.as_slice() else { return None };
        if year.len() != 4 || !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
            return None;
        }
        parts.iter().all(is_number).then_some(())?;
        civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
    };
    if text.len() == 10
        && let Some(day) = is_day(text)
    {
        return Some(Value::Date(day));
    }
    let (day, rest) = text.split_once(['T', 't', ' ', '\t'])?;
    let day = is_day(day)?;
    let rest = rest.trim_start_matches([' ', '\t']);
    let hour_digits = rest.find(':').filter(|count| (1..=2).contains(count))?;
    let padded = if hour_digits == 1 { format!("0{rest}") } else { rest.to_owned() };
    let moment = moments::read_iso(&format!("{day}T{}", padded.replace(' ', "")))?;
    if moment.offset.is_none() {
        return Some(Value::Datetime(moment));
    }
    Some(Value::Datetime(Datetime { civil: moment.utc()?, offset: Some(jiff::tz::Offset::UTC) }))
}

#[cfg(test)]
mod tests;
