//! What one model says in a stream: held back until it says something that cannot be taken back, and joined to what was said
//! before it.

use router_core::conversation::Part;
use router_core::error_kind::ErrorKind;
use router_core::finish::FinishReason;
use router_core::usage::Usage;
use router_providers::answer::{AnswerEvent, CallError, Events, Spent};

use crate::assembly::Assembly;
use crate::joint::{Diverged, Joint};

/// The most events that are held back before the first delta. Honest providers send one or two.
const MOST_HELD: usize = 10_000;

/// What one model says.
pub(crate) struct Voice {
    /// The caller knows who speaks: the first delta is out.
    pub(crate) introduced: bool,
    /// What came before the first delta.
    held: Events,
    names: (Option<String>, Option<String>),
    reported: Option<Usage>,
    finish: Option<FinishReason>,
    /// Where another model's words are continued, and what this one said by itself.
    joint: Option<(Joint, Assembly)>,
}

impl Voice {
    /// `joint` where another model's words are continued.
    pub(crate) fn new(joint: Option<Joint>) -> Self {
        Self {
            introduced: false,
            held: Events::new(),
            names: (None, None),
            reported: None,
            finish: None,
            joint: joint.map(|joint| (joint, Assembly::default())),
        }
    }

    /// Takes what the model said; gives what the caller may see of it, which may be nothing yet.
    pub(crate) fn hear(&mut self, events: Events) -> Result<Events, CallError> {
        for event in &events {
            match event {
                AnswerEvent::Began { upstream_id, upstream_model } => {
                    self.names = (upstream_id.clone(), upstream_model.clone());
                }
                AnswerEvent::Usage(usage) => self.reported = Some(*usage),
                AnswerEvent::Finish(finish) => self.finish = Some(*finish),
                _ => {}
            }
        }
        let mut events = match &mut self.joint {
            None => events,
            Some((joint, heard)) => {
                events.iter().for_each(|event| heard.add(event));
                join(joint, events)?
            }
        };
        if self.introduced {
            return Ok(events);
        }
        let commits = events.iter().any(AnswerEvent::commits);
        self.held.append(&mut events);
        if self.held.len() > MOST_HELD {
            return Err(malformed("the answer has too many events that say nothing"));
        }
        Ok(if commits { std::mem::take(&mut self.held) } else { Events::new() })
    }

    /// The stream is over: what was still held back, also of an answer that never said anything.
    pub(crate) fn end(&mut self) -> Result<Events, CallError> {
        if self.finish.is_none() {
            return Err(malformed("the answer stopped before its end"));
        }
        let mut rest = std::mem::take(&mut self.held);
        if let Some((joint, _)) = &mut self.joint {
            let text = joint.end().map_err(|Diverged| diverged())?;
            rest.extend((!text.is_empty()).then_some(AnswerEvent::Text(text)));
        }
        Ok(rest)
    }

    /// Why the model stopped.
    pub(crate) const fn finish(&self) -> Option<FinishReason> {
        self.finish
    }

    /// What the provider says the model consumed.
    pub(crate) const fn reported(&self) -> Option<Usage> {
        self.reported
    }

    /// The provider's id of the answer, and its name of the model.
    pub(crate) fn take_names(&mut self) -> (Option<String>, Option<String>) {
        std::mem::take(&mut self.names)
    }

    /// What this model said, where the caller was told `said`.
    pub(crate) fn heard<'a>(&'a self, said: &'a [Part]) -> &'a [Part] {
        self.joint.as_ref().map_or(said, |(_, heard)| heard.parts())
    }
}

/// What is new in `events` to someone who knows what was said before: nothing of the provider's own bytes, and no second
/// reasoning about what is half written.
fn join(joint: &mut Joint, events: Events) -> Result<Events, CallError> {
    let mut new = Events::with_capacity(events.len());
    for event in events {
        match event {
            AnswerEvent::Text(text) => {
                let text = joint.join(&text).map_err(|Diverged| diverged())?;
                if !text.is_empty() {
                    new.push(AnswerEvent::Text(text));
                }
            }
            AnswerEvent::Reasoning(_)
            | AnswerEvent::Signature(_)
            | AnswerEvent::RedactedReasoning(_)
            | AnswerEvent::Original(_) => {}
            AnswerEvent::ToolCall { .. } | AnswerEvent::Refusal(_) => {
                let rest = joint.end().map_err(|Diverged| diverged())?;
                new.extend((!rest.is_empty()).then_some(AnswerEvent::Text(rest)));
                new.push(event);
            }
            other => new.push(other),
        }
    }
    Ok(new)
}

fn diverged() -> CallError {
    malformed("the answer does not begin with what was already said")
}

fn malformed(message: &str) -> CallError {
    CallError { spent: Spent::Unknown, ..CallError::new(ErrorKind::Malformed, message) }
}
