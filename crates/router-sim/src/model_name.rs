//! A model's name as sent: `gpt-4o`, `gpt-4o+cached+fault:429-once`, `claude-haiku-4-5+refuses:prefill`.

use std::time::Duration;

use crate::answer::MOST_TOKENS;
use crate::fault::{Fault, UnknownFault};
use crate::fault_name::parse_duration;
use crate::refuses::Refuses;

/// A name taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct ModelName<'a> {
    /// What is before the first `+`.
    pub(crate) plain: &'a str,
    /// `+cached`: most of the prompt is read from the cache.
    pub(crate) cached: bool,
    /// `+written`: part of the prompt is written to the cache.
    pub(crate) written: bool,
    /// `+reasoning`: the answer is preceded by hidden thought.
    pub(crate) reasoning: bool,
    /// `+tokens:60`: how many tokens a text has.
    pub(crate) tokens: Option<u64>,
    /// `+delay:300ms`: the pause before the headers, whatever follows.
    pub(crate) delay: Option<Duration>,
    /// `+pace:5ms`: the pause before each token of a stream but the first.
    pub(crate) pace: Option<Duration>,
    /// `+fault:NAME`.
    pub(crate) fault: Option<Fault>,
    /// `+refuses:prefill`.
    pub(crate) refuses: Option<Refuses>,
}

impl<'a> ModelName<'a> {
    /// Reads a name; a suffix that means nothing is an error, as a test with a typo in it would prove nothing.
    pub(crate) fn parse(name: &'a str) -> Result<Self, String> {
        let mut parts = name.split('+');
        let plain = parts.next().unwrap_or_default();
        let mut model = Self {
            plain,
            cached: false,
            written: false,
            reasoning: false,
            tokens: None,
            delay: None,
            pace: None,
            fault: None,
            refuses: None,
        };
        for suffix in parts {
            match suffix.split_once(':').unwrap_or((suffix, "")) {
                ("cached", "") => model.cached = true,
                ("written", "") => model.written = true,
                ("reasoning", "") => model.reasoning = true,
                ("refuses", "prefill") => model.refuses = Some(Refuses::Prefill),
                ("tokens", count) => model.tokens = Some(parse_tokens(count)?),
                (name @ ("delay" | "pace"), time) => {
                    let unknown = || format!("unknown {name} {time:?}: write 5ms or 1s");
                    let time = Some(parse_duration(time).ok_or_else(unknown)?);
                    if name == "delay" { model.delay = time } else { model.pace = time }
                }
                ("fault", fault) => {
                    model.fault = Some(fault.parse().map_err(|unknown: UnknownFault| unknown.to_string())?);
                }
                _ => {
                    return Err(format!(
                        "unknown suffix {suffix:?}: write cached, written, reasoning, tokens:60, delay:300ms, \
                         pace:5ms, refuses:prefill or fault:NAME"
                    ));
                }
            }
        }
        Ok(model)
    }
}

fn parse_tokens(count: &str) -> Result<u64, String> {
    let parsed = count.parse().ok().filter(|count| *count <= MOST_TOKENS);
    parsed.ok_or_else(|| format!("bad number of tokens {count:?}: write one up to {MOST_TOKENS}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    #[test]
    fn suffixes_in_any_order() {
        let name = ModelName::parse("openai/gpt-4o:free+fault:500-once+cached").unwrap();
        assert_eq!(name.plain, "openai/gpt-4o:free");
        assert!(name.cached && !name.written && !name.reasoning);
        assert_eq!(name.fault, Some(Fault::once(FaultKind::ServerError)));
        let name = ModelName::parse("gpt-4o+pace:5ms+tokens:60+delay:1s").unwrap();
        assert_eq!((name.tokens, name.pace), (Some(60), Some(Duration::from_millis(5))));
        assert_eq!(name.delay, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_typo_is_an_error() {
        assert!(ModelName::parse("gpt-4o+cahced").unwrap_err().contains("cahced"));
        assert!(ModelName::parse("gpt-4o+fault:4290").unwrap_err().contains("4290"));
        assert!(ModelName::parse("gpt-4o+tokens:many").unwrap_err().contains("many"));
        assert!(ModelName::parse("gpt-4o+tokens:1000000").unwrap_err().contains("1000000"));
        assert!(ModelName::parse("gpt-4o+pace:fast").unwrap_err().contains("pace \"fast"));
        assert!(ModelName::parse("gpt-4o+delay:long").unwrap_err().contains("delay \"long"));
    }
}
