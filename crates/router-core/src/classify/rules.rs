//! The first classifier: a lexicon and the structure of the prompt, weighed by hand.

use super::lexicon::Hints;
use super::{Classification, Classifier};
use crate::conversation::Conversation;
use crate::difficulty;
use crate::features::Features;
use crate::prompt_type::{PerType, PromptType, TypeProbabilities};

/// Tells the type by keywords and structure. Deterministic, without allocations, bounded work per prompt.
///
/// How often it is right is in `docs/ROUTING.md`; its probabilities say how much to believe it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleClassifier;

/// Log-odds before anything is read, in the order of [`PromptType::ALL`]: everyday traffic is mostly questions and chat,
/// seldom translation. By hand.
const PRIOR: [f32; PromptType::COUNT] = [-0.5, 0.0, -0.5, 0.6, 0.0, 0.2, 0.7];

/// Softmax temperature: how much evidence, in log-odds, makes one unit of confidence. Log loss on the labelled prompts that
/// the rules were written beside is smallest at about 1.1; traffic that nobody looked at deserves less confidence.
const TEMPERATURE: f32 = 1.5;

/// Evidence beyond this is not heard: no probability is ever 0 or 1, and none underflows.
const MOST_EVIDENCE: f32 = 12.0;

impl Classifier for RuleClassifier {
    fn classify(&self, conversation: &Conversation) -> Classification {
        let mut hints = Hints::new();
        let features = Features::read(conversation, |word| hints.read(word));
        let mut evidence = hints.types;
        for (kind, more) in structure(&features).into_iter().flatten() {
            evidence[kind.index()] += more;
        }
        let probabilities = softmax(evidence);
        let difficulty = difficulty::estimate(&features, &probabilities, hints.hard, conversation.effort);
        Classification { probabilities, difficulty }
    }

    fn name(&self) -> &'static str {
        "rules-1"
    }
}

/// What the structure of the prompt hints at, in log-odds.
fn structure(features: &Features) -> [Option<(PromptType, f32)>; 8] {
    let rule = |applies: bool, kind, strength| applies.then_some((kind, strength));
    let length = features.bytes.clamp(1, 4_096) as f32;
    let code_density = features.code_marks as f32 / length;
    // "Tom has 12 apples and buys 30 more …, how many": figures in a few sentences that end in a question.
    let word_problem = features.ends_with_question && features.digits >= 3 && (20..150).contains(&features.words);
    [
        rule(features.code_fences > 0, PromptType::CodeGeneration, 2.5),
        rule(code_density > 0.02 && features.formula_marks < 4, PromptType::CodeGeneration, 2.0),
        rule(features.ends_with_question, PromptType::QuestionAnswering, 1.0),
        rule(features.options >= 2, PromptType::QuestionAnswering, 2.0),
        rule(features.formula_marks >= 2, PromptType::Analysis, 2.0),
        rule(word_problem, PromptType::Analysis, 1.5),
        rule(features.attachments > 0, PromptType::QuestionAnswering, 0.7),
        rule(features.tool_turns > 0 || features.tools > 0, PromptType::Analysis, 0.7),
    ]
}

fn softmax(evidence: [f32; PromptType::COUNT]) -> TypeProbabilities {
    let mut shares = [0.0; PromptType::COUNT];
    for ((share, prior), evidence) in shares.iter_mut().zip(PRIOR).zip(evidence) {
        *share = ((prior + evidence).min(MOST_EVIDENCE) / TEMPERATURE).exp();
    }
    let sum: f32 = shares.iter().sum();
    PerType(shares.map(|share| share / sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Message, Role};

    fn likeliest(text: &str) -> PromptType {
        RuleClassifier.classify(&Conversation::prompt(text)).probabilities.likeliest().0
    }

    #[test]
    fn plain_requests_are_recognised() {
        use PromptType::*;
        for (text, expected) in [
            ("Summarize this article in three sentences: The council met on Monday.", Summarization),
            ("Give me the key takeaways of the meeting notes below.", Summarization),
            ("Write a function in Python that reverses a linked list.", CodeGeneration),
            ("Why does this code panic?\n```rust\nfn main() { None::<u8>.unwrap(); }\n```", CodeGeneration),
            ("Translate into German: good morning, how are you?", Translation),
            ("What is the capital of Australia?", QuestionAnswering),
            ("Who was the first woman in space?", QuestionAnswering),
            ("Write a poem about the sea in autumn.", CreativeWriting),
            ("Solve the equation 3x + 4 = 19 and calculate x squared.", Analysis),
            ("Classify the sentiment of this review as positive or negative: loved it", Analysis),
            ("Hello, thanks for yesterday! How are you?", General),
            ("Can you help me brainstorm ideas for my birthday?", General),
        ] {
            assert_eq!(likeliest(text), expected, "{text}");
        }
    }

    #[test]
    fn so_are_some_in_other_languages() {
        use PromptType::*;
        for (text, expected) in [
            ("Traduce este texto al inglés: buenos días", Translation),
            ("Schreibe ein Gedicht über den Herbst", CreativeWriting),
            ("Résume cet article en trois phrases", Summarization),
            ("Переведи на английский: доброе утро", Translation),
            ("请把这段话翻译成英文", Translation),
            ("次の文章を要約してください", Summarization),
            ("이 문장을 번역해 주세요", Translation),
            ("لخص هذا المقال", Summarization),
        ] {
            assert_eq!(likeliest(text), expected, "{text}");
        }
    }

    #[test]
    fn a_short_follow_up_is_read_with_the_turn_before_it() {
        let mut conversation = Conversation::prompt("Translate this letter: Dear Anna, I miss you.");
        conversation.messages.push(Message::text(Role::Assistant, "Chère Anna, tu me manques."));
        conversation.messages.push(Message::text(Role::User, "and the next one"));
        assert_eq!(RuleClassifier.classify(&conversation).probabilities.likeliest().0, PromptType::Translation);
        conversation.messages.push(Message::text(Role::Assistant, "…"));
        conversation
            .messages
            .push(Message::text(Role::User, "Now write a function in Python that counts words in it."));
        assert_eq!(RuleClassifier.classify(&conversation).probabilities.likeliest().0, PromptType::CodeGeneration);
    }

    #[test]
    fn nothing_is_ever_certain() {
        let everything = "summarize translate python poem solve hello what is ".repeat(50);
        for text in ["", "translate translation übersetze 翻译 traduce", &everything] {
            let probabilities = RuleClassifier.classify(&Conversation::prompt(text)).probabilities;
            assert!(probabilities.0.iter().all(|&share| share > 0.0 && share < 1.0), "{probabilities:?}");
            assert!((probabilities.0.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
