//! Prices, and what a usage costs at them. An unknown price is a state of its own, never zero.

use serde::{Deserialize, Serialize};

use crate::usage::{Tokens, Usage};
use crate::usd::Usd;

/// USD per one million tokens, held as whole pico-dollars (10⁻¹² USD) per token: exact to six decimals of
/// the published figure, so that $0.0125 per million is not rounded away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PerMillion(u64);

impl PerMillion {
    /// From the published figure; `None` unless it is finite and not negative.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        (dollars.is_finite() && dollars >= 0.0).then(|| Self((dollars * 1e6).round() as u64))
    }

    /// The published figure.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    fn picos(self, tokens: Tokens) -> u128 {
        u128::from(self.0) * u128::from(tokens.0)
    }
}

impl Serialize for PerMillion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

/// The rates for one range of prompt lengths. `None` for a kind means what [`Rates::cost`] says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Fresh input.
    pub input: PerMillion,
    /// Output, reasoning included.
    pub output: PerMillion,
    /// Input from the prompt cache.
    pub cache_read: Option<PerMillion>,
    /// Input into the prompt cache, for its default time.
    pub cache_write_5m: Option<PerMillion>,
    /// Input into the prompt cache, for an hour or longer.
    pub cache_write_1h: Option<PerMillion>,
}

/// Rates for prompts longer than a threshold. They then apply to *all* tokens of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LongContextTier {
    /// Applies when all input tokens together are more than this.
    pub above_input_tokens: Tokens,
    /// At these rates.
    pub rates: Rates,
}

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// For prompts of ordinary length.
    pub base: Rates,
    /// For long ones, by rising threshold.
    pub long_context: Vec<LongContextTier>,
    /// Where the figures come from.
    pub source: String,
    /// When they were read.
    pub as_of: Option<jiff::civil::Date>,
}

/// What something cost. Unknown is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Cost {
    /// The price is known.
    Priced {
        /// The amount.
        usd: Usd,
    },
    /// The price of some token in it is not known, so the amount is not either.
    Unpriced,
}

impl Cost {
    /// Nothing was consumed.
    pub const ZERO: Self = Self::Priced { usd: Usd::ZERO };

    /// The amount, where it is known.
    #[must_use]
    pub const fn usd(self) -> Option<Usd> {
        match self {
            Self::Priced { usd } => Some(usd),
            Self::Unpriced => None,
        }
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    /// A sum with an unknown part is unknown.
    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Priced { usd: a }, Self::Priced { usd: b }) => Self::Priced { usd: a + b },
            _ => Self::Unpriced,
        }
    }
}

impl Rates {
    /// What `usage` costs at these rates, rounded once, half up, to the nano-dollar.
    ///
    /// - Cached input without a rate of its own is fresh input: the provider gives no discount.
    /// - Written input without any write rate is fresh input: the provider makes no surcharge.
    /// - Input written for an hour, where only the five-minute rate is known, is unpriced: a surcharge exists and we don't know it.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Cost {
        let write_5m = self.cache_write_5m.unwrap_or(self.input);
        let write_1h = match (self.cache_write_1h, self.cache_write_5m) {
            (Some(rate), _) => rate,
            (None, None) => self.input,
            (None, Some(_)) if usage.cache_write_1h == Tokens(0) => self.input,
            (None, Some(_)) => return Cost::Unpriced,
        };
        let picos = self.input.picos(usage.input)
            + self.cache_read.unwrap_or(self.input).picos(usage.cache_read)
            + write_5m.picos(usage.cache_write_5m)
            + write_1h.picos(usage.cache_write_1h)
            + self.output.picos(usage.output);
        let nanos = i64::try_from((picos + 500) / 1000).unwrap_or(i64::MAX);
        Cost::Priced { usd: Usd::from_nanos(nanos) }
    }
}

impl Price {
    /// The rates for a prompt with that many input tokens, cached ones included.
    #[must_use]
    pub fn rates_for(&self, total_input: Tokens) -> &Rates {
        let tier = self.long_context.iter().rev().find(|tier| total_input > tier.above_input_tokens);
        tier.map_or(&self.base, |tier| &tier.rates)
    }

    /// What `usage` costs.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Cost {
        self.rates_for(usage.total_input()).cost(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::UsageSource;

    fn rate(dollars: f64) -> PerMillion {
        PerMillion::from_dollars(dollars).unwrap()
    }

    fn rates() -> Rates {
        Rates {
            input: rate(3.0),
            output: rate(15.0),
            cache_read: Some(rate(0.3)),
            cache_write_5m: Some(rate(3.75)),
            cache_write_1h: Some(rate(6.0)),
        }
    }

    fn usage() -> Usage {
        Usage {
            input: Tokens(1_000),
            cache_read: Tokens(10_000),
            cache_write_5m: Tokens(2_000),
            cache_write_1h: Tokens(100),
            output: Tokens(500),
            reasoning: Tokens(300),
            source: UsageSource::Reported,
        }
    }

    #[test]
    fn every_token_is_priced_once() {
        // By hand: 1000×3 + 10000×0.3 + 2000×3.75 + 100×6 + 500×15 = 3000+3000+7500+600+7500 µ$ = 21,600 µ$.
        assert_eq!(rates().cost(&usage()), Cost::Priced { usd: Usd::from_nanos(21_600_000) });
    }

    #[test]
    fn sub_nano_prices_round_once_at_the_end() {
        let cheap = Rates { input: rate(0.0125), ..rates() };
        // 0.0125 $/M × 3 tokens = 37.5 nano-dollars; half up.
        let three = Usage { input: Tokens(3), ..Usage::default() };
        assert_eq!(cheap.cost(&three), Cost::Priced { usd: Usd::from_nanos(38) });
    }

    #[test]
    fn an_hour_write_with_an_unknown_surcharge_is_unpriced_not_free() {
        let rates = Rates { cache_write_1h: None, ..rates() };
        assert_eq!(rates.cost(&usage()), Cost::Unpriced);
        assert_ne!(rates.cost(&Usage { cache_write_1h: Tokens(0), ..usage() }), Cost::Unpriced);
    }

    #[test]
    fn the_long_context_tier_starts_above_its_threshold() {
        let long = Rates { input: rate(6.0), ..rates() };
        let price = Price {
            base: rates(),
            long_context: vec![LongContextTier { above_input_tokens: Tokens(200_000), rates: long }],
            source: "test".into(),
            as_of: None,
        };
        assert_eq!(price.rates_for(Tokens(200_000)).input, rate(3.0));
        assert_eq!(price.rates_for(Tokens(200_001)).input, rate(6.0));
    }

    #[test]
    fn a_sum_with_an_unknown_part_is_unknown() {
        assert_eq!(Cost::ZERO + Cost::Unpriced, Cost::Unpriced);
    }
}
