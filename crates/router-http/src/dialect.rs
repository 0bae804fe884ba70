//! Whose words a path speaks: errors are said as the caller's client expects them, before any route is found.

/// The wire format of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// This server's own.
    Native,
    /// OpenAI's.
    OpenAi,
}

impl Dialect {
    /// Everything below `/v1` is OpenAI's, whether it exists or not.
    pub(crate) fn of(path: &str) -> Self {
        match path.strip_prefix("/v1") {
            Some("") => Self::OpenAi,
            Some(rest) if rest.starts_with('/') => Self::OpenAi,
            _ => Self::Native,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_v1_is_openais() {
        for path in ["/v1", "/v1/", "/v1/models", "/v1/nowhere"] {
            assert_eq!(Dialect::of(path), Dialect::OpenAi, "{path}");
        }
        for path in ["/", "/v10/models", "/api/v1/x", "", "/V1/models"] {
            assert_eq!(Dialect::of(path), Dialect::Native, "{path}");
        }
    }
}
