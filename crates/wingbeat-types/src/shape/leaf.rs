//! Scalars in the shape of their type. Dataclasses convert whatever Python's own constructors take; models take what
//! says the same thing in another form, and nothing else.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds that are not named are alike: not meant here")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil;
use jiff::tz::Offset;

use super::{Source, bytes_of, refused};
use crate::error::{ConvertError, ConvertErrorKind};
use crate::isoformat;
use crate::moments;
use crate::python;
use crate::ty::{EnumKind, EnumType, Mutability, TextKind, Type};
use crate::value::{Datetime, Value};

/// A scalar of a type.
pub(super) fn leaf(value: Value, ty: &Type, source: Source) -> Result<Value, ConvertError> {
    let shaped = match ty {
        Type::Enum(ty) => return of_enum(value, ty, source),
        Type::Choice(values) => values.iter().find(|known| known.same_as(&value)).cloned(),
        Type::None => (value == Value::None).then_some(Value::None),
        Type::Datetime | Type::Date | Type::Duration if !source.is_model() => return clock(&value, ty),
        Type::Datetime | Type::Date | Type::Time | Type::Duration => time(&value, ty, source),
        Type::Bytes(kind) => bytes(&value, *kind, source),
        Type::Text(kind) => text_kind(&value, *kind),
        _ if source.is_model() => lax(&value, ty),
        _ => return coerced(value, ty),
    };
    shaped.ok_or_else(|| refused(&value, ty))
}

/// By name where the wire has names, and by value.
fn of_enum(value: Value, ty: &std::sync::Arc<EnumType>, source: Source) -> Result<Value, ConvertError> {
    let named = |value: &Value| match value {
        Value::Str(name) if source == Source::Restored => {
            ty.members.iter().position(|(known, _)| known == name)
        }
        _ => None,
    };
    let place = match &value {
        Value::Enum(of, ix) if of.name == ty.name => Some(*ix),
        other => named(other).or_else(|| {
            let place = |one: &Value| ty.members.iter().position(|(_, known)| known.same_as(one));
            // To a model, text may say a number.
            let number = || lax(other, &Type::Int).filter(|_| source.is_model() && ty.kind == EnumKind::Int);
            place(other).or_else(|| place(&number()?))
        }),
    };
    place.map(|ix| Value::Enum(ty.clone(), ix)).ok_or_else(|| {
        let message = format!("{} is not a valid {}", python::repr(&value), ty.name);
        ConvertError::new(ConvertErrorKind::Value, message)
    })
}

/// What the constructor of a class makes of a value.
fn coerced(value: Value, ty: &Type) -> Result<Value, ConvertError> {
    let failed = |message: String| ConvertError::new(ConvertErrorKind::Value, message);
    match (ty, &value) {
        (Type::Int, Value::Int(_))
        | (Type::Float, Value::Float(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Str, Value::Str(_)) => Ok(value),
        (Type::Int, Value::Bool(flag)) => Ok(Value::Int(i128::from(*flag))),
        (Type::Int, Value::Float(number)) => truncated(*number).map(Value::Int),
        (Type::Int, Value::Str(text)) => {
            text.trim().parse().map(Value::Int).map_err(|_| {
                failed(format!("invalid literal for int() with base 10: {}", python::repr(&value)))
            })
        }
        #[allow(clippy::cast_precision_loss, reason = "a float loses the same digits in Python")]
        (Type::Float, Value::Int(number)) => Ok(Value::Float(*number as f64)),
        (Type::Float, Value::Bool(flag)) => Ok(Value::Float(f64::from(*flag))),
        (Type::Float, Value::Str(text)) => float_of(text)
            .map(Value::Float)
            .ok_or_else(|| failed(format!("could not convert string to float: {}", python::repr(&value)))),
        (Type::Bool, other) => Ok(Value::Bool(is_true(other))),
        (Type::Str, other) => Ok(Value::Str(python::show(other))),
        (Type::Int | Type::Float, other) => {
            let (name, takes) = match ty {
                Type::Int => ("int", "a string, a bytes-like object or a real number"),
                _ => ("float", "a string or a real number"),
            };
            let class = python::class_name_of(other);
            let message = format!("{name}() argument must be {takes}, not '{class}'");
            Err(ConvertError::new(ConvertErrorKind::Type, message))
        }
        (ty, other) => Err(refused(other, ty)),
    }
}

/// A float as a whole number, as `int()` makes it.
pub(crate) fn truncated(number: f64) -> Result<i128, ConvertError> {
    /// Beyond this a double does not fit 128 bits.
    const LIMIT: f64 = 1.7e38;
    if number.is_nan() {
        return Err(ConvertError::new(ConvertErrorKind::Value, "cannot convert float NaN to integer"));
    }
    if number.is_infinite() {
        return Err(ConvertError::new(
            ConvertErrorKind::Overflow,
            "cannot convert float infinity to integer",
        ));
    }
    if number.abs() >= LIMIT {
        let message = format!("{} is too large for a whole number", python::float_repr(number));
        return Err(ConvertError::new(ConvertErrorKind::Overflow, message));
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked: finite, and far below the limit")]
    let whole = number as i128;
    Ok(whole)
}

/// Text as a double, as `float()` reads it.
pub(crate) fn float_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits: String = text.chars().filter(|one| *one != '_').collect();
    digits.parse().ok()
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(flag) => *flag,
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Str(text) => !text.is_empty(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items, _) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
        Value::Bytes(bytes, _) => !bytes.is_empty(),
        _ => true,
    }
}

/// What a model takes for a number, for text, or for a truth value.
fn lax(value: &Value, ty: &Type) -> Option<Value> {
    match (ty, value) {
        (Type::Int, Value::Int(_))
        | (Type::Float, Value::Float(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::Str, Value::Str(_)) => Some(value.clone()),
        (Type::Int, Value::Bool(flag)) => Some(Value::Int(i128::from(*flag))),
        (Type::Int, Value::Float(number)) if number.fract() == 0.0 => truncated(*number).ok().map(Value::Int),
        (Type::Int, Value::Str(text)) => {
            let text = text.trim();
            let whole = text.strip_suffix(".0").unwrap_or(text);
            whole_number(whole).map(Value::Int)
        }
        (Type::Int | Type::Float, Value::Text(TextKind::Decimal, text)) => {
            lax(&Value::Float(text.parse().ok()?), ty)
        }
        (Type::Int | Type::Float, Value::Bytes(bytes, _)) => {
            lax(&Value::Str(String::from_utf8(bytes.clone()).ok()?), ty)
        }
        #[allow(clippy::cast_precision_loss, reason = "a float loses the same digits in Python")]
        (Type::Float, Value::Int(number)) => Some(Value::Float(*number as f64)),
        (Type::Float, Value::Bool(flag)) => Some(Value::Float(f64::from(*flag))),
        (Type::Float, Value::Str(text)) => float_of(text).map(Value::Float),
        (Type::Bool, Value::Int(number)) => match number {
            0 => Some(Value::Bool(false)),
            1 => Some(Value::Bool(true)),
            _ => None,
        },
        (Type::Bool, Value::Str(text)) => truth(text).map(Value::Bool),
        (Type::Int | Type::Str, Value::Enum(..)) => lax(&value.member()?.1, ty),
        (Type::Str, Value::Bytes(bytes, _)) => String::from_utf8(bytes.clone()).ok().map(Value::Str),
        _ => None,
    }
}

/// Digits, in groups with single underscores between them if need be.
fn whole_number(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let grouped =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|one| one.is_ascii_digit()));
    if grouped { text.replace('_', "").parse().ok() } else { None }
}

/// Words for true and false.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

fn bytes(value: &Value, kind: Mutability, source: Source) -> Option<Value> {
    match (value, source) {
        (Value::Bytes(bytes, _), _) => Some(bytes_of(bytes.clone(), kind)),
        (Value::Str(text), Source::Given | Source::Restored) => {
            Some(bytes_of(text.clone().into_bytes(), kind))
        }
        // Msgpack has bytes of its own: what stands there stays.
        (Value::Str(_), Source::Msgpack) => Some(value.clone()),
        (Value::Str(text), Source::Json) => {
            STANDARD.decode(text.replace('\n', "")).ok().map(|bytes| bytes_of(bytes, kind))
        }
        _ => None,
    }
}

/// Moments, days and spans as the constructors of their classes read them.
fn clock(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    match (ty, value) {
        (Type::Duration, Value::Duration(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
            let number = if let Value::Bool(flag) = value { &Value::Int(i128::from(*flag)) } else { value };
            time(number, ty, Source::Json).ok_or_else(|| refused(value, ty))
        }
        (Type::Duration, other) => {
            let class = python::class_name_of(other);
            let message = format!("unsupported type for timedelta seconds component: {class}");
            Err(ConvertError::new(ConvertErrorKind::Type, message))
        }
        (Type::Datetime, Value::Datetime(_)) | (Type::Date, Value::Date(_)) => Ok(value.clone()),
        (Type::Date, Value::Str(text)) => isoformat::date(text).map(Value::Date),
        (_, Value::Str(text)) => isoformat::datetime(text).map(Value::Datetime),
        _ => Err(ConvertError::new(ConvertErrorKind::Type, "fromisoformat: argument must be str")),
    }
}

fn time(value: &Value, ty: &Type, source: Source) -> Option<Value> {
    match (ty, value) {
        (Type::Datetime, Value::Datetime(_))
        | (Type::Date, Value::Date(_))
        | (Type::Time, Value::Time(_))
        | (Type::Duration, Value::Duration(_)) => Some(value.clone()),
        (Type::Datetime, Value::Str(text)) => {
            let number = || since_1970(&Value::Float(text.trim().parse().ok()?));
            moments::read_iso(text).or_else(number).map(Value::Datetime)
        }
        (Type::Datetime, Value::Int(_) | Value::Float(_)) if source.is_model() => {
            since_1970(value).map(Value::Datetime)
        }
        (Type::Date, Value::Str(_) | Value::Int(_) | Value::Float(_)) => {
            let Value::Datetime(moment) = time(value, &Type::Datetime, source)? else { return None };
            // A moment is a day when it is the first of it.
            (moment.civil.time() == civil::Time::midnight()).then(|| Value::Date(moment.civil.date()))
        }
        (Type::Time, Value::Str(text)) => text.trim().parse().ok().map(Value::Time),
        (Type::Duration, Value::Int(_) | Value::Float(_)) => {
            #[allow(clippy::cast_precision_loss, reason = "spans have few digits")]
            let seconds = match value {
                Value::Int(number) => *number as f64,
                Value::Float(number) => *number,
                _ => return None,
            };
            let micros = (seconds * 1e6).round();
            #[allow(clippy::cast_possible_truncation, reason = "checked: within the range of 64 bits")]
            (micros.abs() < 9e18).then_some(Value::Duration(micros as i64))
        }
        (Type::Duration, Value::Str(text)) if source.is_model() => {
            iso_span(text).or_else(|| shown_span(text)).map(Value::Duration)
        }
        _ => None,
    }
}

/// A number as a moment: seconds since 1970, or milliseconds where so many seconds would be too many.
fn since_1970(value: &Value) -> Option<Datetime> {
    /// Beyond this a number counts milliseconds.
    const MOST_SECONDS: f64 = 2e10;
    #[allow(clippy::cast_precision_loss, reason = "moments have few digits")]
    let number = match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    let seconds = if number.abs() > MOST_SECONDS { number / 1e3 } else { number };
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    let civil = moments::EPOCH.checked_add(since.round(jiff::Unit::Microsecond).ok()?).ok()?;
    Some(Datetime { civil, offset: Some(Offset::UTC) })
}

/// Microseconds of an ISO 8601 span, days being 24 hours and years 365 days.
fn iso_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (years, text) = match text.strip_prefix('P')?.split_once('Y') {
        Some((years, rest)) => (years.parse::<i64>().ok()?, format!("P{rest}")),
        None => (0, text.to_owned()),
    };
    let micros = if text == "P" {
        0
    } else {
        let span: jiff::Span = text.parse().ok()?;
        let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        i64::try_from(length.as_micros()).ok()?
    };
    years.checked_mul(365 * 86_400_000_000)?.checked_add(micros)?.checked_mul(sign)
}

/// Microseconds of a span as Python shows it: `3 days, 01:02:03.5`.
fn shown_span(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (days, time) = text.split_once(' ').map_or(("", text), |(days, rest)| (days, rest.trim_start()));
    let time = ["days,", "days", "day,", "day", "d,", "d"]
        .iter()
        .find_map(|unit| time.strip_prefix(unit))
        .unwrap_or(time);
    let days: i64 = if days.is_empty() { 0 } else { days.parse().ok()? };
    let micros = match time.trim_start() {
        "" => 0,
        time => {
            let time: civil::Time = time.parse().ok()?;
            i64::try_from(time.duration_since(civil::Time::midnight()).as_micros()).ok()?
        }
    };
    days.checked_mul(86_400_000_000)?.checked_add(micros)?.checked_mul(sign)
}

fn text_kind(value: &Value, kind: TextKind) -> Option<Value> {
    let text = match value {
        Value::Text(of, text) if *of == kind => text.clone(),
        Value::Str(text) => text.clone(),
        Value::Int(_) | Value::Float(_) if kind == TextKind::Decimal => python::show(value),
        _ => return None,
    };
    let fits = match kind {
        TextKind::Decimal => text.parse::<f64>().is_ok(),
        TextKind::Uuid => text.chars().filter(char::is_ascii_hexdigit).count() == 32,
        TextKind::Ipv4 => {
            text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok())
        }
        TextKind::Fraction => text.split('/').all(|part| part.parse::<i128>().is_ok()),
        TextKind::Timezone => text.starts_with("UTC"),
        TextKind::Path => true,
    };
    let text = if kind == TextKind::Uuid { hyphenated(&text) } else { text };
    fits.then_some(Value::Text(kind, text))
}

/// A UUID shows itself in one way, however it was written.
fn hyphenated(text: &str) -> String {
    let mut shown = String::with_capacity(36);
    for (ix, one) in text.chars().filter(char::is_ascii_hexdigit).enumerate() {
        if matches!(ix, 8 | 12 | 16 | 20) {
            shown.push('-');
        }
        shown.push(one.to_ascii_lowercase());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Source, hyphenated, iso_span, leaf, shown_span};
    use crate::ty::{TextKind, Type};
    use crate::value::Value;

    fn given(value: Value, ty: &Type, source: Source) -> String {
        leaf(value, ty, source).map_or_else(|error| error.message, |value| crate::python::repr(&value))
    }

    #[test]
    fn a_model_takes_numbers_in_other_forms() {
        let text = |text: &str| Value::Str(text.into());
        let model = |value: Value, ty: &Type| given(value, ty, Source::Given);
        assert_eq!(model(text("1_000"), &Type::Int), "1000");
        assert_eq!(model(text("1__0"), &Type::Int), "'1__0' is no int");
        assert_eq!(model(Value::Text(TextKind::Decimal, "5".into()), &Type::Int), "5");
        assert_eq!(model(text("86400"), &Type::Date), "datetime.date(1970, 1, 2)");
        assert_eq!(model(Value::Int(86_401), &Type::Date), "86401 is no date");
        assert_eq!(model(text("2020-01-02T01:00:00"), &Type::Date), "'2020-01-02T01:00:00' is no date");
    }

    #[test]
    fn a_dataclass_refuses_in_the_words_of_its_constructors() {
        let dataclass = |value: Value, ty: &Type| given(value, ty, Source::Msgpack);
        assert_eq!(dataclass(Value::Int(5), &Type::Datetime), "fromisoformat: argument must be str");
        assert_eq!(dataclass(Value::Str("x".into()), &Type::Date), "Invalid isoformat string: 'x'");
        assert_eq!(
            dataclass(Value::None, &Type::Duration),
            "unsupported type for timedelta seconds component: NoneType"
        );
        assert_eq!(dataclass(Value::Bool(true), &Type::Duration), "datetime.timedelta(seconds=1)");
        assert_eq!(
            dataclass(Value::None, &Type::Float),
            "float() argument must be a string or a real number, not 'NoneType'"
        );
    }

    #[test]
    fn a_span_is_read_as_python_shows_it() {
        assert_eq!(shown_span("3 days, 01:02:03.5"), Some(262_923_500_000));
        assert_eq!(shown_span("-1 day"), Some(-86_400_000_000));
        assert_eq!(shown_span("01:02:03"), Some(3_723_000_000));
        assert_eq!(shown_span("x days"), None);
    }

    #[test]
    fn a_uuid_has_hyphens() {
        assert_eq!(hyphenated("{000000000000000000000000000000AB}"), "00000000-0000-0000-0000-0000000000ab");
    }

    #[test]
    fn a_span_of_too_many_years_is_none() {
        assert_eq!(iso_span("-P1YT1S"), Some(-(365 * 86_400_000_000 + 1_000_000)));
        // The years alone fit, and the days alone do.
        assert_eq!(iso_span("P292471Y364D"), None);
        assert_eq!(iso_span("P292472Y"), None);
    }
}
