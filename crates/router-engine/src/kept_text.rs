//! What of a text goes into a record.

use hmac::{Hmac, Mac};
use router_core::grants::KeepText;
use sha2::Sha256;

use crate::redact::redact;

/// The operator's key for digests of texts: without it nobody can try out what a digest is of.
#[derive(Clone, PartialEq, Eq)]
pub struct TextKey(Vec<u8>);

impl TextKey {
    /// From a secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.to_vec())
    }

    fn digest(&self, text: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("hmac-sha256:{hex}"))
    }
}

impl std::fmt::Debug for TextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TextKey(…)")
    }
}

/// What of `text` is kept. Digests without a key are not made: nothing is kept instead.
#[must_use]
pub fn kept(how: KeepText, key: Option<&TextKey>, text: String) -> Option<String> {
    match how {
        KeepText::None => None,
        KeepText::Hashed => key.and_then(|key| key.digest(&text)),
        KeepText::Redacted => Some(redact(&text)),
        KeepText::Whole => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_keeps_what_it_says() {
        let keep = |how, key: Option<&TextKey>| kept(how, key, "mail a.b@example.org".to_owned());
        let key = TextKey::new(b"secret");
        assert_eq!(keep(KeepText::None, Some(&key)), None);
        assert_eq!(keep(KeepText::Whole, None).as_deref(), Some("mail a.b@example.org"));
        assert_eq!(keep(KeepText::Redacted, None).as_deref(), Some("mail [email]"));
        assert_eq!(keep(KeepText::Hashed, None), None);
        let digest = keep(KeepText::Hashed, Some(&key)).unwrap();
        assert!(digest.len() == 12 + 64 && !digest.contains("example"), "{digest}");
        assert_ne!(keep(KeepText::Hashed, Some(&TextKey::new(b"other"))), Some(digest));
        assert!(!format!("{key:?}").contains("115"), "the key is not shown");
    }
}
