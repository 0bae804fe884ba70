//! What a model can do, and what a prompt needs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that not every model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[repr(u8)]
pub enum Capability {
    /// Calls tools that the caller describes.
    Tools,
    /// Obeys a tool choice that forces a call (`required`, or a named tool).
    ForcedTools,
    /// Reads images.
    Vision,
    /// Reads PDF documents.
    Pdf,
    /// Keeps to a JSON schema.
    JsonSchema,
    /// Reasons before it answers, and takes an effort.
    Reasoning,
    /// Takes temperature and its relatives; newer models answer 400.
    SamplingParameters,
    /// Continues an answer that the caller began (a final assistant turn); newer models answer 400.
    Prefill,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Tools,
        Self::ForcedTools,
        Self::Vision,
        Self::Pdf,
        Self::JsonSchema,
        Self::Reasoning,
        Self::SamplingParameters,
        Self::Prefill,
    ];

    /// The name used in JSON and TOML.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::ForcedTools => "forced_tools",
            Self::Vision => "vision",
            Self::Pdf => "pdf",
            Self::JsonSchema => "json_schema",
            Self::Reasoning => "reasoning",
            Self::SamplingParameters => "sampling_parameters",
            Self::Prefill => "prefill",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of capabilities. In JSON and TOML, a list of names.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Capability>", into = "Vec<Capability>")]
pub struct Capabilities(u8);

impl Capabilities {
    /// Whether `capability` is in the set.
    #[must_use]
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u8) != 0
    }

    /// The set with `capability` in it.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | (1 << capability as u8))
    }

    /// The first of `needed` that this set lacks.
    #[must_use]
    pub fn lacks(self, needed: Self) -> Option<Capability> {
        Capability::ALL.into_iter().find(|&capability| needed.has(capability) && !self.has(capability))
    }

    /// The members, in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |&capability| self.has(capability))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(members: I) -> Self {
        members.into_iter().fold(Self::default(), Self::with)
    }
}

impl From<Vec<Capability>> for Capabilities {
    fn from(members: Vec<Capability>) -> Self {
        members.into_iter().collect()
    }
}

impl From<Capabilities> for Vec<Capability> {
    fn from(set: Capabilities) -> Self {
        set.iter().collect()
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Capabilities {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Capabilities".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Vec<Capability>>::json_schema(generator)
    }
}
