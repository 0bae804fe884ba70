//! What kind of prompt it is, and how hard.

mod lexicon;
pub mod rules;

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::prompt_type::{PerType, PromptType, TypeProbabilities};

pub use rules::RuleClassifier;

/// What a classifier says of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Classification {
    /// How likely it is of each type.
    pub probabilities: TypeProbabilities,
    /// How hard it is: 0 is small talk, 1 is research.
    pub difficulty: f32,
}

/// Tells the type and difficulty of a prompt.
///
/// Implementations are deterministic, take time linear in the prompt at most, and accept any Unicode.
pub trait Classifier: Send + Sync {
    /// The type probabilities and difficulty of the conversation's next answer.
    fn classify(&self, conversation: &Conversation) -> Classification;

    /// A name for explanations: which classifier, which version.
    fn name(&self) -> &str;
}

impl Classification {
    /// With probabilities that are not negative and sum to 1, and a difficulty in [0, 1], whatever a classifier of somebody
    /// else's returned: nothing usable means all types equally likely, of middling difficulty.
    #[must_use]
    pub(crate) fn sane(self) -> Self {
        let mut shares =
            self.probabilities.0.map(|share| if share.is_finite() && share > 0.0 { share.min(1.0) } else { 0.0 });
        if shares == [0.0; PromptType::COUNT] {
            shares = [1.0; PromptType::COUNT];
        }
        let sum: f32 = shares.iter().sum();
        let difficulty = if self.difficulty.is_nan() { 0.5 } else { self.difficulty.clamp(0.0, 1.0) };
        Self { probabilities: PerType(shares.map(|share| share / sum)), difficulty }
    }
}
