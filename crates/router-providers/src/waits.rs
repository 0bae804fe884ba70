//! How long a stream may be silent.

use std::time::Duration;

use router_core::error_kind::{ErrorKind, Phase};
use tokio::time::Instant;

use crate::answer::{AnswerEvent, CallError, Spent};
use crate::call::Deadlines;

/// How long to wait for the usage, or the formal end, of an answer that is whole. Providers send them at once.
const AFTER_FINISH: Duration = Duration::from_secs(3);

/// The waits of one stream, from the start of its call.
#[derive(Debug)]
pub(crate) struct Waits {
    first_by: Instant,
    whole_by: Instant,
    idle: Duration,
    /// How long comments and pings alone keep a stream alive.
    silence: Duration,
    phase: Waiting,
}

#[derive(Debug, Clone, Copy)]
enum Waiting {
    First,
    Next { read: Instant, said: Instant },
    End { finished: Instant },
}

impl Waits {
    /// From now on.
    pub(crate) fn start(deadlines: &Deadlines) -> Self {
        let now = Instant::now();
        Self {
            first_by: now + deadlines.first_event,
            whole_by: now + deadlines.total,
            idle: deadlines.idle,
            silence: deadlines.idle.max(deadlines.first_event),
            phase: Waiting::First,
        }
    }

    /// Until when to wait for what comes next.
    pub(crate) fn until(&self) -> Instant {
        match self.phase {
            Waiting::First => self.first_by,
            Waiting::Next { read, said } => (read + self.idle).min(said + self.silence),
            Waiting::End { finished } => finished + AFTER_FINISH,
        }
    }

    /// Until when to wait for an answer that turns out not to be a stream.
    pub(crate) fn whole_by(&self) -> Instant {
        self.whole_by
    }

    /// Something came, and this is what it said.
    pub(crate) fn came(&mut self, events: &[AnswerEvent]) {
        let now = Instant::now();
        let finished = events.iter().any(|event| matches!(event, AnswerEvent::Finish(_)));
        self.phase = match self.phase {
            Waiting::End { .. } => return,
            _ if finished => Waiting::End { finished: now },
            Waiting::First if events.iter().any(AnswerEvent::commits) => Waiting::Next { read: now, said: now },
            Waiting::First => return,
            Waiting::Next { said, .. } => {
                Waiting::Next { read: now, said: if events.iter().any(says) { now } else { said } }
            }
        };
    }

    /// The error for a wait that ran out.
    pub(crate) fn late(&self) -> CallError {
        let (phase, words) = match self.phase {
            Waiting::First => (Phase::FirstEvent, "the answer did not begin in time"),
            Waiting::Next { .. } | Waiting::End { .. } => (Phase::Idle, "the answer did not go on in time"),
        };
        CallError { spent: Spent::Unknown, ..CallError::new(ErrorKind::Timeout(phase), words) }
    }
}

fn says(event: &AnswerEvent) -> bool {
    !matches!(event, AnswerEvent::Began { .. } | AnswerEvent::Original(_))
}

#[cfg(test)]
mod tests {
    use router_core::finish::FinishReason;

    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        first_event: Duration::from_secs(30),
        idle: Duration::from_secs(10),
        total: Duration::from_secs(120),
    };

    /// Seconds from now until when is waited.
    fn left(waits: &Waits) -> u64 {
        (waits.until() - Instant::now()).as_secs()
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_delta_ends_the_first_wait() {
        let mut waits = Waits::start(&DEADLINES);
        pass(20).await;
        waits.came(&[AnswerEvent::Began { upstream_id: None, upstream_model: None }]);
        waits.came(&[]);
        assert_eq!((left(&waits), waits.late().kind), (10, ErrorKind::Timeout(Phase::FirstEvent)));
        waits.came(&[AnswerEvent::Text("a".into())]);
        assert_eq!((left(&waits), waits.late().kind), (10, ErrorKind::Timeout(Phase::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn comments_keep_a_stream_alive_for_a_while() {
        let mut waits = Waits::start(&DEADLINES);
        waits.came(&[AnswerEvent::Text("a".into())]);
        for expected in [10, 10, 10, 3] {
            pass(if expected == 3 { 8 } else { 5 }).await;
            pass(if expected == 3 { 4 } else { 0 }).await;
            waits.came(&[]);
            assert_eq!(left(&waits), expected);
        }
        waits.came(&[AnswerEvent::Text("b".into())]);
        assert_eq!(left(&waits), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_whole_answer_is_not_waited_for_long() {
        let mut waits = Waits::start(&DEADLINES);
        waits.came(&[AnswerEvent::Finish(FinishReason::Stop)]);
        pass(1).await;
        waits.came(&[]);
        assert_eq!(left(&waits), 2);
    }
}
