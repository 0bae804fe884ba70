//! How much of a decision goes with every answer and into every record.

use router_core::decision::Decision;
use router_core::explain::Explanation;
use serde_json::Value;

/// Candidates that an answer and its record name. A catalogue may have hundreds, and a log that repeats them with every
/// request is mostly catalogue; a dry run shows them all.
const CANDIDATES: usize = 8;

/// The explanation with the best candidates only, and how many more there were.
pub(crate) fn brief(decision: &Decision) -> Value {
    let mut explanation = Explanation::from(decision);
    let omitted = explanation.candidates.len().saturating_sub(CANDIDATES);
    explanation.candidates.truncate(CANDIDATES);
    let mut json = serde_json::to_value(&explanation).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        fields.insert("candidatesOmitted".to_owned(), omitted.into());
    }
    json
}
