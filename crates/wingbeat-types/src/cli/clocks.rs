//! Moments and spans as people type them.

use jiff::civil;

use crate::error::ConvertError;
use crate::value::Datetime;
use crate::{isoformat, moments};

/// Microseconds of a span: ISO 8601 with whole parts, or `1:24`, `90`, `10 days`, several of them with `|` between.
pub(super) fn span(text: &str) -> Option<i64> {
    iso_span(text).or_else(|| {
        let parts: Vec<i64> = text.trim_matches(['[', ']']).split('|').filter_map(human_span).collect();
        if parts.is_empty() { None } else { parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part)) }
    })
}

const SECOND: i64 = 1_000_000;

fn iso_span(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let (days, left) = part(days, 'D')?;
    let (hours, time) = part(time, 'H')?;
    let (minutes, time) = part(time, 'M')?;
    let (seconds, time) = part(time, 'S')?;
    if !left.is_empty() || !time.is_empty() {
        return None;
    }
    let hours = days.checked_mul(24)?.checked_add(hours)?;
    let seconds = hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(seconds)?;
    seconds.checked_mul(SECOND)
}

/// A whole number before its unit, if it is there.
fn part(text: &str, unit: char) -> Option<(i64, &str)> {
    match text.split_once(unit) {
        Some((number, rest)) if !number.is_empty() && number.chars().all(|one| one.is_ascii_digit()) => {
            Some((number.parse().ok()?, rest))
        }
        Some(_) => None,
        None => Some((0, text)),
    }
}

fn human_span(part: &str) -> Option<i64> {
    let part = part.trim().to_lowercase();
    let whole = |text: &str| {
        let digits = !text.is_empty() && text.chars().all(|one| one.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten()
    };
    let seconds = if let Some((minutes, seconds)) = part.split_once(':') {
        whole(minutes)?.checked_mul(60)?.checked_add(whole(seconds)?)?
    } else if let Some(seconds) = whole(&part) {
        seconds
    } else {
        let end = part.find(|one: char| !one.is_ascii_digit())?;
        let unit = part[end..].trim();
        let length = match unit.strip_suffix('s').unwrap_or(unit) {
            "day" => 86_400,
            "hour" => 3_600,
            "minute" => 60,
            "second" => 1,
            _ => return None,
        };
        whole(&part[..end])?.checked_mul(length)?
    };
    seconds.checked_mul(SECOND)
}

/// Why text is no moment.
pub(super) enum NoMoment {
    /// It has none of the forms.
    Form(String),
    /// With a space in it, it has to be ISO 8601, and whatever is added to it in the calendar.
    Iso(ConvertError),
    /// What is added or taken away is no span.
    Span(String),
}

/// A moment: a day, a day and a time, `now`, `today`, or one of them and a span that is added or taken away.
pub(super) fn moment(text: &str, now: civil::DateTime) -> Result<Datetime, NoMoment> {
    if !text.contains(' ') {
        return plain(text, now).ok_or_else(|| NoMoment::Form(text.to_owned()));
    }
    let Some((before, sign, after)) = sum(text) else {
        return isoformat::datetime(text).map_err(NoMoment::Iso);
    };
    let at = plain(before, now).ok_or_else(|| NoMoment::Form(before.to_owned()))?;
    let micros = span(after).ok_or_else(|| NoMoment::Span(after.to_owned()))?;
    let length = jiff::SignedDuration::from_micros(if sign == '-' { -micros } else { micros });
    let civil = at.civil.checked_add(length).ok().filter(|civil| civil.year() >= 1);
    let civil = civil.ok_or_else(|| NoMoment::Iso(moments::out_of_range()))?;
    Ok(Datetime { civil, offset: None })
}

/// The last sign that stands alone, and what is around it.
fn sum(text: &str) -> Option<(&str, char, &str)> {
    let bytes = text.as_bytes();
    let stands_alone = |ix: usize| {
        ix > 0
            && matches!(bytes[ix], b'+' | b'-')
            && bytes[ix - 1].is_ascii_whitespace()
            && bytes.get(ix + 1).is_some_and(u8::is_ascii_whitespace)
    };
    let ix = (0..bytes.len()).rev().find(|ix| stands_alone(*ix))?;
    // One space before the sign belongs to it, all others to what is before.
    let (before, after) = (&text[..ix - 1], text[ix + 1..].trim_start());
    (!before.is_empty() && !after.is_empty()).then(|| (before, char::from(bytes[ix]), after))
}

fn plain(text: &str, now: civil::DateTime) -> Option<Datetime> {
    let civil = match text {
        "now" => now,
        "today" => now.date().to_datetime(civil::Time::midnight()),
        text => formatted(text)?,
    };
    Some(Datetime { civil, offset: None })
}

/// `2020-01-02`, `2020-01-02T03:04:05`, `2020-01-02 03:04:05`.
fn formatted(text: &str) -> Option<civil::DateTime> {
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let numbers = |text: &str, separator: char| -> Option<Vec<i8>> {
        text.split(separator)
            .map(|part| if (1..=2).contains(&part.len()) { part.parse().ok() } else { None })
            .collect()
    };
    let (year, rest) = day.split_at_checked(4)?;
    let day = numbers(rest.strip_prefix('-')?, '-')?;
    let [month, day] = day.as_slice() else { return None };
    let date = civil::Date::new(year.parse().ok()?, *month, *day).ok()?;
    let time = match time {
        None => civil::Time::midnight(),
        Some(time) => {
            let parts = numbers(time, ':')?;
            let [hour, minute, second] = parts.as_slice() else { return None };
            civil::Time::new(*hour, *minute, *second, 0).ok()?
        }
    };
    Some(date.to_datetime(time))
}
