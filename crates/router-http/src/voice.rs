//! In whose words a streamed answer is said.

use bytes::BytesMut;
use router_core::attempt::Attempt;
use router_engine::routed::{Routed, Speaker};
use router_providers::answer::Events;

use crate::dialect::Dialect;

/// Whether something could be written as JSON.
pub(crate) type Written = Result<(), serde_json::Error>;

/// How an API says what the engine says. Each writes whole events, or nothing.
pub(crate) trait Voice: Send {
    /// What its errors are written in.
    fn dialect(&self) -> Dialect;

    /// What stands before everything else.
    fn open(&mut self, _out: &mut BytesMut) {}

    /// Someone was asked and did not finish.
    fn failed(&mut self, attempt: &Attempt, out: &mut BytesMut) -> Written;

    /// A model begins to speak.
    fn speaking(&mut self, speaker: Speaker, out: &mut BytesMut) -> Written;

    /// More of the answer.
    fn said(&mut self, events: Events, out: &mut BytesMut) -> Written;

    /// The answer is whole.
    fn done(&mut self, routed: Routed, out: &mut BytesMut) -> Written;

    /// There is no more of the answer, and this error (JSON on one line) says why.
    fn error(&mut self, error: &[u8], out: &mut BytesMut);
}
