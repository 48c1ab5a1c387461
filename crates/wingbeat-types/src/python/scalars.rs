//! Numbers, text and times as Python writes them.

use std::fmt::Write as _;

use jiff::civil;
use jiff::tz::Offset;

use crate::value::Datetime;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// The shortest digits that read back as this number, laid out as Python does.
pub fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return (if number > 0.0 { "inf" } else { "-inf" }).to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = number.to_string();
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Text in quotes.
pub(super) fn text_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for one in text.chars() {
        match one {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            one if one == quote => {
                out.push('\\');
                out.push(one);
            }
            one if !is_printable(one) => push_escape(&mut out, u32::from(one)),
            one => out.push(one),
        }
    }
    out.push(quote);
    out
}

/// Marks that stand over another letter are printable, too; to know them, the letter has to be there.
fn is_printable(one: char) -> bool {
    let escaped = || format!("a{one}").escape_debug().skip(1).eq(one.escape_unicode());
    one.is_ascii_graphic() || one == ' ' || !(one.is_control() || escaped())
}

fn push_escape(out: &mut String, code: u32) {
    let written = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
    written.expect("a string takes all text");
}

/// Bytes in quotes.
pub(super) fn bytes_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = format!("b{}", char::from(quote));
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte if byte == quote => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            byte => push_escape(&mut out, u32::from(byte)),
        }
    }
    out.push(char::from(quote));
    out
}

/// `2020-01-02`.
pub(super) fn civil_date(day: civil::Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

/// `01:02:03.000004`, without a fraction where there is none.
pub(super) fn time_str(time: civil::Time) -> String {
    let micros = time.subsec_nanosecond() / 1000;
    let whole = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    if micros == 0 { whole } else { format!("{whole}.{micros:06}") }
}

/// Day and time with `between` between them, and the offset if it is known.
pub(crate) fn moment_str(moment: &Datetime, between: &str) -> String {
    let mut text = format!("{}{between}{}", civil_date(moment.civil.date()), time_str(moment.civil.time()));
    if let Some(offset) = moment.offset {
        text.push_str(&offset_str(offset));
    }
    text
}

fn offset_str(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    let whole = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 == 0 { whole } else { format!("{whole}:{:02}", seconds % 60) }
}

pub(super) fn moment_repr(moment: &Datetime) -> String {
    let (day, time) = (moment.civil.date(), moment.civil.time());
    let mut parts = vec![i64::from(day.year()), i64::from(day.month()), i64::from(day.day())];
    parts.extend([i64::from(time.hour()), i64::from(time.minute())]);
    let micros = i64::from(time.subsec_nanosecond() / 1000);
    if time.second() != 0 || micros != 0 {
        parts.push(i64::from(time.second()));
    }
    if micros != 0 {
        parts.push(micros);
    }
    let mut parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    if let Some(offset) = moment.offset {
        parts.push(format!("tzinfo={}", offset_repr(offset)));
    }
    format!("datetime.datetime({})", parts.join(", "))
}

fn offset_repr(offset: Offset) -> String {
    if offset == Offset::UTC {
        return "datetime.timezone.utc".to_owned();
    }
    format!("datetime.timezone({})", duration_repr(i64::from(offset.seconds()) * MICROS_PER_SECOND))
}

/// The zone that is written `UTC+02:00`.
pub(super) fn timezone_repr(text: &str) -> String {
    let seconds = text.strip_prefix("UTC").and_then(|rest| {
        let (sign, rest) = rest.split_at_checked(1)?;
        let (hours, minutes) = rest.split_once(':')?;
        let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
        Some(if sign == "-" { -seconds } else { seconds })
    });
    offset_repr(Offset::from_seconds(seconds.unwrap_or_default()).unwrap_or(Offset::UTC))
}

pub(super) fn time_repr(time: civil::Time) -> String {
    let micros = i64::from(time.subsec_nanosecond() / 1000);
    let mut parts = vec![i64::from(time.hour()), i64::from(time.minute())];
    if time.second() != 0 || micros != 0 {
        parts.push(i64::from(time.second()));
    }
    if micros != 0 {
        parts.push(micros);
    }
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    format!("datetime.time({})", parts.join(", "))
}

/// Days, seconds and microseconds; only the days may be negative.
fn split(micros: i64) -> (i64, i64, i64) {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let days = seconds.div_euclid(SECONDS_PER_DAY);
    (days, seconds.rem_euclid(SECONDS_PER_DAY), micros.rem_euclid(MICROS_PER_SECOND))
}

pub(super) fn duration_repr(micros: i64) -> String {
    let (days, seconds, micros) = split(micros);
    let parts = [("days", days), ("seconds", seconds), ("microseconds", micros)];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, number)| *number != 0)
        .map(|(name, number)| format!("{name}={number}"))
        .collect();
    let parts = if parts.is_empty() { "0".to_owned() } else { parts.join(", ") };
    format!("datetime.timedelta({parts})")
}

pub(super) fn duration_str(micros: i64) -> String {
    let (days, seconds, micros) = split(micros);
    let mut text = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    let time = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    text.push_str(&time);
    if micros == 0 { text } else { format!("{text}.{micros:06}") }
}

#[cfg(test)]
mod tests {
    use super::{duration_repr, duration_str, float_repr, text_repr};

    #[test]
    fn floats_are_laid_out_as_in_python() {
        let cases = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e300, "1e+300"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e-7, "1.5e-07"),
        ];
        for (number, text) in cases {
            assert_eq!(float_repr(number), text);
        }
    }

    #[test]
    fn quotes_are_chosen_as_in_python() {
        assert_eq!(text_repr("a"), "'a'");
        assert_eq!(text_repr("it's"), "\"it's\"");
        assert_eq!(text_repr("'\""), "'\\'\"'");
        assert_eq!(text_repr("\u{1}\n"), "'\\x01\\n'");
        assert_eq!(text_repr("\u{200b}\u{a0}\u{e000}"), "'\\u200b\\xa0\\ue000'");
        assert_eq!(text_repr("e\u{301}\u{1f600}"), "'e\u{301}\u{1f600}'");
    }

    #[test]
    fn only_the_days_of_a_span_are_negative() {
        assert_eq!(duration_repr(-1), "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)");
        assert_eq!(duration_str(-1), "-1 day, 23:59:59.999999");
        assert_eq!(duration_repr(0), "datetime.timedelta(0)");
    }
}
