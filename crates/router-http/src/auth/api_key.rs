//! API keys: `sk-llmr-<public id>-<secret>`. The id finds the key, the secret proves it; of the secret only a digest is kept.

use hmac::{Hmac, Mac};
use router_core::id::KeyId;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::random::{self, RandomError};

/// What every key begins with: scanners for leaked secrets look for it.
const PREFIX: &str = "sk-llmr-";

/// 60 bits: enough that two keys of an installation never meet.
const ID_LENGTH: usize = 12;

/// 240 bits: more than anybody can try.
const SECRET_LENGTH: usize = 48;

/// The fewest characters of a secret of the operator's.
pub const SHORTEST_SECRET: usize = 32;

/// A key as its owner has it, shown once.
pub struct FreshKey {
    /// The public part.
    pub id: KeyId,
    /// All of it.
    pub text: SecretString,
}

impl FreshKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// The operating system has none.
    pub fn generate() -> Result<Self, RandomError> {
        let (id, secret) = (random::text(ID_LENGTH)?, random::text(SECRET_LENGTH)?);
        let text = SecretString::from(format!("{PREFIX}{id}-{secret}"));
        Ok(Self { id: KeyId::from(id), text })
    }
}

/// What somebody presents as a key.
#[derive(Clone, Copy)]
pub(crate) struct PresentedKey<'a> {
    pub(crate) id: &'a str,
    /// Id and secret: what the digest is of.
    proof: &'a str,
}

impl<'a> PresentedKey<'a> {
    /// Takes a key apart; `None` where it is none of ours.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let proof = text.strip_prefix(PREFIX)?;
        let (id, secret) = proof.split_once('-')?;
        (id.len() == ID_LENGTH && secret.len() == SECRET_LENGTH).then_some(Self { id, proof })
    }
}

/// The secrets that digests are made with.
pub struct KeySecrets {
    current: SecretString,
    previous: Option<SecretString>,
}

impl KeySecrets {
    /// New digests are made with `current`; those of `previous` are accepted beside them, while the secret is rotated.
    #[must_use]
    pub const fn new(current: SecretString, previous: Option<SecretString>) -> Self {
        Self { current, previous }
    }

    /// The digest to keep of a key.
    #[must_use]
    pub fn digest(&self, key: &FreshKey) -> [u8; 32] {
        let text = key.text.expose_secret();
        digest(&self.current, text.strip_prefix(PREFIX).unwrap_or(text))
    }

    /// Whether `digest` is that of what was presented. Takes as long when it is not.
    pub(crate) fn verify(&self, presented: PresentedKey<'_>, kept: &[u8; 32]) -> bool {
        let matches = |secret: &SecretString| digest(secret, presented.proof).ct_eq(kept);
        let current = matches(&self.current);
        match &self.previous {
            Some(previous) => bool::from(current | matches(previous)),
            None => bool::from(current),
        }
    }
}

fn digest(secret: &SecretString, proof: &str) -> [u8; 32] {
    // HMAC takes a key of any length; the alternative is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return [0; 32] };
    mac.update(proof.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(current: &str, previous: Option<&str>) -> KeySecrets {
        KeySecrets::new(SecretString::from(current), previous.map(SecretString::from))
    }

    #[test]
    fn a_key_is_found_by_its_id_and_proved_by_its_secret() {
        let key = FreshKey::generate().unwrap();
        let text = key.text.expose_secret();
        let presented = PresentedKey::parse(text).unwrap();
        assert_eq!(presented.id, key.id.as_str());
        let ours = secrets("one", None);
        assert!(ours.verify(presented, &ours.digest(&key)));
        let other = FreshKey::generate().unwrap();
        assert!(!ours.verify(PresentedKey::parse(other.text.expose_secret()).unwrap(), &ours.digest(&key)));
        // The secret of one key under the id of another.
        let (_, secret) = other.text.expose_secret().rsplit_once('-').unwrap();
        let mixed = format!("{PREFIX}{}-{secret}", key.id);
        assert!(!ours.verify(PresentedKey::parse(&mixed).unwrap(), &ours.digest(&other)));
    }

    #[test]
    fn while_the_operators_secret_is_rotated_keys_of_both_are_accepted() {
        let key = FreshKey::generate().unwrap();
        let presented = PresentedKey::parse(key.text.expose_secret()).unwrap();
        let old = secrets("old", None).digest(&key);
        assert!(secrets("new", Some("old")).verify(presented, &old));
        assert!(!secrets("new", None).verify(presented, &old));
        assert!(secrets("new", Some("old")).verify(presented, &secrets("new", None).digest(&key)));
    }

    #[test]
    fn the_digest_is_hmac_sha256_of_id_and_secret() {
        // RFC 4231, test case 2.
        let expected = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
            0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
        ];
        assert_eq!(digest(&SecretString::from("Jefe"), "what do ya want for nothing?"), expected);
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let key = FreshKey::generate().unwrap();
        let text = key.text.expose_secret();
        for other in ["", "sk-llmr-", "sk-proj-abc", &text[1..], &text[..text.len() - 1], &format!("{text}x")] {
            assert!(PresentedKey::parse(other).is_none(), "{other}");
        }
    }
}
