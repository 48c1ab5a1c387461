//! Moments and spans between the wire and civil time, in microseconds, which is all that the client keeps.

use buffa_types::google::protobuf::{Duration, Timestamp};
use jiff::civil;
use jiff::tz::Offset;

use crate::error::{ConvertError, ConvertErrorKind};
use crate::value::Datetime;

/// What a clock in UTC showed at the moment that others are counted from.
pub(crate) const EPOCH: civil::DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

const NANOS_PER_MICRO: i32 = 1_000;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// Ten thousand years, the most that a duration of the wire may span.
const MAX_SECONDS: u64 = 315_576_000_000;

/// A moment as the wire has it.
pub(crate) fn timestamp(moment: &Datetime) -> Result<Timestamp, ConvertError> {
    let utc = moment.utc().filter(|utc| utc.year() >= 1).ok_or_else(out_of_range)?;
    let since = utc.duration_since(EPOCH);
    // Nanoseconds count forward from the second, also before 1970.
    let (mut seconds, mut nanos) = (since.as_secs(), since.subsec_nanos());
    if nanos < 0 {
        seconds -= 1;
        nanos += 1_000_000_000;
    }
    Ok(Timestamp::from_unix(seconds, nanos))
}

/// The start of a day in UTC.
pub(crate) fn midnight(day: civil::Date) -> Result<Timestamp, ConvertError> {
    timestamp(&Datetime { civil: day.to_datetime(civil::Time::midnight()), offset: None })
}

/// What a moment of the wire shows on a clock in UTC.
pub(crate) fn civil(at: &Timestamp) -> Result<civil::DateTime, ConvertError> {
    let nanos = at.nanos / NANOS_PER_MICRO * NANOS_PER_MICRO;
    let since = jiff::SignedDuration::from_secs(at.seconds)
        .checked_add(jiff::SignedDuration::from_nanos(nanos.into()))
        .ok_or_else(|| outside("the moment"))?;
    let civil = EPOCH.checked_add(since).map_err(|_| outside("the moment"))?;
    if civil.year() < 1 { Err(outside("the moment")) } else { Ok(civil) }
}

/// A moment of the wire: always in UTC.
pub(crate) fn moment(at: &Timestamp) -> Result<Datetime, ConvertError> {
    Ok(Datetime { civil: civil(at)?, offset: Some(Offset::UTC) })
}

/// A span as the wire has it: both parts carry the sign.
pub(crate) fn duration(micros: i64) -> Duration {
    let nanos = i32::try_from(micros % MICROS_PER_SECOND).expect("below a million") * NANOS_PER_MICRO;
    Duration::from_secs_nanos(micros / MICROS_PER_SECOND, nanos)
}

/// Microseconds of a span of the wire.
pub(crate) fn micros(span: &Duration) -> Result<i64, ConvertError> {
    if span.seconds.unsigned_abs() > MAX_SECONDS {
        return Err(outside("the span"));
    }
    Ok(span.seconds * MICROS_PER_SECOND + i64::from(span.nanos / NANOS_PER_MICRO))
}

/// A moment in ISO 8601, with or without an offset.
pub(crate) fn read_iso(text: &str) -> Option<Datetime> {
    let text = text.trim();
    let zone = text.get(10..).and_then(|rest| rest.rfind(['+', '-', 'Z', 'z'])).map(|at| at + 10);
    let (civil, offset) = match zone {
        Some(at) => (&text[..at], Some(read_offset(&text[at..])?)),
        None => (text, None),
    };
    Some(Datetime { civil: civil.parse().ok()?, offset })
}

fn read_offset(text: &str) -> Option<Offset> {
    if text.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    if !matches!(sign, "+" | "-") {
        return None;
    }
    let digits: Vec<&str> = rest.split(':').collect();
    // Of two digits each, so that nothing overflows before the offset's own limit is asked for.
    let number = |text: &str| text.parse::<u8>().ok().map(i32::from);
    let part = |ix: usize| digits.get(ix).map_or(Some(0), |part| number(part));
    let seconds = match digits.as_slice() {
        [whole] if whole.len() == 4 => {
            let (hours, minutes) = whole.split_at_checked(2)?;
            number(hours)? * 3600 + number(minutes)? * 60
        }
        [_, _, _, _, ..] => return None,
        _ => part(0)? * 3600 + part(1)? * 60 + part(2)?,
    };
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

/// What Python says of a moment that no calendar of its own has.
pub(crate) fn out_of_range() -> ConvertError {
    ConvertError::new(ConvertErrorKind::Overflow, "date value out of range")
}

fn outside(what: &str) -> ConvertError {
    ConvertError::new(ConvertErrorKind::Overflow, format!("{what} is outside the years 1 to 9999"))
}

#[cfg(test)]
mod tests {
    use buffa_types::google::protobuf::Duration;

    use super::{civil, duration, micros, read_iso, timestamp};
    use crate::value::Datetime;

    #[test]
    fn nanoseconds_count_forward_before_1970() {
        let moment = Datetime { civil: "1969-12-31T23:59:59.5".parse().expect("a time"), offset: None };
        let wire = timestamp(&moment).expect("in range");
        assert_eq!((wire.seconds, wire.nanos), (-1, 500_000_000));
        assert_eq!(civil(&wire).expect("in range"), moment.civil);
    }

    #[test]
    fn both_parts_of_a_span_carry_the_sign() {
        let wire = duration(-1_500_000);
        assert_eq!((wire.seconds, wire.nanos), (-1, -500_000_000));
        assert_eq!(micros(&wire), Ok(-1_500_000));
    }

    #[test]
    fn a_span_beyond_all_counting_is_refused() {
        for seconds in [i64::MIN, i64::MAX] {
            let wire = Duration { seconds, nanos: 1_500_000_000, ..Default::default() };
            assert!(micros(&wire).is_err(), "{seconds}");
        }
    }

    #[test]
    fn what_is_no_offset_is_no_moment() {
        for offset in ["+|\u{fffd}", "+99999999:00", "-", "+1:2:3:x", "+12:99999999999", "Z0"] {
            assert_eq!(read_iso(&format!("2020-01-01 01:02:03{offset}")), None, "{offset}");
        }
    }

    #[test]
    fn a_moment_keeps_its_offset() {
        let moment = read_iso("2020-01-01 01:02:03+02:00").expect("a time");
        assert_eq!(moment.offset.map(jiff::tz::Offset::seconds), Some(7200));
        assert_eq!(read_iso("2020-01-01T00:00:00").map(|moment| moment.offset), Some(None));
        assert_eq!(read_iso("2020-01-01").map(|moment| moment.offset), Some(None));
        assert_eq!(read_iso("nonsense"), None);
    }
}
