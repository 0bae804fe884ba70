//! Lua scripts: what Redis does in one step.

use std::sync::LazyLock;

/// A script, and the digest that Redis knows it by.
pub(super) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: fred::util::sha1_hash(text) }
    }

    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!($file)));)*
    };
}

scripts! {
    TAKE = "take.lua";
    TOP_UP = "top_up.lua";
    SETTLE = "settle.lua";
    RECONCILE = "reconcile.lua";
}
