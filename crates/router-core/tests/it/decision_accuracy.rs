//! How often the rules are right, on labelled prompts that are not part of the repository.

use std::path::Path;

use router_core::classify::{Classifier, RuleClassifier};
use router_core::conversation::Conversation;
use router_core::prompt_type::PromptType;

/// Labelled prompts (`{"label": …, "text": …}` a line), beside the workspace where there are any.
const LABELLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/prompt_types/licensed.jsonl");

#[test]
fn the_rules_are_as_often_right_as_the_documentation_says() {
    let Ok(lines) = std::fs::read_to_string(Path::new(LABELLED)) else {
        println!("not run: no labelled prompts at {LABELLED}");
        return;
    };
    let mut confusion = [[0_u32; PromptType::COUNT]; PromptType::COUNT];
    let (mut right, mut total, mut log_loss) = (0_u32, 0_u32, 0.0);
    for line in lines.lines() {
        let prompt: serde_json::Value = serde_json::from_str(line).unwrap();
        let label = PromptType::from_name(prompt["label"].as_str().unwrap()).unwrap();
        let conversation = Conversation::prompt(prompt["text"].as_str().unwrap());
        let probabilities = RuleClassifier.classify(&conversation).probabilities;
        let (guess, _) = probabilities.likeliest();
        confusion[label.index()][guess.index()] += 1;
        right += u32::from(guess == label);
        total += 1;
        log_loss -= f64::from(*probabilities.get(label)).ln();
    }
    println!("{right} of {total} right, log loss {:.3}", log_loss / f64::from(total));
    for (kind, row) in PromptType::ALL.iter().zip(confusion) {
        println!("{:20} {row:?}", kind.name());
    }
}
