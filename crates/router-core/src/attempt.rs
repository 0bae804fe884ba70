//! One try at one model, as it is recorded and shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error_kind::ErrorKind;
use crate::id::{ModelId, ProviderId};
use crate::price::Cost;
use crate::usage::Usage;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AttemptOutcome {
    /// The model answered, whole.
    Succeeded,
    /// It did not.
    Failed {
        /// Why.
        kind: ErrorKind,
        /// The provider's HTTP status, where there was a response.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        upstream_status: Option<u16>,
    },
}

/// One try at one model. Whoever was tried is named, whatever became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attempt {
    /// The model that was asked.
    pub model_id: ModelId,
    /// Where.
    pub provider: ProviderId,
    /// When it began, from the request's arrival.
    #[serde(rename = "startedMs", with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub started: Duration,
    /// From asking to the first delta, reasoning included, where the answer was streamed.
    #[serde(rename = "firstTokenMs", with = "maybe_millis", skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub first_token: Option<Duration>,
    /// How long it took.
    #[serde(rename = "durationMs", with = "millis")]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub duration: Duration,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Some of the answer that the caller got is from it: also of an attempt that failed in the middle.
    #[serde(default)]
    pub contributed: bool,
    /// What it consumed, where known; a failed attempt may have been billed too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<Usage>,
    /// What it cost, where usage is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cost: Option<Cost>,
}

/// Durations that may not be there, as [`millis`].
pub mod maybe_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Millis(#[serde(with = "super::millis")] Duration);

    /// As a number of milliseconds, or `null`.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(Millis).serialize(serializer)
    }

    /// From a number of milliseconds, or `null`.
    ///
    /// # Errors
    /// Not a finite, non-negative number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Option::<Millis>::deserialize(deserializer).map(|millis| millis.map(|Millis(duration)| duration))
    }
}

/// Durations as milliseconds with three decimals.
pub mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// As a number of milliseconds, exact to the microsecond.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_micros() as f64 / 1e3)
    }

    /// From a number of milliseconds.
    ///
    /// # Errors
    /// Not a finite, non-negative number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let millis = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(millis / 1e3).map_err(serde::de::Error::custom)
    }
}
