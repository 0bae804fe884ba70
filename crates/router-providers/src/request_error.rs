//! Why a caller's request cannot be read.

/// Why a caller's request cannot be read; all of these are for the caller. A field is named by its path in the body:
/// `messages[0].content`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The body is not one JSON object.
    #[error("The body of the request is not a JSON object: {why}.")]
    NotJson {
        /// What the parser says.
        why: String,
    },
    /// A required field is not there.
    #[error("Missing required parameter: '{field}'.")]
    Missing {
        /// Its path.
        field: String,
    },
    /// A field is of another type.
    #[error("Invalid type for '{field}': expected {expected}, but got {found} instead.")]
    Type {
        /// Its path.
        field: String,
        /// `a string`.
        expected: &'static str,
        /// `an array`.
        found: &'static str,
    },
    /// A field has a value that means nothing.
    #[error("Invalid value for '{field}': {why}.")]
    Value {
        /// Its path.
        field: String,
        /// What it should be.
        why: String,
    },
}

impl RequestError {
    /// The path of the field at fault, where one is.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotJson { .. } => None,
            Self::Missing { field } | Self::Type { field, .. } | Self::Value { field, .. } => Some(field),
        }
    }

    /// OpenAI's word for it.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::NotJson { .. } => None,
            Self::Missing { .. } => Some("missing_required_parameter"),
            Self::Type { .. } => Some("invalid_type"),
            Self::Value { .. } => Some("invalid_value"),
        }
    }
}
