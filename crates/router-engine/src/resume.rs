//! Whether, and how, another model can go on with an answer that stopped in the middle.

use router_core::conversation::Conversation;
use router_core::error_kind::ErrorKind;
use router_providers::answer::CallError;

use crate::assembly::Assembly;
use crate::joint::{Continues, Joint};
use crate::settings::Resume;

/// How a model goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    continues: Continues,
    said: String,
}

impl Way {
    /// What the model is given to continue, if it is given anything: without the white space at the end, which providers
    /// refuse there.
    pub(crate) fn begun(&self) -> Option<&str> {
        let text = self.said.trim_end();
        (self.continues == Continues::After && !text.is_empty()).then_some(text)
    }

    /// Whether the error says that the model does not take the beginning of its answer from somebody else.
    pub(crate) fn is_refused(&self, error: &CallError) -> bool {
        self.begun().is_some() && matches!(error.kind, ErrorKind::InvalidRequest | ErrorKind::Unsupported)
    }

    pub(crate) fn into_joint(self) -> Joint {
        Joint::new(self.continues, self.said)
    }
}

/// Whether anybody can go on. A tool call that was cut cannot be taken back, and what keeps to a schema is made from its
/// beginning.
pub(crate) fn possible(said: &Assembly, asked: &Conversation) -> bool {
    said.can_be_continued() && asked.response_format.is_none()
}

/// How a model would go on after `said`, that `prefills` (continues an assistant's turn) or does not; `None` if it cannot.
pub(crate) fn way(resume: Resume, prefills: bool, said: &str) -> Option<Way> {
    let nothing_said = said.trim_end().is_empty();
    let continues = match (resume, prefills || nothing_said) {
        (Resume::Off, _) | (Resume::Prefill, false) => return None,
        (Resume::Prefill | Resume::Splice, true) => Continues::After,
        (Resume::Splice, false) => Continues::Afresh,
    };
    Some(Way { continues, said: said.to_owned() })
}
