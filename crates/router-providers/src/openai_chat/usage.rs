//! Token counts of this dialect as disjoint kinds.

use router_core::usage::{self, Tokens, UsageSource};

use super::response::Usage;

/// The same where what was written to the cache stays there for long: the dialect does not say for how long it wrote what,
/// so all of it counts as the dearer kind.
pub(crate) fn written_for_long(usage: usage::Usage) -> usage::Usage {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    usage::Usage { cache_write_5m: Tokens(0), cache_write_1h: written, ..usage }
}

/// `None` where the provider did not count both input and output.
///
/// `prompt_tokens` includes cached and written tokens. `completion_tokens` includes reasoning, except at xAI and Google:
/// they bill it as output but show it only in `total_tokens`, so the total decides where it says more.
pub(super) fn usage(reported: &Usage) -> Option<usage::Usage> {
    let (prompt, completion) = (reported.prompt_tokens?, reported.completion_tokens?);
    let details = reported.prompt_tokens_details.as_ref();
    let cached = details.and_then(|details| details.cached_tokens).or(reported.prompt_cache_hit_tokens).unwrap_or(0);
    let written = details.and_then(|details| details.cache_write_tokens).unwrap_or(0);
    let reasoning =
        reported.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens).unwrap_or(0);
    let beyond_prompt = reported.total_tokens.unwrap_or(0).saturating_sub(prompt);
    Some(usage::Usage {
        input: Tokens(prompt.saturating_sub(cached).saturating_sub(written)),
        cache_read: Tokens(cached),
        cache_write_5m: Tokens(written),
        cache_write_1h: Tokens(0),
        output: Tokens(completion.max(beyond_prompt)),
        reasoning: Tokens(reasoning),
        source: UsageSource::Reported,
    })
}
