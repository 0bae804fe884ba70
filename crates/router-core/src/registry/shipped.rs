//! The catalogue that comes with the router.

use crate::registry::{Registry, SourceFile};

/// The files, in the order in which they are read.
const FILES: [SourceFile<'static>; 3] = [
    SourceFile { name: "shipped openai.toml", text: include_str!("../../catalogue/openai.toml") },
    SourceFile { name: "shipped anthropic.toml", text: include_str!("../../catalogue/anthropic.toml") },
    SourceFile { name: "shipped openrouter.toml", text: include_str!("../../catalogue/openrouter.toml") },
];

impl Registry {
    /// The files of the shipped catalogue: put them before the operator's own in [`Registry::parse`].
    #[must_use]
    pub const fn shipped_files() -> [SourceFile<'static>; 3] {
        FILES
    }

    /// The shipped catalogue alone: about 40 models of OpenAI, Anthropic and OpenRouter.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the files are compiled in, and a test parses them")]
    pub fn shipped() -> Self {
        Self::parse(&FILES).expect("the shipped catalogue is valid")
    }
}
