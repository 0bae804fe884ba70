//! What is to come of every fault: the table that the matrix is held against.

use super::rig::SILENCE;

/// What the caller is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of the answer.
    Answer,
    /// The model's own refusal, in a 200.
    Declined,
    /// An answer that ran out of tokens, and says so.
    Length,
    /// An error with this status; of 400 and above.
    Refused(u16),
    /// An error in the stream.
    Broken,
}

/// What is to come of a fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) outcome: Outcome,
    /// How often the model with the fault is asked, and how often the other one.
    pub(super) primary: usize,
    pub(super) fallback: usize,
    /// How long after the first attempt has arrived the second one does at the earliest, in milliseconds.
    pub(super) second_after: u64,
}

/// One fault.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) fault: &'static str,
    /// The other model has it, too.
    pub(super) everywhere: bool,
    /// A call of a tool is asked for: where that can be.
    pub(super) tool: bool,
    /// Where a whole answer is asked for; `None` where the fault does not touch those.
    pub(super) whole: Option<Expected>,
    /// Where a stream is asked for.
    pub(super) stream: Expected,
}

const fn expected(outcome: Outcome, primary: usize, fallback: usize) -> Expected {
    Expected { outcome, primary, fallback, second_after: 0 }
}

const fn row(fault: &'static str, outcome: Outcome, primary: usize, fallback: usize) -> Row {
    let expected = expected(outcome, primary, fallback);
    Row { fault, everywhere: false, tool: false, whole: Some(expected), stream: expected }
}

const fn of_streams(fault: &'static str, outcome: Outcome, primary: usize, fallback: usize) -> Row {
    Row { whole: None, ..row(fault, outcome, primary, fallback) }
}

impl Row {
    const fn second_after(mut self, millis: u64) -> Self {
        self.stream.second_after = millis;
        if let Some(whole) = &mut self.whole {
            whole.second_after = millis;
        }
        self
    }

    const fn everywhere(mut self) -> Self {
        self.everywhere = true;
        self
    }

    const fn in_streams(mut self, outcome: Outcome) -> Self {
        self.stream.outcome = outcome;
        self
    }

    const fn with_call(mut self) -> Self {
        self.tool = true;
        self
    }
}

/// The wait begins before the attempt has arrived: with its connection, which takes a while on a busy machine.
const SILENT: u64 = SILENCE.as_millis() as u64 - 300;

use Outcome::{Answer, Broken, Declined, Length, Refused};

pub(super) const ROWS: &[Row] = &[
    // What passes by itself: once more there, then elsewhere.
    row("429", Answer, 2, 1),
    row("429-once", Answer, 2, 0),
    row("429-after-300ms-once", Answer, 2, 0).second_after(300),
    row("429-after-300ms", Answer, 2, 1).second_after(300),
    row("429-after-90s", Answer, 1, 1),
    row("500", Answer, 2, 1),
    row("500-once", Answer, 2, 0),
    row("502", Answer, 2, 1),
    row("502-once", Answer, 2, 0),
    row("503", Answer, 2, 1),
    row("503-once", Answer, 2, 0),
    row("529", Answer, 2, 1),
    row("529-once", Answer, 2, 0),
    row("reset", Answer, 2, 1),
    row("reset-once", Answer, 2, 0),
    row("error-in-200", Answer, 2, 1),
    row("error-in-200-once", Answer, 2, 0),
    // What a second try would only meet again: elsewhere at once.
    row("408", Answer, 1, 1),
    row("504", Answer, 1, 1),
    row("silent", Answer, 1, 1).second_after(SILENT),
    row("slow-10s", Answer, 1, 1).second_after(SILENT),
    row("401", Answer, 1, 1),
    row("403", Answer, 1, 1),
    row("404", Answer, 1, 1),
    row("quota", Answer, 1, 1),
    row("413", Answer, 1, 1),
    row("unsupported", Answer, 1, 1),
    row("context", Answer, 1, 1),
    row("garbage", Answer, 1, 1),
    row("html", Answer, 1, 1),
    row("cut-body", Answer, 1, 1),
    // What is the caller's: nowhere else.
    row("400", Refused(400), 1, 0),
    row("policy", Refused(400), 1, 0),
    row("refusal", Declined, 1, 0),
    // What is none.
    row("slow-100ms", Answer, 1, 0),
    of_streams("slow-first-100ms", Answer, 1, 0),
    of_streams("repeated-finish", Answer, 1, 0),
    of_streams("usage-before-finish", Answer, 1, 0),
    of_streams("crlf", Answer, 1, 0),
    of_streams("no-space", Answer, 1, 0),
    of_streams("split-utf8", Answer, 1, 0),
    of_streams("unknown-events", Answer, 1, 0),
    of_streams("comments", Answer, 1, 0),
    of_streams("huge-event", Answer, 1, 0),
    // The whole answer came, but for its last word.
    of_streams("no-terminator", Answer, 1, 0),
    of_streams("tool-length", Length, 1, 0).with_call(),
    // Before the first delta: errors as before the headers; a model that has begun and stops is left.
    of_streams("error-first", Answer, 2, 1),
    of_streams("error-first-once", Answer, 2, 0),
    of_streams("slow-first-10s", Answer, 1, 1).second_after(SILENT),
    of_streams("stall-after-0", Answer, 1, 1).second_after(SILENT),
    of_streams("cut-after-0", Answer, 1, 1),
    of_streams("end-after-0", Answer, 1, 1),
    // After it: another model goes on.
    of_streams("cut-after-40", Answer, 1, 1),
    of_streams("end-after-40", Answer, 1, 1),
    of_streams("stall-after-40", Answer, 1, 1).second_after(SILENT),
    of_streams("malformed-after-20", Answer, 1, 1),
    of_streams("error-after-20", Answer, 1, 1),
    of_streams("two-message-starts", Answer, 1, 1),
    // A call cannot be handed over in the middle.
    of_streams("tool-cut", Broken, 1, 0).with_call(),
    // Everywhere: four attempts at most, and an error that says whose fault it is; a refused key of ours is not the caller's.
    row("429", Refused(429), 2, 2).everywhere(),
    row("429-after-90s", Refused(429), 1, 1).everywhere(),
    row("500", Refused(502), 2, 2).everywhere(),
    row("503", Refused(503), 2, 2).everywhere(),
    row("529", Refused(503), 2, 2).everywhere(),
    row("reset", Refused(502), 2, 2).everywhere(),
    row("error-in-200", Refused(503), 2, 2).everywhere(),
    row("504", Refused(504), 1, 1).everywhere(),
    row("silent", Refused(504), 1, 1).everywhere().second_after(SILENT),
    row("401", Refused(503), 1, 1).everywhere(),
    row("403", Refused(503), 1, 1).everywhere(),
    row("404", Refused(503), 1, 1).everywhere(),
    row("quota", Refused(503), 1, 1).everywhere(),
    row("413", Refused(413), 1, 1).everywhere(),
    row("unsupported", Refused(400), 1, 1).everywhere(),
    row("context", Refused(400), 1, 1).everywhere(),
    row("garbage", Refused(502), 1, 1).everywhere(),
    row("html", Refused(502), 1, 1).everywhere(),
    row("cut-body", Refused(502), 1, 1).everywhere().in_streams(Broken),
    of_streams("error-first", Refused(503), 2, 2).everywhere(),
    of_streams("end-after-0", Refused(502), 1, 1).everywhere(),
    of_streams("cut-after-40", Broken, 1, 1).everywhere(),
    of_streams("stall-after-40", Broken, 1, 1).everywhere().second_after(SILENT),
];
