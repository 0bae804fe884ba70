//! Streams as tests read them.

use std::time::Duration;

use futures_util::StreamExt;
use router_core::conversation::ToolCall;
use router_core::finish::FinishReason;
use router_core::usage::Usage;
use router_providers::answer::{AnswerEvent, AnswerStream, CallError, Events};
use router_providers::call::{Call, Deadlines};
use router_providers::decoder::{Decoder, Progress};
use router_providers::provider::Provider;
use router_providers::sse::{Event, Parser};

/// For tests that have to wait for them.
pub(crate) const SHORT: Deadlines = Deadlines {
    first_event: Duration::from_millis(600),
    idle: Duration::from_millis(400),
    total: Duration::from_secs(20),
};

/// Everything a stream said, put together.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) signatures: Vec<String>,
    pub(crate) redacted: Vec<String>,
    pub(crate) refusal: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) usage: Option<Usage>,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) originals: Vec<bytes::Bytes>,
    pub(crate) began: Vec<(Option<String>, Option<String>)>,
    pub(crate) others: usize,
}

impl Told {
    /// Takes the next event, which has to make sense after those before it.
    pub(crate) fn take(&mut self, event: AnswerEvent) {
        match event {
            AnswerEvent::Began { upstream_id, upstream_model } => self.began.push((upstream_id, upstream_model)),
            AnswerEvent::Text(text) => self.text.push_str(&text),
            AnswerEvent::Reasoning(text) => self.reasoning.push_str(&text),
            AnswerEvent::Signature(text) => self.signatures.push(text),
            AnswerEvent::RedactedReasoning(data) => self.redacted.push(data),
            AnswerEvent::Refusal(words) => self.refusal.push_str(&words),
            AnswerEvent::ToolCall { index, id, name } => {
                assert_eq!(index, self.calls.len(), "calls are numbered as they come");
                self.calls.push(ToolCall { id, name, arguments: String::new() });
            }
            AnswerEvent::Arguments { index, fragment } => self.calls[index].arguments.push_str(&fragment),
            AnswerEvent::Other => self.others += 1,
            AnswerEvent::Usage(usage) => self.usage = Some(usage),
            AnswerEvent::Finish(finish) => assert_eq!(self.finish.replace(finish), None, "an answer ends once"),
            AnswerEvent::Original(json) => self.originals.push(json),
            other => unreachable!("{other:?}"),
        }
    }
}

/// Reads a stream to its end; an error takes what came before it along.
pub(crate) async fn read(stream: AnswerStream) -> (Told, Option<CallError>) {
    let mut events = stream.events;
    let mut told = Told::default();
    while let Some(item) = events.next().await {
        match item {
            Ok(batch) => {
                assert!(!batch.is_empty(), "an item is never empty");
                batch.into_iter().for_each(|event| told.take(event));
            }
            Err(error) => {
                assert!(events.next().await.is_none(), "nothing follows an error");
                return (told, Some(error));
            }
        }
    }
    assert!(told.finish.is_some(), "a stream that ends well is whole: {told:?}");
    (told, None)
}

/// Asks for a stream, and reads it to its end.
pub(crate) async fn ask(provider: &dyn Provider, call: Call<'_>) -> (Told, Option<CallError>) {
    match provider.stream(call).await {
        Ok(stream) => read(stream).await,
        Err(error) => (Told::default(), Some(error)),
    }
}

/// Reads a recorded stream without a network, in pieces of that many bytes.
pub(crate) fn replay(mut decoder: impl Decoder, stream: &[u8], piece: usize) -> (Told, Option<CallError>) {
    let (mut parser, mut told) = (Parser::default(), Told::default());
    let read = |told: &mut Told, decoder: &mut dyn Decoder, event: &Event| {
        let mut events = Events::new();
        let progress = decoder.event(event, &mut events);
        events.into_iter().for_each(|event| told.take(event));
        progress
    };
    for piece in stream.chunks(piece) {
        parser.feed(bytes::Bytes::copy_from_slice(piece));
        while let Some(event) = parser.next().unwrap() {
            match read(&mut told, &mut decoder, &event) {
                Err(error) => return (told, Some(error)),
                Ok(Progress::Ended) => return (told, None),
                Ok(_) => {}
            }
        }
    }
    if let Some(Err(error)) = parser.end().map(|event| read(&mut told, &mut decoder, &event)) {
        return (told, Some(error));
    }
    let mut events = Events::new();
    let error = decoder.end(&mut events).err();
    events.into_iter().for_each(|event| told.take(event));
    (told, error)
}
