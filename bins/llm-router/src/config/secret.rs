//! Values that must never be shown.

use secrecy::{ExposeSecret, SecretString};

/// A key: `Debug` shows that there is one, no more; the memory is wiped when it goes.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// From what was configured.
    ///
    /// # Errors
    /// It could not be sent in a header: it is empty or holds spaces, line breaks or non-ASCII characters. The
    /// message does not contain it.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the key is empty or holds a character that no key has (value not shown)".to_owned());
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The key itself, for the one place that sends it.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.0
    }

    /// How many characters it has; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.0.expose_secret().len()
    }
}

impl PartialEq for Secret {
    /// To see whether a reload changed it. Not for checking what a caller presented: its time depends on the values.
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_shown() {
        let secret = Secret::new("sk-canary").unwrap();
        assert!(!format!("{secret:?}").contains("canary"));
        let message = Secret::new("sk-canary\r\nx: y").unwrap_err();
        assert!(!message.contains("canary"), "{message}");
    }
}
