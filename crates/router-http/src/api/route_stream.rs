//! The events of `POST /api/route` with `stream: true`.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use router_core::attempt::{Attempt, millis};
use router_core::explain::Explanation;
use router_core::finish::FinishReason;
use router_core::id::{ModelId, ProviderId, RequestId};
use router_core::price::Cost;
use router_core::raw_json::RawJson;
use router_core::usage::Usage;
use router_engine::routed::{Routed, RoutedStream, Speaker};
use router_providers::answer::{AnswerEvent, Events};
use schemars::JsonSchema;
use serde::Serialize;

use super::route::finish_reason;
use crate::dialect::Dialect;
use crate::native_error::ErrorBody;
use crate::voice::{Voice, Written};

/// The `data` of an event; which of these it is says the event's name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each event is written by itself; this is what the document says of all of them")]
pub(super) enum RouteEvents<'a> {
    /// `decision`, the first: what was decided.
    Decision(Decided<'a>),
    /// `attempt`: someone was asked and did not finish; somebody else may yet.
    Attempt(Attempt),
    /// `model`: a model begins to speak.
    Model(Speaking<'a>),
    /// `delta`: more of the answer.
    Delta(Delta<'a>),
    /// `done`, the last after a whole answer.
    Done(Done<'a>),
    /// `error`, the last in its place: the answer is not whole.
    Error(ErrorBody),
}

/// What was decided before anybody was asked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decided<'a> {
    request_id: RequestId,
    /// The model that is asked first.
    model_id: &'a ModelId,
    /// Its provider.
    provider: &'a ProviderId,
    /// The answer comes from a simulated provider.
    simulated: bool,
    /// Why this model, and what the alternatives were.
    #[schemars(with = "Explanation<'static>")]
    decision: &'a RawJson,
}

/// Who speaks from here on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Speaking<'a> {
    model_id: &'a ModelId,
    provider: &'a ProviderId,
    /// The exact model, in its provider's words.
    upstream_model: Option<&'a str>,
    /// It goes on where another model stopped.
    continues: bool,
    /// What of the request the provider's wire format could not carry.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dropped: &'a [String],
}

/// A piece of the answer: one of these.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Delta<'a> {
    Text(&'a str),
    Reasoning(&'a str),
    /// The provider's signature over the reasoning before it.
    Signature(&'a str),
    /// A whole block of reasoning that the provider encrypted.
    RedactedReasoning(&'a str),
    /// Words in which the model declines.
    Refusal(&'a str),
    /// A tool call begins.
    ToolCall {
        /// Which of the answer's calls, from 0.
        index: usize,
        id: &'a str,
        name: &'a str,
    },
    /// More of a call's arguments.
    ToolArguments {
        /// Of which call.
        index: usize,
        /// A piece of JSON text.
        fragment: &'a str,
    },
}

/// What is known at the end.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done<'a> {
    request_id: RequestId,
    /// The model that finished the answer.
    model_id: &'a ModelId,
    /// Its provider.
    provider: &'a ProviderId,
    /// Every model that contributed to the answer, in order.
    models: &'a [ModelId],
    #[schemars(schema_with = "finish_reason")]
    finish_reason: FinishReason,
    /// What the answering attempt consumed.
    usage: Usage,
    /// What all attempts together cost; zero from the cache.
    cost: Cost,
    /// From admission to the whole answer.
    #[serde(with = "millis")]
    #[schemars(with = "f64")]
    latency_ms: Duration,
    /// The answer came from the response cache.
    cached: bool,
    /// Everyone that was asked, in order; empty from the cache.
    attempts: &'a [Attempt],
}

/// Writes these events.
pub(super) struct NativeVoice {
    /// Every model that has spoken.
    models: Vec<ModelId>,
    /// What was decided, until it is written.
    opening: BytesMut,
}

impl NativeVoice {
    /// A voice that begins with what was decided.
    pub(super) fn new(stream: &RoutedStream) -> Result<Self, serde_json::Error> {
        let (model_id, provider) = &stream.first_choice;
        let RoutedStream { id, simulated, decision, .. } = stream;
        let mut opening = BytesMut::new();
        let decided = Decided { request_id: *id, model_id, provider, simulated: *simulated, decision };
        event("decision", &decided, &mut opening)?;
        Ok(Self { models: Vec::new(), opening })
    }
}

impl Voice for NativeVoice {
    fn dialect(&self) -> Dialect {
        Dialect::Native
    }

    fn open(&mut self, out: &mut BytesMut) {
        out.unsplit(std::mem::take(&mut self.opening));
    }

    fn failed(&mut self, attempt: &Attempt, out: &mut BytesMut) -> Written {
        event("attempt", attempt, out)
    }

    fn speaking(&mut self, speaker: Speaker, out: &mut BytesMut) -> Written {
        let speaking = Speaking {
            model_id: &speaker.model_id,
            provider: &speaker.provider,
            upstream_model: speaker.upstream_model.as_deref(),
            continues: speaker.continues,
            dropped: &speaker.dropped,
        };
        event("model", &speaking, out)?;
        if !self.models.contains(&speaker.model_id) {
            self.models.push(speaker.model_id);
        }
        Ok(())
    }

    fn said(&mut self, events: Events, out: &mut BytesMut) -> Written {
        for said in &events {
            if let Some(delta) = delta(said) {
                event("delta", &delta, out)?;
            }
        }
        Ok(())
    }

    fn done(&mut self, routed: Routed, out: &mut BytesMut) -> Written {
        let Routed { id, reply, cost, latency, cached, attempts, allowance: _ } = routed;
        let done = Done {
            request_id: id,
            model_id: &reply.model_id,
            provider: &reply.provider,
            models: &self.models,
            finish_reason: reply.finish,
            usage: reply.usage,
            cost,
            latency_ms: latency,
            cached,
            attempts: &attempts,
        };
        event("done", &done, out)
    }

    fn error(&mut self, error: &[u8], out: &mut BytesMut) {
        out.extend_from_slice(b"event: error\ndata: ");
        out.extend_from_slice(error);
        out.extend_from_slice(b"\n\n");
    }
}

/// What a caller is shown of an event; nothing of those that belong to the whole answer or to the provider's dialect.
fn delta(event: &AnswerEvent) -> Option<Delta<'_>> {
    Some(match event {
        AnswerEvent::Text(text) => Delta::Text(text),
        AnswerEvent::Reasoning(text) => Delta::Reasoning(text),
        AnswerEvent::Signature(signature) => Delta::Signature(signature),
        AnswerEvent::RedactedReasoning(data) => Delta::RedactedReasoning(data),
        AnswerEvent::Refusal(text) => Delta::Refusal(text),
        AnswerEvent::ToolCall { index, id, name } => Delta::ToolCall { index: *index, id, name },
        AnswerEvent::Arguments { index, fragment } => Delta::ToolArguments { index: *index, fragment },
        _ => return None,
    })
}

/// One event. JSON of this server has no line breaks outside strings, and those are escaped: one `data` line holds it.
fn event(name: &str, data: &impl Serialize, out: &mut BytesMut) -> Written {
    for piece in ["event: ", name, "\ndata: "] {
        out.extend_from_slice(piece.as_bytes());
    }
    serde_json::to_writer(out.writer(), data)?;
    out.extend_from_slice(b"\n\n");
    Ok(())
}
