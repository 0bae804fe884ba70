//! What the simulator saw: every request for an answer, with its times and its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde_json::Value;

use crate::fault::FaultKind;
use crate::wire::Wire;

/// One request for an answer, from its arrival on.
#[derive(Debug, Clone)]
pub struct SeenAttempt {
    /// On which wire it came.
    pub wire: Wire,
    /// The model's name as sent, suffixes included; empty where the body names none.
    pub model: String,
    /// Whether it asks for a stream.
    pub streamed: bool,
    /// When its body was complete, since the simulator's start.
    pub arrived: Duration,
    /// When its end was reached, since the simulator's start; `None` while it runs.
    pub ended: Option<Duration>,
    /// When the first byte of the answer's body went out, since the simulator's start.
    pub first_byte: Option<Duration>,
    /// How many tokens of a stream have gone out so far, those of visible thought included; each is counted once,
    /// however many choices the request wants. 0 for other answers.
    pub tokens: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Its headers; credentials are marked sensitive, so that their values do not appear in `Debug`.
    pub headers: HeaderMap,
    /// Its body, byte by byte.
    pub body: Bytes,
}

impl SeenAttempt {
    /// The body as JSON; `Null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The value of a header; `None` where it is absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What is known of an attempt when it arrives.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) wire: Wire,
    pub(crate) model: String,
    pub(crate) streamed: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet.
    Running,
    /// With a whole answer.
    Answered,
    /// With an error the request earned itself: a bad body, a bad key.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// With a fault, played to its end; silence ends when the caller leaves. A slow answer that was waited for counts
    /// as answered.
    Played(FaultKind),
    /// The caller went away before the end; of a stream it got [`SeenAttempt::tokens`] at most.
    CallerLeft,
}

/// The attempts of one simulator, oldest first, bounded.
#[derive(Debug)]
pub(crate) struct AttemptLog {
    started: Instant,
    most_attempts: usize,
    most_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    attempts: VecDeque<SeenAttempt>,
    /// The number of the first one in `attempts`: how many were forgotten or reset before it.
    first: u64,
    bytes: usize,
    forgotten: u64,
}

impl AttemptLog {
    pub(crate) fn new(most_attempts: usize, most_bytes: usize) -> Self {
        Self { started: Instant::now(), most_attempts, most_bytes, kept: Mutex::default() }
    }

    /// Remembers an attempt that has just arrived.
    pub(crate) fn begin(self: &Arc<Self>, seen: Seen) -> Running {
        let Seen { wire, model, streamed, mut headers, body } = seen;
        for name in [AUTHORIZATION.as_str(), "x-api-key"] {
            if let Some(value) = headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
        let arrived = self.started.elapsed();
        let attempt = SeenAttempt {
            wire,
            model,
            streamed,
            arrived,
            ended: None,
            first_byte: None,
            tokens: 0,
            outcome: Outcome::Running,
            headers,
            body,
        };
        let number = self.with(|kept| {
            kept.bytes += attempt.body.len();
            kept.attempts.push_back(attempt);
            let number = kept.first + kept.attempts.len() as u64 - 1;
            while kept.attempts.len() > self.most_attempts || kept.bytes > self.most_bytes {
                let Some(oldest) = kept.attempts.pop_front() else { break };
                kept.bytes -= oldest.body.len();
                kept.first += 1;
                kept.forgotten += 1;
            }
            number
        });
        Running { log: Arc::clone(self), number, outcome: Outcome::CallerLeft, complete: false }
    }

    pub(crate) fn seen(&self) -> Vec<SeenAttempt> {
        self.with(|kept| kept.attempts.iter().cloned().collect())
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.with(|kept| kept.forgotten)
    }

    pub(crate) fn reset(&self) {
        self.with(|kept| {
            kept.first += kept.attempts.len() as u64;
            kept.attempts.clear();
            kept.bytes = 0;
            kept.forgotten = 0;
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An attempt on its way; its end is written when this is dropped. Dropped before it is complete, the caller left.
#[derive(Debug)]
pub(crate) struct Running {
    log: Arc<AttemptLog>,
    number: u64,
    outcome: Outcome,
    complete: bool,
}

impl Running {
    /// What to write once it is complete.
    pub(crate) fn ends_as(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Bytes go out, and with them so many tokens.
    pub(crate) fn sent(&self, tokens: u64) {
        let now = self.log.started.elapsed();
        self.change(|attempt| {
            attempt.first_byte.get_or_insert(now);
            attempt.tokens += tokens;
        });
    }

    /// All that was to happen has happened.
    pub(crate) fn complete(&mut self) {
        self.complete = true;
    }

    /// Changes the attempt, if it is still remembered.
    fn change(&self, change: impl FnOnce(&mut SeenAttempt)) {
        self.log.with(|kept| {
            let place = self.number.checked_sub(kept.first).and_then(|place| usize::try_from(place).ok());
            if let Some(attempt) = place.and_then(|place| kept.attempts.get_mut(place)) {
                change(attempt);
            }
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.log.started.elapsed();
        let outcome = if self.complete { self.outcome } else { Outcome::CallerLeft };
        self.change(|attempt| {
            attempt.ended = Some(ended);
            attempt.outcome = outcome;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrive(log: &Arc<AttemptLog>, model: &str) -> Running {
        let (headers, body) = (HeaderMap::new(), Bytes::from_static(b"0123456789"));
        log.begin(Seen { wire: Wire::OpenAi, model: model.to_owned(), streamed: false, headers, body })
    }

    fn models(log: &AttemptLog) -> Vec<String> {
        log.seen().into_iter().map(|attempt| attempt.model).collect()
    }

    #[test]
    fn the_oldest_is_forgotten_by_number_and_by_bytes() {
        let by_number = Arc::new(AttemptLog::new(2, usize::MAX));
        let by_bytes = Arc::new(AttemptLog::new(usize::MAX, 20));
        for log in [by_number, by_bytes] {
            let first = arrive(&log, "a");
            let mut last = ["b", "c"].map(|model| arrive(&log, model));
            last.iter_mut().for_each(|running| running.ends_as(Outcome::Answered));
            last[1].complete();
            drop(first);
            drop(last);
            assert_eq!(models(&log), ["b", "c"]);
            assert_eq!(log.forgotten(), 1);
            let outcomes: Vec<_> = log.seen().iter().map(|attempt| attempt.outcome).collect();
            assert_eq!(outcomes, [Outcome::CallerLeft, Outcome::Answered]);
        }
    }

    #[test]
    fn an_attempt_from_before_a_reset_changes_nothing_after_it() {
        let log = Arc::new(AttemptLog::new(10, usize::MAX));
        let before = arrive(&log, "before");
        log.reset();
        let after = arrive(&log, "after");
        drop(before);
        assert_eq!(models(&log), ["after"]);
        assert_eq!(log.seen()[0].outcome, Outcome::Running);
        drop(after);
    }
}
