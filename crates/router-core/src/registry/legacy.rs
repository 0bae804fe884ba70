//! The four things that the original product's configuration wrote differently. Files in its format keep working:
//! `costPer1kTokens`, `maxContextLength`, `averageLatency`, `supportsTools` and `supportsFunctionCalling`.

use crate::model::SpeedPrior;
use crate::price::{Price, Rates};
use crate::registry::error::RegistryProblem;
use crate::registry::fields::{Field, Fields, Report};
use crate::registry::price_field::{PER_THOUSAND, in_and_out};

/// The answer that `averageLatency` is taken to be about: a paragraph. An assumption, which live statistics replace.
const AVERAGE_ANSWER_TOKENS: f32 = 150.0;

/// The share of `averageLatency` taken to pass before the first token. An assumption as well.
const FIRST_TOKEN_SHARE: f32 = 0.25;

/// `costPer1kTokens = { input = 0.005, output = 0.015 }`: a thousandth of the present unit.
pub(super) fn cost_per_thousand(field: &Field<'_>, report: &mut Report) -> Option<Option<Price>> {
    let mut fields = field.table("a table with input and output", report)?;
    let (input, output) = in_and_out(&mut fields, PER_THOUSAND, report);
    fields.finish(report);
    let base = Rates { input: input?, output: output?, cache_read: None, cache_write_5m: None, cache_write_1h: None };
    let source = "costPer1kTokens".to_owned();
    Some(Some(Price { base, long_context: Vec::new(), source, as_of: None }))
}

/// `averageLatency = 2000`: milliseconds for a whole answer.
pub(super) fn average_latency(field: &Field<'_>, report: &mut Report) -> Option<SpeedPrior> {
    let fits = |millis: f64| (1.0..=3.6e6).contains(&millis);
    let millis = field.number_in(fits, "of milliseconds, from 1 to 3600000", report)?;
    let seconds = millis as f32 / 1e3;
    Some(SpeedPrior {
        first_token_seconds: seconds * FIRST_TOKEN_SHARE,
        tokens_per_second: AVERAGE_ANSWER_TOKENS / (seconds * (1.0 - FIRST_TOKEN_SHARE)),
    })
}

/// `supportsTools` and `supportsFunctionCalling` are two words for one thing: either of them suffices. `None` if
/// neither is there.
pub(super) fn supports_tools(fields: &mut Fields<'_>, beside_capabilities: bool, report: &mut Report) -> Option<bool> {
    let mut tools = None;
    for name in ["supportsTools", "supportsFunctionCalling"] {
        let Some(field) = fields.take(name) else { continue };
        if beside_capabilities {
            field.wrong(RegistryProblem::BothFormats { new: "capabilities" }, report);
        }
        if let Some(supports) = field.boolean(report) {
            tools = Some(supports || tools == Some(true));
        }
    }
    tools
}
