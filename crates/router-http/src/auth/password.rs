//! Passwords: argon2id, a few at a time, away from the threads that answer requests.

use std::sync::Arc;

use argon2::password_hash::{Encoding, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::random::RandomError;

/// Memory for one hash, in KiB. This and the next two are what OWASP's Password Storage Cheat Sheet recommends for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// Hashes at the same time: 76 MiB at most, and logging in leaves the processors to requests.
const AT_ONCE: usize = 4;

/// The fewest characters of a password. Length is what counts; no composition is demanded.
pub const SHORTEST_PASSWORD: usize = 12;
/// The most bytes: hashing more is work for nothing.
pub const LONGEST_PASSWORD: usize = 1024;

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Whoever chose it can act.
    #[error("a password has at least {SHORTEST_PASSWORD} characters and at most {LONGEST_PASSWORD} bytes")]
    Length,
    /// The operator can act.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A defect.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// The digest to keep of a password, in PHC form. Takes tens of milliseconds of a processor.
///
/// # Errors
/// The password is too short or too long, or the operating system has no randomness.
pub fn hash(password: &SecretString) -> Result<String, PasswordError> {
    let text = password.expose_secret();
    if text.chars().count() < SHORTEST_PASSWORD || text.len() > LONGEST_PASSWORD {
        return Err(PasswordError::Length);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(RandomError::from)?;
    let failed = |error: argon2::password_hash::Error| PasswordError::Hash(error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(hasher().hash_password(text.as_bytes(), &salt).map_err(failed)?.to_string())
}

fn hasher() -> Argon2<'static> {
    // Constants that argon2 takes; the alternative is its own default, which is the same.
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether that is the password. The digest's own parameters count, so that old ones stay valid when these change.
fn matches(password: &SecretString, digest: &str) -> bool {
    let Ok(digest) = PasswordHash::parse(digest, Encoding::B64) else { return false };
    hasher().verify_password(password.expose_secret().as_bytes(), &digest).is_ok()
}

/// Checks passwords, a few at a time.
pub(crate) struct Passwords {
    room: Arc<Semaphore>,
    /// What is checked for someone who does not exist: as much work as for someone who does.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        // Made by `hash`, of a password nobody has: its salt and digest are all zero bytes.
        let nobody =
            format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}", "A".repeat(22), "A".repeat(43));
        Self { room: Arc::new(Semaphore::new(AT_ONCE)), nobody }
    }

    /// Whether `password` has that digest. As much work where there is none, and then false. `None` where all
    /// processors that may be used for it are busy.
    pub(crate) async fn check(&self, password: SecretString, digest: Option<&str>) -> Option<bool> {
        let known = digest.is_some();
        let digest = digest.unwrap_or(&self.nobody).to_owned();
        let _room = self.room.clone().try_acquire_owned().ok()?;
        let checked = tokio::task::spawn_blocking(move || {
            let _room = _room;
            matches(&password, &digest)
        });
        Some(checked.await.unwrap_or(false) && known)
    }

    /// The digest of a new password.
    pub(crate) async fn hash(&self, password: SecretString) -> Option<Result<String, PasswordError>> {
        let _room = self.room.clone().try_acquire_owned().ok()?;
        let hashed = tokio::task::spawn_blocking(move || {
            let _room = _room;
            hash(&password)
        });
        Some(hashed.await.unwrap_or_else(|error| Err(PasswordError::Hash(error.to_string()))))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_digest() {
        let passwords = Passwords::new();
        let password = || SecretString::from("correct horse battery");
        let digest = passwords.hash(password()).await.unwrap().unwrap();
        assert!(digest.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{digest}");
        assert_ne!(hash(&password()).unwrap(), digest, "each has a salt of its own");
        assert_eq!(passwords.check(password(), Some(&digest)).await, Some(true));
        assert_eq!(passwords.check(SecretString::from("correct horse batterz"), Some(&digest)).await, Some(false));
        assert_eq!(passwords.check(password(), None).await, Some(false));
        assert_eq!(passwords.check(password(), Some("not a digest")).await, Some(false));
    }

    #[tokio::test]
    async fn nobody_costs_as_much_as_somebody() {
        let passwords = Passwords::new();
        let digest = hash(&SecretString::from("correct horse battery")).unwrap();
        let time = async |digest: Option<&str>| {
            let begun = Instant::now();
            for _ in 0..3 {
                passwords.check(SecretString::from("wrong horse battery"), digest).await;
            }
            begun.elapsed()
        };
        time(None).await;
        let (somebody, nobody) = (time(Some(&digest)).await, time(None).await);
        assert!(nobody > somebody / 3, "{nobody:?} for nobody, {somebody:?} for somebody");
    }

    #[test]
    fn too_short_and_too_long_are_refused() {
        for password in ["short", &"x".repeat(LONGEST_PASSWORD + 1)] {
            assert!(matches!(hash(&SecretString::from(password)), Err(PasswordError::Length)));
        }
    }
}
