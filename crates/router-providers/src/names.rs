//! Tool names and call ids within the limits of a wire format.
//!
//! A name that does not fit is replaced by one that does, computed from the name alone: the same name becomes the same
//! replacement in every turn (which keeps pairs of call and result together, and prompt caches warm), and nothing has to be
//! remembered between request and answer. Replaced tool names are mapped back by looking at the tools of the request.

use std::borrow::Cow;

use router_core::conversation::{Content, Part, Tool};

/// The longest tool name, at OpenAI as at Anthropic.
pub(crate) const TOOL_NAME: usize = 64;

/// Hexadecimal digits of the hash that keeps two replaced names apart.
const HASH_DIGITS: usize = 16;

/// `name` if it is `[a-zA-Z0-9_-]{1,longest}`; else its allowed characters and a hash of the whole.
pub(crate) fn fit(name: &str, longest: usize) -> Cow<'_, str> {
    if !name.is_empty() && name.len() <= longest && name.bytes().all(allowed) {
        return Cow::Borrowed(name);
    }
    let kept = longest.saturating_sub(HASH_DIGITS + 1);
    let readable: String =
        name.chars().map(|c| if c.is_ascii() && allowed(c as u8) { c } else { '_' }).take(kept).collect();
    Cow::Owned(format!("{readable}_{:0HASH_DIGITS$x}", fnv1a(name.as_bytes())))
}

fn allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// FNV-1a, 64 bits, with the constants of its authors: stable across runs and releases, unlike the standard hasher.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Gives the tool calls of an answer the names that the caller gave the tools.
pub(crate) fn restore_tool_names(answer: &mut [Part], tools: &[Tool]) {
    let names = CallersNames::of(tools);
    for part in answer {
        if let Content::ToolCall(call) = &mut part.content {
            names.restore(&mut call.name);
        }
    }
}

/// The names that the caller gave tools, where others had to be sent.
#[derive(Debug)]
pub(crate) struct CallersNames(Vec<Replaced>);

#[derive(Debug)]
struct Replaced {
    sent: String,
    callers: String,
}

impl CallersNames {
    pub(crate) fn of(tools: &[Tool]) -> Self {
        let replaced = tools.iter().filter_map(|tool| match fit(&tool.name, TOOL_NAME) {
            Cow::Owned(sent) => Some(Replaced { sent, callers: tool.name.clone() }),
            Cow::Borrowed(_) => None,
        });
        // A tool that is really called so keeps its name.
        let is_free = |sent: &str| tools.iter().all(|tool| tool.name != sent);
        Self(replaced.filter(|replaced| is_free(&replaced.sent)).collect())
    }

    /// Makes the name that was sent the one that the caller gave.
    pub(crate) fn restore(&self, name: &mut String) {
        if let Some(replaced) = self.0.iter().find(|replaced| replaced.sent == *name) {
            name.clone_from(&replaced.callers);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use router_core::conversation::ToolCall;

    use super::*;

    #[test]
    fn a_name_that_fits_is_not_touched() {
        assert!(matches!(fit("get_weather-2", 64), Cow::Borrowed("get_weather-2")));
    }

    #[test]
    fn names_that_differ_only_in_what_is_lost_stay_apart() {
        assert_ne!(fit("a.b", 64), fit("a:b", 64));
        assert_ne!(fit(&format!("{}x", "a".repeat(64)), 64), fit(&format!("{}y", "a".repeat(64)), 64));
        assert_ne!(fit("", 64), fit("_", 64));
    }

    #[test]
    fn an_answer_names_tools_as_the_caller_did() {
        let tool = |name: &str| Tool {
            name: name.into(),
            description: None,
            parameters: serde_json::Value::Null,
            strict: None,
            cache: None,
        };
        let call = |name: &str| {
            Part::from(Content::ToolCall(ToolCall { id: "1".into(), name: name.into(), arguments: "{}".into() }))
        };
        let mut answer = vec![call(&fit("files.read", 64)), call("plain"), call("unknown")];
        restore_tool_names(&mut answer, &[tool("plain"), tool("files.read")]);
        assert_eq!(answer, [call("files.read"), call("plain"), call("unknown")]);
    }

    proptest! {
        #[test]
        fn every_name_fits_afterwards(name in any::<String>(), longest in 20_usize..128) {
            let fitted = fit(&name, longest);
            prop_assert!(!fitted.is_empty() && fitted.len() <= longest && fitted.bytes().all(allowed));
        }
    }
}
