//! How hard a prompt is.

use crate::conversation::Effort;
use crate::features::Features;
use crate::prompt_type::{PerType, TypeProbabilities};

/// How much harder than usual each type is, in log-odds. By hand: arithmetic and programs have wrong answers, small talk
/// has none.
const BY_TYPE: PerType<f32> = PerType([-0.3, 0.5, -0.3, 0.1, 0.0, 0.6, -0.8]);

/// An ordinary prompt of a hundred bytes is easier than the middle of the scale.
const BASE: f32 = -1.2;

/// Difficulty in [0, 1]: a logistic sum of what makes prompts hard, weighed by hand.
///
/// Length counts by its logarithm, because the hundredth kilobyte of material adds less than the second line of
/// instructions. `hard` is the weight of words that announce hard work; `effort` is what the caller thinks of it.
#[must_use]
pub fn estimate(features: &Features, probabilities: &TypeProbabilities, hard: f32, effort: Option<Effort>) -> f32 {
    let by_type: f32 = probabilities.iter().map(|(kind, share)| share * BY_TYPE.get(kind)).sum();
    let length = 0.3 * (1.0 + features.bytes as f32 / 100.0).ln();
    let words = 0.5 * hard.min(4.0);
    let formulas = 0.15 * features.formula_marks.min(8) as f32;
    let demands = 0.1 * features.items.min(8) as f32;
    let agent = if features.tools > 0 || features.tool_turns > 0 { 0.4 } else { 0.0 };
    let attachments = if features.attachments > 0 { 0.3 } else { 0.0 };
    let asked = match effort {
        Some(Effort::None | Effort::Minimal | Effort::Low) => -0.4,
        Some(Effort::High) => 0.6,
        Some(Effort::Xhigh | Effort::Max) => 1.0,
        Some(Effort::Medium) | None => 0.0,
    };
    let sum = BASE + by_type + length + words + formulas + demands + agent + attachments + asked;
    1.0 / (1.0 + (-sum).exp())
}

#[cfg(test)]
mod tests {
    use crate::classify::{Classifier, RuleClassifier};
    use crate::conversation::{Conversation, Effort};

    fn difficulty(text: &str) -> f32 {
        RuleClassifier.classify(&Conversation::prompt(text)).difficulty
    }

    #[test]
    fn harder_looks_harder() {
        let small_talk = difficulty("hi there");
        let fact = difficulty("What is the capital of Australia?");
        let program = difficulty("Write a function in Python that reverses a list.");
        let proof =
            difficulty("Prove the theorem rigorously and derive the optimal asymptotic complexity, step by step.");
        assert!(small_talk < fact && fact < program && program < proof, "{small_talk} {fact} {program} {proof}");
        assert!(small_talk < 0.2 && proof > 0.6, "{small_talk} {proof}");
    }

    #[test]
    fn the_callers_effort_is_heard() {
        let with = |effort| {
            let conversation = Conversation { effort, ..Conversation::prompt("What is the capital of Australia?") };
            RuleClassifier.classify(&conversation).difficulty
        };
        assert!(with(Some(Effort::Low)) < with(None));
        assert!(with(None) < with(Some(Effort::Max)));
    }
}
