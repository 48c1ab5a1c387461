//! Times and durations as text: ISO 8601 out; in also what people and other servers write.

use buffa_types::google::protobuf::{Duration, Timestamp};
use jiff::{SignedDuration, Span, SpanRelativeTo, civil};

/// RFC 3339 in UTC; `None` outside the years 1 to 9999.
pub(super) fn datetime_text(at: &Timestamp) -> Option<String> {
    jiff::Timestamp::new(at.seconds, at.nanos).ok().map(|at| at.to_string())
}

/// With an offset, or without one (then UTC), or a date alone.
pub(super) fn read_datetime(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<civil::DateTime>().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })?;
    // Nanoseconds count forward from the second, also before 1970.
    let nanos = i64::try_from(at.as_nanosecond().rem_euclid(1_000_000_000)).ok()?;
    let seconds = i64::try_from(at.as_nanosecond().div_euclid(1_000_000_000)).ok()?;
    Some(Timestamp::from_unix(seconds, i32::try_from(nanos).ok()?))
}

/// `PT1H30M`.
pub(super) fn duration_text(span: &Duration) -> String {
    SignedDuration::new(span.seconds, span.nanos).to_string()
}

/// `PT1H30M`, `P1D` (24 hours), `1h30m0s`, `90 minutes`.
pub(super) fn read_duration(text: &str) -> Option<Duration> {
    let span: Span = text.trim().parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Some(Duration::from_secs_nanos(length.as_secs(), length.subsec_nanos()))
}

/// A number of seconds.
pub(super) fn duration_of_seconds(seconds: f64) -> Option<Duration> {
    let length = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Some(Duration::from_secs_nanos(length.as_secs(), length.subsec_nanos()))
}
