//! JSON that came from somebody else, read as text first.

use serde::Deserialize;
use serde::de::Error;

/// Reads JSON. serde_json alone does not look at the encoding of what nobody reads, which may be passed on to a caller.
pub(crate) fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, serde_json::Error> {
    let text = std::str::from_utf8(json).map_err(Error::custom)?;
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::de::IgnoredAny;

    use super::*;

    #[test]
    fn what_nobody_reads_is_text_too() {
        let json = b"{\"a\":\"\xff\"}";
        assert!(serde_json::from_slice::<HashMap<&str, IgnoredAny>>(json).is_ok(), "no longer needed");
        assert!(read::<HashMap<&str, IgnoredAny>>(json).is_err());
    }
}
