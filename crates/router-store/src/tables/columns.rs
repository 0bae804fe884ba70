//! How the words of a record become columns and come back, the same in every database.

use super::sql_types::Day;
use crate::error::StoreError;
use jiff::Timestamp;
use jiff::tz::Offset;
use router_core::id::RequestId;
use router_core::principal::Role;
use router_core::usage::UsageSource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One stored row, for messages about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// `request record`, `feedback`.
    pub(crate) what: &'static str,
    pub(crate) id: &'a dyn std::fmt::Debug,
}

impl Row<'_> {
    /// For `map_err`: a column of a stored row does not say what it should.
    pub(crate) fn corrupt<E: std::fmt::Display>(self, column: &str) -> impl FnOnce(E) -> StoreError {
        move |error| StoreError::Corrupt { what: self.what, message: format!("{column} of {:?}: {error}", self.id) }
    }

    /// For `map_err`: a column cannot hold the value.
    pub(crate) fn refused<E: std::fmt::Display>(self, column: &str) -> impl FnOnce(E) -> StoreError {
        move |error| StoreError::Refused { what: self.what, message: format!("{column} of {:?}: {error}", self.id) }
    }

    /// A value that is stored under its JSON name.
    pub(crate) fn named<T: DeserializeOwned>(self, column: &str, name: &str) -> Result<T, StoreError> {
        serde_json::from_value(json!(name)).map_err(self.corrupt(column))
    }

    /// A value that is stored as JSON text.
    pub(crate) fn json<T: DeserializeOwned>(self, column: &str, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(self.corrupt(column))
    }

    /// JSON text.
    pub(crate) fn to_json(self, column: &str, value: &impl Serialize) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(self.refused(column))
    }

    /// A count, which databases keep with a sign.
    pub(crate) fn count(self, column: &str, count: u64) -> Result<i64, StoreError> {
        i64::try_from(count).map_err(self.refused(column))
    }

    /// A stored count.
    pub(crate) fn uncount(self, column: &str, count: i64) -> Result<u64, StoreError> {
        u64::try_from(count).map_err(self.corrupt(column))
    }

    /// The UTC day in a UUIDv7.
    pub(crate) fn day(self, id: RequestId) -> Result<Day, StoreError> {
        let refused = || self.refused("id")("it is not a UUIDv7");
        let (seconds, nanos) = id.0.get_timestamp().ok_or_else(refused)?.to_unix();
        let seconds = i64::try_from(seconds).map_err(self.refused("id"))?;
        let time = Timestamp::new(seconds, nanos.cast_signed()).map_err(self.refused("id"))?;
        Ok(Day(Offset::UTC.to_datetime(time).date()))
    }

    /// A stored time.
    pub(crate) fn time(self, column: &str, micros: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(micros).map_err(self.corrupt(column))
    }
}

/// The JSON name of who counted.
pub(crate) const fn usage_source(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Reported => "reported",
        UsageSource::Estimated => "estimated",
    }
}

/// The JSON name of a role.
pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Analyst => "analyst",
        Role::Caller => "caller",
        Role::System => "system",
    }
}

/// Metadata that is absent and metadata that is `null` are the same to a caller, and to the database.
pub(crate) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ROW: Row<'static> = Row { what: "test", id: &0 };

    #[test]
    fn usage_sources_come_back_from_their_names() {
        for source in [UsageSource::Reported, UsageSource::Estimated] {
            assert_eq!(ROW.named::<UsageSource>("usage_source", usage_source(source)).unwrap(), source);
        }
    }

    #[test]
    fn the_day_is_in_the_id() {
        // RFC 9562's example: 2022-02-22T19:22:22Z.
        let id = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F".parse().unwrap();
        assert_eq!(ROW.day(id).unwrap(), Day(jiff::civil::date(2022, 2, 22)));
        for other in [Uuid::nil(), Uuid::from_u128(0x4000_8000_0000_0000_0000)] {
            assert!(matches!(ROW.day(RequestId(other)), Err(StoreError::Refused { .. })), "{other}");
        }
    }
}
