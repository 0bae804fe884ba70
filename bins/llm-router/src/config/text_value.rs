//! Reads values that are written as text with a form of its own, with errors that say which form.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

/// Reads text with `parse`; a value that is not text at all is refused with what is `expected`.
///
/// # Errors
/// The text is refused by `parse`, or is none.
pub(super) fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Text<P>(&'static str, P);

    impl<T, P: Fn(&str) -> Result<T, String>> Visitor<'_> for Text<P> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(expected, parse))
}
