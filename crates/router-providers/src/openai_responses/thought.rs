//! What a client hands back of a model's reasoning, in the one field that Responses has for it.
//!
//! Clients keep `encrypted_content` and send it back unread. Here it holds the signature of another provider's reasoning, or a
//! whole block that a provider encrypted: what its model needs to go on, and nobody else can read.

use router_core::conversation::Content;

/// What stands before the signature of the reasoning in `summary`.
const SIGNATURE: &str = "llm-router.signature:";

/// What stands before a block that was encrypted whole.
const REDACTED: &str = "llm-router.redacted:";

/// The signature as the field holds it.
pub(super) fn signed(signature: &str) -> String {
    format!("{SIGNATURE}{signature}")
}

/// The block as the field holds it.
pub(super) fn redacted(data: &str) -> String {
    format!("{REDACTED}{data}")
}

/// The reasoning with this text that the field belongs to; `None` for what only OpenAI itself can read.
pub(super) fn read(text: String, encrypted: &str) -> Option<Content> {
    if let Some(data) = encrypted.strip_prefix(REDACTED) {
        return Some(Content::RedactedReasoning(data.to_owned()));
    }
    let signature = encrypted.strip_prefix(SIGNATURE)?;
    Some(Content::Reasoning { text, signature: Some(signature.to_owned()) })
}
