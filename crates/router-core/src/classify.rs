//! What kind of prompt it is, and how hard.

use serde::{Deserialize, Serialize};

use crate::conversation::Conversation;
use crate::prompt_type::TypeProbabilities;

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
