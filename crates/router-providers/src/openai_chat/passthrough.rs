//! The caller's own bytes as a request, for a caller and a model that both speak this dialect.
//!
//! A closed list of edits, each made only where it changes something: what the caller wrote and the target takes is sent byte
//! for byte, whether or not anyone here knows what it means.

use router_core::capability::Capability;
use router_core::conversation::{Content, Effort, Part};
use router_core::raw_json::RawJson;
use serde_json::{Value, json};

use super::flavour::{Flavour, output_limit};
use super::inbound::effort_of;
use super::inbound_content::UNKNOWN_PART;
use crate::answer::CallError;
use crate::call::Call;
use crate::edits::{self, Edits};
use crate::encoded::Encoded;
use crate::needs::{self, unsupported};
use crate::original::Original;
use crate::splice::Edit;
use crate::{begun, data_url};

/// The two names of the longest answer's field.
const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// OpenRouter's fields that name other models to answer: whom to ask is decided here, by what the caller may use and pay for.
const CHOOSERS: [&str; 2] = ["models", "route"];

/// OpenAI's name for how hard to think, and OpenRouter's object with it.
const EFFORTS: [&str; 2] = ["reasoning_effort", "reasoning"];

/// Writes the request.
///
/// # Errors
/// [`Unsupported`](router_core::error_kind::ErrorKind::Unsupported) for what this model or this server cannot be sent; [`InvalidRequest`](router_core::error_kind::ErrorKind::InvalidRequest) for bytes that
/// cannot be edited.
pub fn pass_through(call: &Call<'_>, flavour: Flavour, original: &Original) -> Result<Encoded, CallError> {
    needs::check(call)?;
    refuse_addresses(call, flavour, original)?;
    let object = edits::object(&original.body)?;
    let mut edits = Edits::of(&object);
    for member in original.ours {
        edits.remove(member);
    }
    for member in CHOOSERS {
        edits.remove_given(member);
    }
    edits.set("model", json!(call.model.upstream_name));
    edits.limit(call, flavour);
    edits.stream(call.streamed);
    edits.sampling(call, flavour);
    edits.effort(call, flavour);
    edits.stop(call, flavour);
    edits.user(flavour);
    if let Some(begun) = call.begun {
        edits.append("messages", &json!({"role": "assistant", "content": begun.text}));
    }
    let (body, changed) = edits.finish()?;
    Ok(Encoded { body, headers: Vec::new(), dropped: Vec::new(), changed })
}

/// A server that would fetch whatever address a caller names, from inside the operator's network, is not sent any; nor parts
/// that may hold one in a place that is not known here.
fn refuse_addresses(call: &Call<'_>, flavour: Flavour, original: &Original) -> Result<(), CallError> {
    if !flavour.fetches_images() && original.uncarried.iter().any(|lost| lost.field == UNKNOWN_PART) {
        return Err(unsupported(UNKNOWN_PART, "this provider is sent parts of known types alone"));
    }
    let mut within = call.conversation.messages.iter().flat_map(|message| &message.parts);
    within.try_for_each(|part| refuse_address(part, flavour))
}

fn refuse_address(part: &Part, flavour: Flavour) -> Result<(), CallError> {
    match &part.content {
        Content::Image { source, .. } if !flavour.fetches_images() && data_url::is_address(source) => {
            Err(unsupported("image", "this provider takes images as data, not by address"))
        }
        Content::Document { source, .. } if !flavour.fetches_documents() && data_url::is_address(source) => {
            Err(unsupported("document", "this provider takes documents as data, not by address"))
        }
        Content::ToolResult { parts, .. } => parts.iter().try_for_each(|part| refuse_address(part, flavour)),
        _ => Ok(()),
    }
}

impl<'a> Edits<'a> {
    /// The longest answer, under the name that the target knows and no longer than its model gives.
    fn limit(&mut self, call: &Call<'_>, flavour: Flavour) {
        let [older, newer] = LIMITS;
        let renamed = flavour.names_limit_completion_tokens(call.model) != call.limit_renamed;
        let (known, other) = if renamed { (newer, older) } else { (older, newer) };
        let Some(limit) = begun::limit(call).map(|wanted| json!(output_limit(call.model, wanted))) else { return };
        match (self.given(other), self.given(known)) {
            (Some(_), None) => {
                let same = self.value(other).as_ref() == Some(&limit);
                self.rename(other, known);
                if !same {
                    self.also(Edit::Set { member: known, value: RawJson::of(&limit) });
                }
            }
            (Some(_), Some(_)) => {
                self.remove(other);
                self.set(known, limit);
            }
            (None, _) => self.set(known, limit),
        }
    }

    /// A stream says what it consumed only where that is asked for.
    fn stream(&mut self, streamed: bool) {
        let asked = self.given("stream") == Some("true");
        if streamed {
            self.set("stream", json!(true));
            let counted = self.value("stream_options").is_some_and(|options| options["include_usage"] == true);
            if !counted {
                let value = RawJson::of(&true);
                let edit = Edit::SetWithin { member: "stream_options", inner: "include_usage", value };
                self.change("stream_options.include_usage", edit);
            }
        } else if asked {
            self.set("stream", json!(false));
            self.remove_given("stream_options");
        }
    }

    fn sampling(&mut self, call: &Call<'_>, flavour: Flavour) {
        let samples = call.model.capabilities.has(Capability::SamplingParameters);
        for (member, taken) in
            [("temperature", samples), ("top_p", samples), ("top_k", samples && flavour.takes_top_k())]
        {
            if !taken {
                self.remove_given(member);
            }
        }
    }

    /// How hard to think, in the target's word for it and on the nearest level that its model has.
    fn effort(&mut self, call: &Call<'_>, flavour: Flavour) {
        let [word, object] = EFFORTS;
        if !call.model.capabilities.has(Capability::Reasoning) {
            self.remove_given(word);
            self.remove_given(object);
            return;
        }
        let nearest = |wanted: Effort| flavour.nearest_effort(call.model, wanted);
        let asked = call.conversation.effort.map(nearest);
        if flavour == Flavour::OpenRouter {
            let within = self.value(object).and_then(|object| effort_of(object["effort"].as_str()?));
            match (self.given(word), self.given(object), asked) {
                (Some(_), None, Some(effort)) => {
                    self.rename(word, object);
                    self.also(Edit::Set { member: object, value: RawJson::of(&json!({"effort": effort})) });
                }
                (Some(_), _, _) => self.remove(word),
                (None, _, _) => {}
            }
            if let Some(level) = within.filter(|&wanted| nearest(wanted) != wanted).map(nearest) {
                let value = RawJson::of(&level);
                self.change("reasoning.effort", Edit::SetWithin { member: object, inner: "effort", value });
            }
            return;
        }
        match (self.given(object), self.given(word), asked) {
            // Servers that imitate OpenAI may imitate OpenRouter, too; OpenAI refuses what it does not know.
            (Some(_), None, Some(effort)) if flavour == Flavour::OpenAi => {
                self.rename(object, word);
                self.also(Edit::Set { member: word, value: RawJson::of(&effort) });
            }
            (Some(_), _, _) if flavour == Flavour::OpenAi => self.remove(object),
            _ => {}
        }
        if let (Some(_), Some(effort)) = (self.given(word), asked) {
            self.set(word, json!(effort));
        }
    }

    fn stop(&mut self, call: &Call<'_>, flavour: Flavour) {
        if !flavour.takes_stop(call.model) {
            self.remove_given("stop");
        } else if let Some(Value::Array(mut texts)) = self.value("stop")
            && texts.len() > flavour.most_stops()
        {
            texts.truncate(flavour.most_stops());
            self.set("stop", Value::Array(texts));
        }
    }

    fn user(&mut self, flavour: Flavour) {
        for member in ["user", "safety_identifier"] {
            let refused =
                self.value(member).is_some_and(|user| user.as_str().is_some_and(|user| !flavour.takes_user(user)));
            if refused {
                self.remove(member);
            }
        }
    }
}
