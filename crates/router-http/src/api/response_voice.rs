//! A streamed answer in the events of OpenAI's Responses.

use bytes::BytesMut;
use router_core::attempt::Attempt;
use router_engine::routed::{Routed, Speaker};
use router_providers::answer::Events;
use router_providers::openai_responses::ResponseWriter;

use crate::dialect::Dialect;
use crate::voice::{Voice, Written};

/// Writes events. No provider is asked in this dialect, so all of them are translations.
pub(super) struct ResponseVoice(pub(super) ResponseWriter);

impl Voice for ResponseVoice {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    /// OpenAI's clients know of no other models: only the answer counts.
    fn failed(&mut self, _: &Attempt, _: &mut BytesMut) -> Written {
        Ok(())
    }

    fn speaking(&mut self, speaker: Speaker, _: &mut BytesMut) -> Written {
        self.0.speaking(speaker.model_id.as_str());
        Ok(())
    }

    fn said(&mut self, events: Events, out: &mut BytesMut) -> Written {
        self.0.said(&events, out);
        Ok(())
    }

    fn done(&mut self, routed: Routed, out: &mut BytesMut) -> Written {
        self.0.finish(routed.reply.finish, &routed.reply.usage, out);
        Ok(())
    }

    fn error(&mut self, error: &[u8], out: &mut BytesMut) {
        self.0.error(error, out);
    }
}
