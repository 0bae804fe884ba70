//! Keeps keys out of what providers say: some quote the key they refuse.

use secrecy::{ExposeSecret, SecretString};

/// What stands where a key stood.
const REMOVED: &str = "[key]";

/// How keys begin: OpenAI, OpenRouter and Anthropic; Groq; xAI; Hugging Face; Google; Perplexity.
const PREFIXES: [&str; 6] = ["sk-", "gsk_", "xai-", "hf_", "AIza", "pplx-"];

/// Shorter words are not keys, even with such a beginning.
const SHORTEST_KEY: usize = 8;

/// Secrets that may stand in no message.
pub(crate) struct Scrubber(Vec<SecretString>);

impl Scrubber {
    /// One that knows these secrets, and how keys look.
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.expose_secret().is_empty()).collect())
    }

    /// The message without secrets.
    pub(crate) fn scrub(&self, message: &str) -> String {
        let known =
            self.0.iter().fold(message.to_owned(), |message, secret| message.replace(secret.expose_secret(), REMOVED));
        without_lookalikes(&known)
    }
}

/// Replaces every word that looks like a key. Masked keys (`sk-ab***yz`) count.
fn without_lookalikes(message: &str) -> String {
    let of_a_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
    let mut clean = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(of_a_key) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !of_a_key(c)).unwrap_or(from.len()));
        clean.push_str(before);
        let is_key = word.len() >= SHORTEST_KEY && PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        clean.push_str(if is_key { REMOVED } else { word });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn removes_the_configured_key_and_what_looks_like_one() {
        let scrubber = Scrubber::new(["my own secret".into()]);
        assert_eq!(scrubber.scrub("bad: my own secret!"), "bad: [key]!");
        assert_eq!(scrubber.scrub("key sk-proj-ab***yz. See docs"), "key [key]. See docs");
        assert_eq!(scrubber.scrub("(sk-ant-0123456789)"), "([key])");
        assert_eq!(scrubber.scrub("risk-averse, sk-1, héllo"), "risk-averse, sk-1, héllo");
    }

    proptest! {
        #[test]
        fn a_key_never_survives(before in any::<String>(), key in "[a-zA-Z0-9]{12,40}", after in any::<String>()) {
            let scrubber = Scrubber::new([SecretString::from(key.clone())]);
            let message = format!("{before}{key}{after}");
            prop_assert!(!scrubber.scrub(&message).contains(&key));
        }
    }
}
