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

/// `PT1H30M`; `None` beyond what seconds of 64 bits count.
pub(super) fn duration_text(span: &Duration) -> Option<String> {
    let length = SignedDuration::from_secs(span.seconds);
    length.checked_add(SignedDuration::from_nanos(span.nanos.into())).map(|length| length.to_string())
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

#[cfg(test)]
mod tests {
    use buffa_types::google::protobuf::Duration;

    use super::duration_text;

    #[test]
    fn a_span_beyond_all_counting_has_no_text() {
        let text = |seconds, nanos| duration_text(&Duration { seconds, nanos, ..Default::default() });
        assert_eq!(text(5400, 0).as_deref(), Some("PT1H30M"));
        assert_eq!(text(i64::MAX, 1_500_000_000), None);
        assert_eq!(text(i64::MIN, -1_500_000_000), None);
    }
}
