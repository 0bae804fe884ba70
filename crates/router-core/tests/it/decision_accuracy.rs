//! How often the rules are right, on labelled prompts that are not part of the repository.

use std::io::Write;
use std::path::Path;

use router_core::classify::{Classifier, RuleClassifier};
use router_core::conversation::Conversation;
use router_core::prompt_type::{PerType, PromptType};

use crate::decision_document::document_has;

/// Labelled prompts (`{"label": …, "text": …}` a line), beside the workspace where there are any.
const LABELLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/prompt_types/licensed.jsonl");

#[test]
fn the_rules_are_as_often_right_as_the_documentation_says() {
    let Ok(lines) = std::fs::read_to_string(Path::new(LABELLED)) else {
        // Past the capture of a test's output, so that nobody takes it for a test that ran.
        let _ = writeln!(std::io::stderr(), "not run: no labelled prompts at {LABELLED}");
        return;
    };
    let mut by_type = PerType([(0, 0); PromptType::COUNT]);
    let (mut right, mut total, mut log_loss) = (0, 0, 0.0);
    for line in lines.lines() {
        let prompt: serde_json::Value = serde_json::from_str(line).unwrap();
        let label = PromptType::from_name(prompt["label"].as_str().unwrap()).unwrap();
        let conversation = Conversation::prompt(prompt["text"].as_str().unwrap());
        let probabilities = RuleClassifier.classify(&conversation).probabilities;
        let hit = u32::from(probabilities.likeliest().0 == label);
        let (hits, labelled) = &mut by_type.0[label.index()];
        (*hits, *labelled, right, total) = (*hits + hit, *labelled + 1, right + hit, total + 1);
        log_loss -= f64::from(*probabilities.get(label)).ln();
    }
    document_has(&format!("{} labelled prompts {} are classified as labelled", thousands(total), thousands(right)));
    document_has(&format!("log loss of {:.3}:", log_loss / f64::from(total)));
    for (kind, (hits, labelled)) in by_type.iter().filter(|(_, (_, labelled))| *labelled > 0) {
        document_has(&format!("| {} | {hits} of {labelled} |", kind.name()));
    }
}

/// As the document writes numbers of four digits.
fn thousands(count: u32) -> String {
    format!("{},{:03}", count / 1_000, count % 1_000)
}
