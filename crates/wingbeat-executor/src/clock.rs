//! The machine's clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};

use wingbeat_model::Timestamp;

/// Now, to the microsecond. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    at(SystemTime::now())
}

/// A moment that the system gave, in the same way.
pub(crate) fn at(moment: SystemTime) -> Timestamp {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
