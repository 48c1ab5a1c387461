//! Points in time, dates and durations, of the crate `jiff`.

use buffa_types::google::protobuf::{Duration as WireDuration, Timestamp as WireTimestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use wingbeat_proto::flyteidl2::core::{Literal, LiteralType, SimpleType, primitive};

use super::primitives::read;
use super::{Packer, Unpacker, Value, ValueError, literals};

fn to_wire(time: Timestamp) -> Literal {
    let wire =
        WireTimestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond(), ..Default::default() };
    // Before 1970 the wire wants nanoseconds that count forward.
    let wire = if wire.nanos < 0 {
        WireTimestamp { seconds: wire.seconds - 1, nanos: wire.nanos + 1_000_000_000, ..wire }
    } else {
        wire
    };
    literals::primitive_literal(primitive::Value::Datetime(Box::new(wire)))
}

fn from_wire(wire: &WireTimestamp) -> Result<Timestamp, ValueError> {
    Timestamp::new(wire.seconds, wire.nanos)
        .map_err(|_| ValueError::new("datetime", format!("{} seconds after 1970", wire.seconds)))
}

/// As Python's `isoformat()` writes it.
fn iso(time: Timestamp) -> String {
    let civil = TimeZone::UTC.to_datetime(time);
    let micros = civil.subsec_nanosecond() / 1_000;
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{}{fraction}+00:00", civil.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// With an offset or without, which means UTC.
fn parse(text: &str) -> Result<Timestamp, ValueError> {
    let naive = || {
        text.parse::<DateTime>()
            .and_then(|civil| civil.to_zoned(TimeZone::UTC))
            .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>()
        .or_else(|_| naive())
        .map_err(|_| ValueError::new("datetime", format!("`{text}`")))
}

impl Value for Timestamp {
    const TAG: &'static str = "datetime";
    fn literal_type() -> LiteralType {
        literals::of_simple(SimpleType::DATETIME)
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        Ok(to_wire(*self))
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        read(literal, "datetime", |value| {
            if let primitive::Value::Datetime(wire) = value { Some(from_wire(wire)) } else { None }
        })
    }
    fn schema() -> Json {
        json!({"type": "string", "format": "date-time"})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.text(&iso(*self));
        Ok(())
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        parse(input.text()?)
    }
}

impl Value for Date {
    const TAG: &'static str = "date";
    fn literal_type() -> LiteralType {
        literals::of_simple(SimpleType::DATETIME)
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        let midnight = self.to_zoned(TimeZone::UTC);
        let midnight =
            midnight.map_err(|_| ValueError::new("a date that has a time in UTC", self.to_string()))?;
        Ok(to_wire(midnight.timestamp()))
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        read(literal, "date", |value| {
            if let primitive::Value::Datetime(wire) = value {
                Some(from_wire(wire).map(|time| TimeZone::UTC.to_datetime(time).date()))
            } else {
                None
            }
        })
    }
    fn schema() -> Json {
        json!({"type": "string", "format": "date"})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.text(&self.to_string());
        Ok(())
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        let text = input.text()?;
        text.parse().map_err(|_| ValueError::new("date", format!("`{text}`")))
    }
}

impl Value for SignedDuration {
    const TAG: &'static str = "timedelta";
    fn literal_type() -> LiteralType {
        literals::of_simple(SimpleType::DURATION)
    }
    fn to_literal(&self) -> Result<Literal, ValueError> {
        let wire = WireDuration { seconds: self.as_secs(), nanos: self.subsec_nanos(), ..Default::default() };
        Ok(literals::primitive_literal(primitive::Value::Duration(Box::new(wire))))
    }
    fn from_literal(literal: &Literal) -> Result<Self, ValueError> {
        read(literal, "timedelta", |value| {
            if let primitive::Value::Duration(wire) = value {
                Some(
                    Self::from_secs(wire.seconds)
                        .checked_add(Self::from_nanos(wire.nanos.into()))
                        .ok_or_else(|| ValueError::new("timedelta", format!("{} seconds", wire.seconds))),
                )
            } else {
                None
            }
        })
    }
    fn schema() -> Json {
        json!({"type": "number", "format": "time-delta"})
    }
    fn pack(&self, out: &mut Packer) -> Result<(), ValueError> {
        out.float(self.as_secs_f64());
        Ok(())
    }
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, ValueError> {
        let seconds = input.float()?;
        Self::try_from_secs_f64(seconds)
            .map_err(|_| ValueError::new("timedelta", format!("{seconds} seconds")))
    }
}
