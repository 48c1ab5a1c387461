//! Decides which bytes a `Range` header asks for. Pure. One range only: several are answered
//! with the whole object, as RFC 9110 allows.

use std::ops::Range;

/// One byte range, before the object's size is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRequest {
    /// `bytes=a-b`, both included; `a <= b`.
    Between {
        /// First byte.
        first: u64,
        /// Last byte.
        last: u64,
    },
    /// `bytes=a-`.
    From {
        /// First byte.
        first: u64,
    },
    /// `bytes=-n`: the last `n` bytes.
    Last {
        /// How many.
        count: u64,
    },
}

/// No byte of the object lies in the range: answer 416 with `bytes */<size>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no byte of the requested range exists in an object of {size} bytes")]
pub struct Unsatisfiable {
    /// The object's size in bytes.
    pub size: u64,
}

impl RangeRequest {
    /// Reads a `Range` header. `None` means: ignore the header and send the whole object.
    ///
    /// Source: RFC 9110, 14.1.2 and 14.2.
    pub fn parse(header: &str) -> Option<Self> {
        let (unit, spec) = header.trim().split_once('=')?;
        if !unit.trim_end().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = spec.trim().split_once('-')?;
        match (first.trim(), last.trim()) {
            ("", count) => Some(Self::Last { count: number(count)? }),
            (first, "") => Some(Self::From { first: number(first)? }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between { first, last })
            }
        }
    }

    /// The bytes to send of an object of `size` bytes; never empty.
    pub fn resolve(self, size: u64) -> Result<Range<u64>, Unsatisfiable> {
        let range = match self {
            Self::Between { first, last } => first..size.min(last.saturating_add(1)),
            Self::From { first } => first..size,
            Self::Last { count } => size.saturating_sub(count)..size,
        };
        if range.is_empty() { Err(Unsatisfiable { size }) } else { Ok(range) }
    }
}

/// Digits only: `u64::from_str` would take a sign.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number that does not fit means "beyond any object".
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{RangeRequest, Unsatisfiable};

    #[test]
    fn ranges_of_ten_bytes() {
        // Outer: whether the header counts. Inner: whether it can be satisfied.
        type Want = Option<Result<std::ops::Range<u64>, ()>>;
        let cases: [(&str, Want); 21] = [
            ("bytes=0-3", Some(Ok(0..4))),
            ("bytes=9-9", Some(Ok(9..10))),
            ("bytes=5-", Some(Ok(5..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-99", Some(Ok(0..10))),
            ("bytes=0-99999999999999999999999", Some(Ok(0..10))),
            ("Bytes = 2 - 4 ", Some(Ok(2..5))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=10-12", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=18446744073709551615-", Some(Err(()))),
            ("bytes=4-2", None),
            ("bytes=", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("bytes=1-2,4-5", None),
            ("bytes=--1", None),
            ("lines=1-2", None),
            ("1-2", None),
            ("", None),
        ];
        for (header, want) in cases {
            let got = RangeRequest::parse(header).map(|range| range.resolve(10).map_err(|_| ()));
            assert_eq!(got, want, "{header:?}");
        }
    }

    #[test]
    fn an_empty_object_has_no_range() {
        for header in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
            let range = RangeRequest::parse(header).unwrap();
            assert_eq!(range.resolve(0), Err(Unsatisfiable { size: 0 }), "{header}");
        }
    }
}
