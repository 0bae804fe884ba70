//! What several failed attempts mean to the caller, as one error.

use std::time::Duration;

use router_core::attempt::Attempt;
use router_core::error_kind::{ErrorKind, SameAgain};
use router_providers::answer::CallError;

use crate::error::RouteError;

/// The failed attempts of one request.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// The one that says most to the caller.
    telling: Option<CallError>,
    last: Option<ErrorKind>,
    smallest_wait: Option<Duration>,
    /// Somebody was not asked because a breaker was open. Says something only where nobody was asked at all.
    pub(crate) left_alone: bool,
}

impl Failures {
    /// Takes note of one more.
    pub(crate) fn add(&mut self, error: CallError) {
        self.last = Some(error.kind);
        self.smallest_wait = match (self.smallest_wait, error.retry_after) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (one, other) => one.or(other),
        };
        if self.telling.as_ref().is_none_or(|before| weight(error.kind) >= weight(before.kind)) {
            self.telling = Some(error);
        }
    }

    /// Takes note of one that says nothing to the caller.
    pub(crate) fn pass_over(&mut self, kind: ErrorKind) {
        self.last = Some(kind);
    }

    /// The name of the last one, for metrics.
    pub(crate) fn last_name(&self) -> &'static str {
        self.last.map_or("none", ErrorKind::name)
    }

    /// What the caller is told. Nobody was asked at all only where all are left alone, or no model is large enough.
    pub(crate) fn kind(&self) -> ErrorKind {
        let nobody_asked = if self.left_alone { ErrorKind::Overloaded } else { ErrorKind::ContextTooLong };
        self.telling.as_ref().map_or(nobody_asked, |error| error.kind)
    }

    /// The provider's words, where the request is at fault. Its words about our key or our account are not the caller's business.
    pub(crate) fn message(&self) -> String {
        let about_request = self.telling.as_ref().filter(|error| !error.kind.reaction().target_at_fault);
        about_request.map_or_else(String::new, |error| error.message.clone())
    }

    /// The error for the caller.
    pub(crate) fn into_error(self, attempts: Vec<Attempt>) -> RouteError {
        let (kind, message, retry_after) = (self.kind(), self.message(), self.retry_after());
        RouteError::Failed { kind, message, attempts, retry_after }
    }

    /// The smallest wait that anybody named; only where waiting is what helps.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.smallest_wait.filter(|_| self.kind().reaction().same_again != SameAgain::No)
    }
}

/// How much a kind of failure says to the caller, beside others. A fault of the request speaks for all only if nothing
/// else happened: while any provider was merely busy or broken, the same request may succeed later. What ends the
/// attempts at once (a refusal for its content, a request that is wrong anywhere) outweighs whatever came before.
const fn weight(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::ContentPolicy | ErrorKind::InvalidRequest | ErrorKind::Cancelled => 9,
        ErrorKind::RateLimited => 8,
        ErrorKind::Overloaded => 7,
        ErrorKind::Timeout(_) => 6,
        ErrorKind::ServerError | ErrorKind::Connection | ErrorKind::Malformed => 5,
        ErrorKind::Auth | ErrorKind::Quota => 4,
        ErrorKind::NotFound => 3,
        ErrorKind::ContextTooLong => 2,
        ErrorKind::TooLarge => 1,
        ErrorKind::Unsupported => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(errors: &[(ErrorKind, Option<u64>)]) -> Failures {
        let mut failures = Failures::default();
        for &(kind, seconds) in errors {
            failures
                .add(CallError { retry_after: seconds.map(Duration::from_secs), ..CallError::new(kind, kind.name()) });
        }
        failures
    }

    #[test]
    fn a_busy_provider_outweighs_a_fallback_that_cannot_take_the_request() {
        let failures = failures(&[(ErrorKind::Overloaded, None), (ErrorKind::Unsupported, None)]);
        assert_eq!((failures.kind(), failures.message()), (ErrorKind::Overloaded, String::new()));
        assert_eq!(failures.last_name(), "unsupported");
    }

    #[test]
    fn rate_limits_report_the_smallest_wait_whatever_else_broke() {
        let failures = failures(&[
            (ErrorKind::RateLimited, Some(30)),
            (ErrorKind::RateLimited, Some(5)),
            (ErrorKind::ServerError, None),
        ]);
        assert_eq!((failures.kind(), failures.retry_after()), (ErrorKind::RateLimited, Some(Duration::from_secs(5))));
    }

    #[test]
    fn a_wait_does_not_decorate_an_error_that_waiting_does_not_mend() {
        let failures = failures(&[(ErrorKind::RateLimited, Some(30)), (ErrorKind::InvalidRequest, None)]);
        assert_eq!((failures.kind(), failures.retry_after()), (ErrorKind::InvalidRequest, None));
        assert_eq!(failures.message(), "invalid_request");
    }

    #[test]
    fn a_fault_of_the_request_speaks_where_nothing_else_happened() {
        let failures = failures(&[(ErrorKind::Unsupported, None), (ErrorKind::ContextTooLong, None)]);
        assert_eq!(failures.kind(), ErrorKind::ContextTooLong);
        assert!(!failures.message().is_empty());
    }
}
