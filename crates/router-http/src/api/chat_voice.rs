//! A streamed answer in OpenAI's chunks.

use bytes::BytesMut;
use router_core::attempt::Attempt;
use router_engine::routed::{Routed, RoutedStream, Speaker};
use router_providers::answer::Events;
use router_providers::openai_chat::ChunkWriter;

use crate::dialect::Dialect;
use crate::voice::{Voice, Written};

/// Writes chunks, and passes on those that a provider wrote in this dialect.
pub(super) struct ChatVoice(ChunkWriter);

impl ChatVoice {
    pub(super) fn new(stream: &RoutedStream, created: u64, include_usage: bool) -> Self {
        let (model, _) = &stream.first_choice;
        Self(ChunkWriter::new(format!("chatcmpl-{}", stream.id), created, model.as_str(), include_usage))
    }
}

impl Voice for ChatVoice {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    /// OpenAI's clients know of no other models: only the answer counts.
    fn failed(&mut self, _: &Attempt, _: &mut BytesMut) -> Written {
        Ok(())
    }

    fn speaking(&mut self, speaker: Speaker, _: &mut BytesMut) -> Written {
        self.0.speaking(speaker.model_id.as_str(), speaker.original);
        Ok(())
    }

    fn said(&mut self, events: Events, out: &mut BytesMut) -> Written {
        self.0.said(&events, out);
        Ok(())
    }

    fn done(&mut self, routed: Routed, out: &mut BytesMut) -> Written {
        self.0.finish(routed.reply.finish, Some(&routed.reply.usage), out);
        self.0.done(out);
        Ok(())
    }

    fn error(&mut self, error: &[u8], out: &mut BytesMut) {
        self.0.error(error, out);
    }
}
