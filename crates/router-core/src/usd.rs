//! Money, exactly.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// US dollars in whole nano-dollars (10⁻⁹ USD): sums are exact, up to 9.2 billion dollars.
///
/// In JSON it is a number of dollars. Amounts up to two million dollars survive that to the nano-dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i64);

/// Nano-dollars in a dollar.
const NANOS: f64 = 1e9;

impl Usd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From whole nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From dollars, rounded to the nearest nano-dollar; out-of-range and NaN saturate as `as` does.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * NANOS).round() as i64)
    }

    /// Whole nano-dollars: what the ledger stores.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Dollars, for people and for scoring; not for sums.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / NANOS
    }

    /// `self + other`, stopping at the largest amount instead of wrapping.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

impl fmt::Display for Usd {
    /// `$0.000012345`: all nine decimals are significant, trailing zeros beyond the cent are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let fraction = format!("{:09}", nanos % 1_000_000_000);
        let significant = fraction.trim_end_matches('0').len().max(2);
        write!(f, "{sign}${}.{}", nanos / 1_000_000_000, &fraction[..significant])
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from_dollars)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Usd {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "description": "US dollars, exact to 1e-9."})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_cents_at_least_and_nanos_at_most() {
        assert_eq!(Usd::from_dollars(12.0).to_string(), "$12.00");
        assert_eq!(Usd::from_nanos(12_345).to_string(), "$0.000012345");
        assert_eq!(Usd::from_nanos(-500_000_000).to_string(), "-$0.50");
    }

    #[test]
    fn json_keeps_every_nano_dollar() {
        for nanos in [0, 1, -1, 999_999_999, 2_000_000_000_000_001] {
            let json = serde_json::to_string(&Usd::from_nanos(nanos)).unwrap();
            assert_eq!(serde_json::from_str::<Usd>(&json).unwrap().nanos(), nanos, "{json}");
        }
    }

    #[test]
    fn sums_saturate_instead_of_wrapping() {
        assert_eq!(Usd::from_nanos(i64::MAX) + Usd::from_nanos(1), Usd::from_nanos(i64::MAX));
    }
}
