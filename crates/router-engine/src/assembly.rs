//! The pieces of a streamed answer, put together again.

use router_core::conversation::{Content, Part, ToolCall};
use router_providers::answer::AnswerEvent;

/// An answer in the making.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    parts: Vec<Part>,
    /// The tool calls: their index in the answer, and where in `parts` they are.
    calls: Vec<(usize, usize)>,
    /// Length of all the text so far, in bytes.
    text: usize,
    /// Something was said that only the provider's own dialect can say.
    foreign: bool,
}

impl Assembly {
    /// Adds a piece.
    pub(crate) fn add(&mut self, event: &AnswerEvent) {
        match event {
            AnswerEvent::Text(text) => {
                self.text += text.len();
                match self.last() {
                    Some(Content::Text(so_far)) => so_far.push_str(text),
                    _ => self.push(Content::Text(text.clone())),
                }
            }
            AnswerEvent::Refusal(words) => match self.last() {
                Some(Content::Refusal(so_far)) => so_far.push_str(words),
                _ => self.push(Content::Refusal(words.clone())),
            },
            AnswerEvent::Reasoning(thought) => match self.last() {
                Some(Content::Reasoning { text, signature: None }) => text.push_str(thought),
                _ => self.push(Content::Reasoning { text: thought.clone(), signature: None }),
            },
            AnswerEvent::Signature(given) => match self.last() {
                Some(Content::Reasoning { signature: unsigned @ None, .. }) => *unsigned = Some(given.clone()),
                // Reasoning that is hidden but for its signature.
                _ => self.push(Content::Reasoning { text: String::new(), signature: Some(given.clone()) }),
            },
            AnswerEvent::RedactedReasoning(data) => self.push(Content::RedactedReasoning(data.clone())),
            AnswerEvent::ToolCall { index, id, name } => {
                let call = ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() };
                self.calls.push((*index, self.parts.len()));
                self.push(Content::ToolCall(call));
            }
            AnswerEvent::Arguments { index, fragment } => {
                let place = self.calls.iter().rev().find(|(call, _)| call == index).map(|&(_, place)| place);
                let part = place.and_then(|place| self.parts.get_mut(place)).map(|part| &mut part.content);
                if let Some(Content::ToolCall(call)) = part {
                    call.arguments.push_str(fragment);
                }
            }
            AnswerEvent::Other => self.foreign = true,
            _ => {}
        }
    }

    fn last(&mut self) -> Option<&mut Content> {
        self.parts.last_mut().map(|part| &mut part.content)
    }

    fn push(&mut self, content: Content) {
        self.parts.push(content.into());
    }

    /// The text so far.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(self.text);
        for part in &self.parts {
            if let Content::Text(words) = &part.content {
                text.push_str(words);
            }
        }
        text
    }

    /// Whether another model can go on from here: only text, and reasoning before it, can be handed over.
    pub(crate) fn can_be_continued(&self) -> bool {
        !self.foreign
            && self.parts.iter().all(|part| {
                matches!(part.content, Content::Text(_) | Content::Reasoning { .. } | Content::RedactedReasoning(_))
            })
    }

    /// What was said so far.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What was said.
    pub(crate) fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use router_providers::whole::as_events;

    use super::*;

    fn assembled(events: &[AnswerEvent]) -> Assembly {
        let mut assembly = Assembly::default();
        events.iter().for_each(|event| assembly.add(event));
        assembly
    }

    #[test]
    fn pieces_become_the_parts_they_were() {
        let call = |id: &str| ToolCall { id: id.into(), name: "look".into(), arguments: r#"{"at":1}"#.into() };
        let parts: Vec<Part> = [
            Content::Reasoning { text: "hm".into(), signature: Some("s1".into()) },
            Content::Reasoning { text: "hm again".into(), signature: None },
            Content::RedactedReasoning("x".into()),
            Content::Text("Let me see.".into()),
            Content::ToolCall(call("a")),
            Content::ToolCall(call("b")),
        ]
        .into_iter()
        .map(Part::from)
        .collect();
        let assembly = assembled(&as_events(parts.clone()));
        assert_eq!((assembly.text().as_str(), assembly.can_be_continued()), ("Let me see.", false));
        assert_eq!(assembly.into_parts(), parts);
    }

    #[test]
    fn calls_may_be_written_side_by_side() {
        let call = |index, id: &str| AnswerEvent::ToolCall { index, id: id.into(), name: "f".into() };
        let more = |index, fragment: &str| AnswerEvent::Arguments { index, fragment: fragment.into() };
        let events = [call(0, "a"), call(1, "b"), more(0, "{"), more(1, "["), more(0, "}"), more(1, "]"), more(7, "?")];
        let parts = assembled(&events).into_parts();
        let arguments: Vec<_> = parts
            .iter()
            .map(|part| match &part.content {
                Content::ToolCall(call) => call.arguments.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(arguments, ["{}", "[]"]);
    }

    #[test]
    fn only_words_can_be_continued() {
        let text = AnswerEvent::Text("x".into());
        assert!(assembled(&[AnswerEvent::Reasoning("r".into()), text.clone()]).can_be_continued());
        for not in [
            AnswerEvent::Refusal("no".into()),
            AnswerEvent::Other,
            AnswerEvent::ToolCall { index: 0, id: "a".into(), name: "f".into() },
        ] {
            assert!(!assembled(&[text.clone(), not.clone()]).can_be_continued(), "{not:?}");
        }
    }
}
