//! A model's name as sent: `gpt-4o`, `gpt-4o+cached+fault:429-once`, `claude-haiku-4-5+refuses:prefill`.

use crate::fault::{Fault, UnknownFault};
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
        let mut model = Self { plain, cached: false, written: false, reasoning: false, fault: None, refuses: None };
        for suffix in parts {
            match suffix.split_once(':').unwrap_or((suffix, "")) {
                ("cached", "") => model.cached = true,
                ("written", "") => model.written = true,
                ("reasoning", "") => model.reasoning = true,
                ("refuses", "prefill") => model.refuses = Some(Refuses::Prefill),
                ("fault", fault) => {
                    model.fault = Some(fault.parse().map_err(|unknown: UnknownFault| unknown.to_string())?);
                }
                _ => {
                    return Err(format!(
                        "unknown suffix {suffix:?}: write cached, written, reasoning, refuses:prefill or fault:NAME"
                    ));
                }
            }
        }
        Ok(model)
    }
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
    }

    #[test]
    fn a_typo_is_an_error() {
        assert!(ModelName::parse("gpt-4o+cahced").unwrap_err().contains("cahced"));
        assert!(ModelName::parse("gpt-4o+fault:4290").unwrap_err().contains("4290"));
    }
}
