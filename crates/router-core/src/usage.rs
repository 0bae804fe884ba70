//! What an answer consumed, in disjoint kinds of tokens, so that each token is priced exactly once.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// A number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tokens(pub u64);

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self(0), Add::add)
    }
}

/// Who counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum UsageSource {
    /// The provider reported it: what its invoice will say.
    Reported,
    /// We counted characters, because the provider said nothing (or the answer was cut short).
    #[default]
    Estimated,
}

/// Tokens by billed kind. The kinds are disjoint (`reasoning` is the one exception: it is a part of `output`),
/// whatever the provider's own convention: OpenAI counts cached tokens inside `prompt_tokens`, Anthropic beside `input_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// Input read at the full price: neither from nor into the prompt cache.
    pub input: Tokens,
    /// Input served from the provider's prompt cache.
    #[serde(default)]
    pub cache_read: Tokens,
    /// Input written to the prompt cache for the default time (5 minutes at Anthropic, 30 minutes at OpenAI).
    #[serde(default)]
    pub cache_write_5m: Tokens,
    /// Input written to the prompt cache for an hour or longer.
    #[serde(default)]
    pub cache_write_1h: Tokens,
    /// Everything billed as output, reasoning included.
    pub output: Tokens,
    /// The part of `output` spent on reasoning. Informative: never priced again.
    #[serde(default)]
    pub reasoning: Tokens,
    /// Who counted.
    pub source: UsageSource,
}

impl Usage {
    /// All input tokens: what the context window and the long-context price tiers look at.
    #[must_use]
    pub fn total_input(&self) -> Tokens {
        self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h
    }

    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> Tokens {
        self.total_input() + self.output
    }
}

impl Add for Usage {
    type Output = Self;

    /// The sum is as trustworthy as its weaker part.
    fn add(self, other: Self) -> Self {
        let reported = self.source == UsageSource::Reported && other.source == UsageSource::Reported;
        Self {
            input: self.input + other.input,
            cache_read: self.cache_read + other.cache_read,
            cache_write_5m: self.cache_write_5m + other.cache_write_5m,
            cache_write_1h: self.cache_write_1h + other.cache_write_1h,
            output: self.output + other.output,
            reasoning: self.reasoning + other.reasoning,
            source: if reported { UsageSource::Reported } else { UsageSource::Estimated },
        }
    }
}
