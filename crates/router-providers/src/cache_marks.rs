//! Prompt-cache markers within the limits that Anthropic sets (and OpenAI and OpenRouter share).

use router_core::conversation::{CacheMark, Content, Conversation, Part};

/// Markers a request may have, at Anthropic as at OpenAI.
const MOST: usize = 4;

/// Hands out the markers of one request in the order of the prompt: tools, system, messages.
///
/// Of more than [`MOST`] the last ones stay: they cover the longest prefixes. A long marker after a default one becomes a
/// default one, because the longer-lived part of a prompt has to come first.
#[derive(Debug)]
pub(crate) struct CacheMarks {
    skip: usize,
    default_seen: bool,
    /// Whether a marker was left out or shortened.
    pub(crate) changed: bool,
}

impl CacheMarks {
    pub(crate) fn of(conversation: &Conversation) -> Self {
        let tools = conversation.tools.iter().filter(|tool| tool.cache.is_some()).count();
        let parts: usize = conversation.messages.iter().map(|message| count(&message.parts)).sum();
        Self { skip: (tools + parts).saturating_sub(MOST), default_seen: false, changed: false }
    }

    /// The marker to write where the caller wrote `mark`.
    pub(crate) fn take(&mut self, mark: Option<CacheMark>) -> Option<CacheMark> {
        let mark = mark?;
        if self.skip > 0 {
            self.skip -= 1;
            self.changed = true;
            return None;
        }
        if mark == CacheMark::Long && self.default_seen {
            self.changed = true;
            return Some(CacheMark::Default);
        }
        self.default_seen |= mark == CacheMark::Default;
        Some(mark)
    }

    /// Passes a marker by that has no place in the wire format.
    pub(crate) fn lose(&mut self, mark: Option<CacheMark>) {
        if mark.is_some() {
            self.skip = self.skip.saturating_sub(1);
            self.changed = true;
        }
    }
}

/// Whether a turn asks for a long time in the cache.
pub(crate) fn any_long(conversation: &Conversation) -> bool {
    fn within(parts: &[Part]) -> bool {
        parts.iter().any(|part| {
            part.cache == Some(CacheMark::Long)
                || matches!(&part.content, Content::ToolResult { parts, .. } if within(parts))
        })
    }
    conversation.messages.iter().any(|message| within(&message.parts))
}

fn count(parts: &[Part]) -> usize {
    let within = |part: &Part| match &part.content {
        Content::ToolResult { parts, .. } => count(parts),
        _ => 0,
    };
    parts.iter().map(|part| usize::from(part.cache.is_some()) + within(part)).sum()
}

#[cfg(test)]
mod tests {
    use router_core::conversation::{Message, Role};

    use super::*;

    fn marked(marks: &[CacheMark]) -> (Conversation, CacheMarks) {
        let part = |&mark| Part { cache: Some(mark), ..Part::text("x") };
        let message = Message { role: Role::User, parts: marks.iter().map(part).collect() };
        let conversation = Conversation { messages: vec![message], ..Conversation::default() };
        let marks = CacheMarks::of(&conversation);
        (conversation, marks)
    }

    fn taken(marks: &[CacheMark]) -> (Vec<Option<CacheMark>>, bool) {
        let (conversation, mut left) = marked(marks);
        let taken = conversation.messages[0].parts.iter().map(|part| left.take(part.cache)).collect();
        (taken, left.changed)
    }

    #[test]
    fn the_last_four_stay() {
        use CacheMark::Default as D;
        assert_eq!(taken(&[D; 4]), (vec![Some(D); 4], false));
        assert_eq!(taken(&[D; 6]), (vec![None, None, Some(D), Some(D), Some(D), Some(D)], true));
    }

    #[test]
    fn a_long_one_after_a_default_one_is_shortened() {
        use CacheMark::{Default, Long};
        assert_eq!(taken(&[Long, Default]), (vec![Some(Long), Some(Default)], false));
        assert_eq!(taken(&[Default, Long]), (vec![Some(Default), Some(Default)], true));
    }
}
