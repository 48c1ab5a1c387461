//! Times and spans of the wire.

use buffa_types::google::protobuf::{Duration, Timestamp as WireTimestamp};
use wingbeat_model::{Span, Timestamp};

/// To the wire.
pub fn timestamp(at: Timestamp) -> WireTimestamp {
    let (seconds, nanos) = at.to_parts();
    WireTimestamp::from_unix(seconds, nanos)
}

/// From the wire; what is finer than a microsecond is cut off.
pub fn from_timestamp(wire: &WireTimestamp) -> Timestamp {
    Timestamp::from_parts(wire.seconds, wire.nanos)
}

/// To the wire.
pub fn duration(span: Span) -> Duration {
    Duration::from(span.to_std())
}

/// From the wire; negative ones become zero.
pub fn from_duration(wire: &Duration) -> Span {
    Span::from_micros(wire.seconds.saturating_mul(1_000_000).saturating_add(i64::from(wire.nanos) / 1_000))
}

/// A limit of the wire: unset and zero both mean that there is none.
pub fn limit(wire: Option<&Duration>) -> Option<Span> {
    wire.map(from_duration).filter(|span| !span.is_zero())
}
