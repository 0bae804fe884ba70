//! How much of a decision goes with every answer and into every record.

use router_core::decision::Decision;
use router_core::explain::Explanation;
use router_core::raw_json::RawJson;

/// Candidates that an answer and its record name, and as many models that are excluded. A catalogue may have hundreds, and a
/// log that repeats them with every request is mostly catalogue; a dry run shows them all.
const MODELS: usize = 5;

/// The explanation with the best candidates only, and how many more there were.
pub(crate) fn brief(decision: &Decision) -> RawJson {
    RawJson::of(&Explanation::of_best(decision, MODELS))
}
