//! The time of day, as the API shows it.

use jiff::Timestamp;

/// Now, to the microsecond: what every database keeps, so that an answer and its record say the same.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
