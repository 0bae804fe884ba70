//! What nobody can guess.

/// The operating system gave no randomness: nothing that needs it can be made. The operator can act.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct RandomError(#[from] getrandom::Error);

/// Letters and digits without those that look alike (Crockford's base 32): five bits each, and none is a separator.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `length` characters of five random bits each.
pub(crate) fn text(length: usize) -> Result<String, RandomError> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}
