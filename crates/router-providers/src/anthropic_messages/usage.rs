//! Token counts of this dialect as disjoint kinds.

use router_core::usage::{self, Tokens, UsageSource};

use super::response::{Counts, Usage};

/// `None` where the provider did not count both input and output.
///
/// Where the API worked in several iterations, the counts at the top are those of the last one: the sum is what is billed.
pub(super) fn usage(reported: &Usage) -> Option<usage::Usage> {
    let iterations = reported.iterations.as_deref().unwrap_or_default();
    let sum = iterations.iter().map(counts).reduce(|sum, more| Some(sum? + more?));
    let total = sum.unwrap_or_else(|| counts(&reported.counts))?;
    // Iterations do not say how much of them was thinking; the top does.
    Some(usage::Usage { reasoning: total.reasoning.max(reasoning(&reported.counts)), ..total })
}

fn counts(reported: &Counts) -> Option<usage::Usage> {
    let written = reported.cache_creation_input_tokens.unwrap_or(0);
    let for_an_hour = reported.cache_creation.as_ref().and_then(|split| split.ephemeral_1h_input_tokens).unwrap_or(0);
    Some(usage::Usage {
        input: Tokens(reported.input_tokens?),
        cache_read: Tokens(reported.cache_read_input_tokens.unwrap_or(0)),
        cache_write_5m: Tokens(written.saturating_sub(for_an_hour)),
        cache_write_1h: Tokens(for_an_hour),
        output: Tokens(reported.output_tokens?),
        reasoning: reasoning(reported),
        source: UsageSource::Reported,
    })
}

fn reasoning(reported: &Counts) -> Tokens {
    Tokens(reported.output_tokens_details.as_ref().and_then(|details| details.thinking_tokens).unwrap_or(0))
}
