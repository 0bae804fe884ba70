//! A whole answer as a stream: what a provider that cannot stream gives to a caller who wants one.

use futures_util::stream;
use router_core::conversation::{Content, Part};

use crate::answer::{Answer, AnswerEvent, AnswerStream, Events};

/// The answer in one piece. Its original bytes are not those of a stream, so they are left out.
pub(crate) fn as_stream(answer: Answer) -> AnswerStream {
    let Answer { parts, finish, usage, upstream_id, upstream_model, dropped, changed, original: _ } = answer;
    let mut events = vec![AnswerEvent::Began { upstream_id, upstream_model }];
    events.extend(as_events(parts));
    events.extend(usage.map(AnswerEvent::Usage));
    events.push(AnswerEvent::Finish(finish));
    let events = Box::pin(stream::iter([Ok(events)]));
    AnswerStream { events, dropped, changed, original: false }
}

/// What the parts of an answer say, in order.
#[must_use]
pub fn as_events(parts: impl IntoIterator<Item = Part>) -> Events {
    let mut events = Vec::new();
    let mut calls = 0;
    for part in parts {
        match part.content {
            Content::Text(text) => events.push(AnswerEvent::Text(text)),
            Content::Refusal(text) => events.push(AnswerEvent::Refusal(text)),
            Content::Reasoning { text, signature } => {
                if !text.is_empty() {
                    events.push(AnswerEvent::Reasoning(text));
                }
                events.extend(signature.map(AnswerEvent::Signature));
            }
            Content::RedactedReasoning(data) => events.push(AnswerEvent::RedactedReasoning(data)),
            Content::ToolCall(call) => {
                let index = calls;
                calls += 1;
                events.push(AnswerEvent::ToolCall { index, id: call.id, name: call.name });
                events.push(AnswerEvent::Arguments { index, fragment: call.arguments });
            }
            // Models do not write these.
            Content::Image { .. } | Content::Document { .. } | Content::ToolResult { .. } => {}
        }
    }
    events
}
