//! The versions of the API, and the headers that choose among them and their betas.

/// The header that chooses the version.
pub const VERSION_HEADER: &str = "anthropic-version";

/// The header that asks for what is not in the version yet.
pub const BETA_HEADER: &str = "anthropic-beta";

/// The current version. It refuses sampling parameters, whatever the model and the value.
pub(super) const VERSION: &str = "2026-10-21";

/// The version before it, for models that still take sampling parameters.
pub const VERSION_WITH_SAMPLING: &str = "2023-06-01";

/// All that callers may name.
pub const VERSIONS: [&str; 2] = [VERSION, VERSION_WITH_SAMPLING];
