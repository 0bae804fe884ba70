//! A streamed answer in the events of Anthropic's Messages.

use bytes::BytesMut;
use router_core::attempt::Attempt;
use router_engine::routed::{Routed, RoutedStream, Speaker};
use router_providers::answer::Events;
use router_providers::anthropic_messages::MessageWriter;

use super::messages::id_of;
use crate::dialect::Dialect;
use crate::voice::{Voice, Written};

/// Writes events, and passes on those that a provider wrote in this dialect.
pub(super) struct MessageVoice(MessageWriter);

impl MessageVoice {
    pub(super) fn new(stream: &RoutedStream) -> Self {
        let (model, _) = &stream.first_choice;
        Self(MessageWriter::new(id_of(stream.id), model.as_str()))
    }
}

impl Voice for MessageVoice {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    /// Anthropic's clients know of no other models: only the answer counts.
    fn failed(&mut self, _: &Attempt, _: &mut BytesMut) -> Written {
        Ok(())
    }

    fn speaking(&mut self, speaker: Speaker, _: &mut BytesMut) -> Written {
        self.0.speaking(speaker.model_id.as_str(), speaker.original);
        Ok(())
    }

    fn said(&mut self, events: Events, out: &mut BytesMut) -> Written {
        self.0.said(events, out);
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
