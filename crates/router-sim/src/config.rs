//! How a simulator is set up.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use crate::fault::Fault;
use crate::refuses::Refuses;
use crate::wire::Wire;

/// How a simulator behaves; the default answers every model at once and without faults.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// Faults by model name as sent on the wire, so that names without a suffix can have one too.
    /// They win over a suffix.
    pub faults: HashMap<String, Fault>,
    /// What a model refuses, by its name as sent on the wire without suffixes. For names not listed here it follows
    /// from the name as the providers' documentation has it: `gpt-5` wants `max_completion_tokens`, and so on.
    pub refuses: HashMap<String, Vec<Refuses>>,
    /// How long before an answer begins; each model has its own fixed place in the range.
    pub delay: Range<Duration>,
    /// How many tokens (words) a text has, at most 10,000; `None` for as many as it takes to repeat the question.
    /// The suffix `+tokens:60` wins.
    pub tokens: Option<u64>,
    /// The pause before each token of a stream but the first. The suffix `+pace:5ms` wins.
    pub pace: Duration,
    /// What `GET …/models` lists. Models not listed are answered as well.
    pub models: Vec<(Wire, String)>,
    /// How many attempts are remembered, and how many bytes of their bodies together; older ones are forgotten,
    /// and counted.
    pub remembered_attempts: usize,
    /// See [`SimulatorConfig::remembered_attempts`].
    pub remembered_bytes: usize,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        let models = [
            (Wire::OpenAi, "gpt-4o"),
            (Wire::OpenAi, "gpt-5-mini"),
            (Wire::Anthropic, "claude-haiku-4-5"),
            (Wire::Anthropic, "claude-sonnet-5"),
            (Wire::OpenRouter, "openai/gpt-4o"),
            (Wire::OpenRouter, "anthropic/claude-haiku-4.5"),
        ];
        Self {
            faults: HashMap::new(),
            refuses: HashMap::new(),
            delay: Duration::ZERO..Duration::ZERO,
            tokens: None,
            pace: Duration::ZERO,
            models: models.into_iter().map(|(wire, name)| (wire, name.to_owned())).collect(),
            remembered_attempts: 10_000,
            remembered_bytes: 64 << 20,
        }
    }
}

impl SimulatorConfig {
    /// For people who watch: answers take 150–400 ms, streams go at about 50 tokens a second, and little is
    /// remembered.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            delay: Duration::from_millis(150)..Duration::from_millis(400),
            pace: Duration::from_millis(20),
            remembered_attempts: 100,
            remembered_bytes: 1 << 20,
            ..Self::default()
        }
    }

    /// Where `model` stands in [`SimulatorConfig::delay`]: by a hash of its name (FNV-1a), so that it is the same
    /// in every run.
    pub(crate) fn delay_of(&self, model: &str) -> Duration {
        let spread = self.delay.end.saturating_sub(self.delay.start).as_micros();
        let hash = model
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let place = u128::from(hash).checked_rem(spread).unwrap_or(0);
        self.delay.start + Duration::from_micros(u64::try_from(place).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_fixed_and_in_range() {
        let demo = SimulatorConfig::demo();
        assert_eq!(demo.delay_of("gpt-4o"), demo.delay_of("gpt-4o"));
        assert!(demo.delay.contains(&demo.delay_of("gpt-4o")));
        assert_ne!(demo.delay_of("gpt-4o"), demo.delay_of("gpt-5"));
        assert_eq!(SimulatorConfig::default().delay_of("gpt-4o"), Duration::ZERO);
    }
}
