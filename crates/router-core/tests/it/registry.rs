//! Reading models from files: what is accepted, what it becomes, and how errors look.

mod documentation;
mod errors;
mod formats;
mod overriding;
mod shipped;

use router_core::registry::{Registry, RegistryErrors, SourceFile};

/// The registry of one file.
fn parse(text: &str) -> Result<Registry, RegistryErrors> {
    Registry::parse(&[SourceFile { name: "models.toml", text }])
}

/// The registry of several files, one over the other.
fn parse_all(texts: &[&str]) -> Result<Registry, RegistryErrors> {
    let names = ["first.toml", "second.toml", "third.toml"];
    let files: Vec<_> = names.iter().zip(texts).map(|(name, text)| SourceFile { name, text }).collect();
    Registry::parse(&files)
}

/// A model with nothing but what it cannot do without, and `more`.
fn minimal(id: &str, more: &str) -> String {
    format!("[[models]]\nid = \"{id}\"\nprovider = \"local\"\ncontextTokens = 8192\n{more}\n")
}
