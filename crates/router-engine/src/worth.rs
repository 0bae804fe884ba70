//! What a request may cost at a model, before anybody is asked: what is reserved of its caller's budgets.

use router_core::bound::most_input_tokens;
use router_core::conversation::Conversation;
use router_core::decision::Decision;
use router_core::model::Model;
use router_core::price::Cost;
use router_core::registry::Registry;
use router_core::usage::{Tokens, Usage};
use router_core::usd::Usd;
use router_providers::original::Original;
use serde::Deserialize;

/// The output that is reserved for a caller who does not say how long the answer may be: most answers are shorter, and a
/// model's own limit (up to 128,000) would lock most of a budget away.
pub(crate) const USUAL_OUTPUT: Tokens = Tokens(4_096);

/// The tokens of a request, as its reservation counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worth {
    input: Tokens,
    /// Of all choices together.
    output: Tokens,
    /// The input may be written to a provider's cache, which is dearer.
    strict: bool,
}

impl Worth {
    /// Of a request whose budgets may be exceeded by what answers exceed their reservations.
    pub(crate) fn usual(conversation: &Conversation, original: Option<&Original>, decision: &Decision) -> Self {
        let output = conversation.max_output.unwrap_or(USUAL_OUTPUT).min(USUAL_OUTPUT);
        Self { input: decision.input_tokens, output: Tokens(output.0.saturating_mul(choices(original))), strict: false }
    }

    /// Of one whose budgets may not be exceeded at all: no tokenizer makes more tokens of a text than it has bytes, and the
    /// answer is capped.
    pub(crate) fn at_most(conversation: &Conversation, original: Option<&Original>, decision: &Decision) -> Self {
        let output = conversation.max_output.unwrap_or(USUAL_OUTPUT);
        let input = most_input_tokens(conversation).max(decision.input_tokens);
        Self { input, output: Tokens(output.0.saturating_mul(choices(original))), strict: true }
    }

    /// What it may cost at `model`; unknown where the model's price is.
    pub(crate) fn at(&self, model: &Model) -> Cost {
        let usage = |input, written| Usage { input, cache_write_1h: written, output: self.output, ..Usage::default() };
        let plain = model.cost(&usage(self.input, Tokens(0)));
        let written = if self.strict { model.cost(&usage(Tokens(0), self.input)) } else { plain };
        match (plain, written) {
            (Cost::Priced { usd: plain }, Cost::Priced { usd: written }) => Cost::Priced { usd: plain.max(written) },
            // A price for the cache that nobody knows is none for the rest.
            (known, _) => known,
        }
    }

    /// What it may cost at `model`; where nobody knows the price, what the dearest model of the catalogue would cost.
    pub(crate) fn assumed(&self, model: &Model, registry: &Registry) -> Usd {
        let dearest = || registry.models().iter().filter_map(|model| self.at(model).usd()).max().unwrap_or_default();
        self.at(model).usd().unwrap_or_else(dearest)
    }
}

/// Fields whose use is billed by other rates than the catalogue's: other speeds and places of service, tools that the provider
/// runs.
const PRICED_APART: [&str; 8] = [
    "service_tier",
    "plugins",
    "web_search_options",
    "speed",
    "inference_geo",
    "tools.type",
    "mcp_servers",
    "container",
];

/// Whether a target that is sent the caller's own words bills something that is not in the price list.
pub(crate) fn is_priced_apart(original: &Original) -> bool {
    original.uncarried.iter().any(|lost| PRICED_APART.contains(&lost.field.as_str()))
}

/// How many answers are asked for at once.
fn choices(original: Option<&Original>) -> u64 {
    #[derive(Deserialize)]
    struct Choices {
        n: Option<u64>,
    }
    let Some(original) = original.filter(|original| original.uncarried.iter().any(|lost| lost.field == "n")) else {
        return 1;
    };
    serde_json::from_slice::<Choices>(&original.body).ok().and_then(|choices| choices.n).unwrap_or(1).max(1)
}
