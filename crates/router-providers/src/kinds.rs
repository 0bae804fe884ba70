//! The kinds of providers there are. A new one is a file with its [`Kind`], and its line in [`KINDS`].

use std::sync::Arc;

use crate::provider::Provider;
use crate::setup::{InstanceConfig, SetupError};
use crate::{anthropic, openai, openai_compatible, openrouter};

/// All kinds, in the order documentation lists them.
pub const KINDS: &[Kind] = &[openai::KIND, anthropic::KIND, openrouter::KIND, openai_compatible::KIND];

/// How a kind is told who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHeader {
    /// The header's name, in lower case.
    pub name: &'static str,
    /// What stands before the key in its value.
    pub prefix: &'static str,
    /// Whether nobody is answered without one.
    pub required: bool,
}

impl KeyHeader {
    /// `Authorization: Bearer …`
    #[must_use]
    pub const fn bearer(required: bool) -> Self {
        Self { name: "authorization", prefix: "Bearer ", required }
    }
}

/// Makes a provider from the configuration of one instance.
pub type Build = fn(&InstanceConfig) -> Result<Arc<dyn Provider>, SetupError>;

/// A kind of provider: a wire format, an address, a way to tell who asks.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As configuration names it.
    pub name: &'static str,
    /// Where it is, unless configured otherwise; `None` where that has to be said.
    pub base_url: Option<&'static str>,
    /// The environment variable with the key of the kind's first instance.
    pub api_key_variable: Option<&'static str>,
    /// The environment variable with the base URL of the kind's first instance.
    pub base_url_variable: Option<&'static str>,
    /// How it is told who asks.
    pub key: KeyHeader,
    /// Makes an instance.
    pub build: Build,
}

/// The kind of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variables_are_all_different() {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        let variables: Vec<_> =
            KINDS.iter().flat_map(|kind| [kind.api_key_variable, kind.base_url_variable]).flatten().collect();
        for list in [names, variables] {
            let distinct: std::collections::BTreeSet<_> = list.iter().collect();
            assert_eq!(distinct.len(), list.len(), "{list:?}");
        }
    }

    #[test]
    fn every_kind_is_found_and_builds_or_says_what_it_lacks() {
        for kind in KINDS {
            assert_eq!(find(kind.name).unwrap().name, kind.name);
            let config = InstanceConfig::new(kind.name).with_base_url("http://127.0.0.1:1");
            assert_eq!((kind.build)(&config).is_err(), kind.key.required);
            assert!((kind.build)(&config.with_api_key("secret")).is_ok());
        }
    }
}
