//! What can be made to go wrong, and how often.

use std::time::Duration;

pub use crate::fault_name::UnknownFault;

/// A misbehaviour and how often it is played.
///
/// Written `KIND`, `KIND-once`, `KIND-xN` or `KIND-for-TIME`; see [`FaultKind`] for the kinds.
///
/// ```
/// use router_sim::{Fault, FaultKind};
/// let fault: Fault = "500-once".parse()?;
/// assert_eq!(fault, Fault::once(FaultKind::ServerError));
/// # Ok::<(), router_sim::fault::UnknownFault>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// To which requests.
    pub times: Times,
}

/// Which requests a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Every one.
    Always,
    /// The first so many for this model since the start, the last [`reset`](crate::Simulator::reset) or the last
    /// [`set_fault`](crate::Simulator::set_fault); later ones are answered. `First(1)` is written `-once`.
    First(u32),
    /// Those within so long of the first one, which is counted as for [`Times::First`]: an outage that passes. Written
    /// `-for-2s`.
    For(Duration),
}

/// What goes wrong. A request the wire would refuse anyway gets its refusal instead: no fault hides a bad request.
///
/// From [`FaultKind::SlowFirst`] on they are faults of streams: they leave other requests alone, and are not counted
/// as played then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// `429`, `429-after-2s`, `429-after-50ms`: asked too often; with the pause to keep, if one is given. A pause
    /// with a fraction of a second travels as `retry-after-ms`, and rounded up as `retry-after`.
    RateLimited {
        /// The pause to keep.
        retry_after: Option<Duration>,
    },
    /// `400`: the request is wrong, and would be for any model.
    BadRequest,
    /// `unsupported`: a 400 for a parameter that this model alone does not take.
    Unsupported,
    /// `413`: more bytes than the provider takes.
    TooLarge,
    /// `408`: the provider's wait for the request ran out.
    RequestTimeout,
    /// `500`: the provider broke.
    ServerError,
    /// `502`: whoever is behind the provider broke.
    BadGateway,
    /// `503`: no room.
    Unavailable,
    /// `504`: the provider's wait for its model ran out.
    GatewayTimeout,
    /// `529`: no room, as Anthropic says it.
    Overloaded,
    /// `401`: the key is not taken.
    BadKey,
    /// `403`: the key is known, and not allowed.
    Forbidden,
    /// `404`: no such model.
    NotFound,
    /// `quota`: the account has no money left (429 `insufficient_quota` on OpenAI's wire, else 402).
    OutOfQuota,
    /// `context`: the prompt does not fit the context window.
    ContextTooLong,
    /// `policy`: the prompt is refused as an error.
    ContentPolicy,
    /// `refusal`: the model declines within a 200.
    Refusal,
    /// `reset`: the connection is reset before any header.
    Reset,
    /// `silent`: the request is taken and never answered.
    Silent,
    /// `cut-body`: the connection closes in the middle of the body; `content-length` promised all of it.
    CutBody,
    /// `error-in-200`: an error's body under a success's status.
    ErrorIn200,
    /// `garbage`: a 200 whose body is not JSON, though it says so.
    Garbage,
    /// `html`: a 200 with a web page, as captive portals and broken proxies send.
    Html,
    /// `slow-300ms`, `slow-2s`: a good answer, so much later.
    Slow(Duration),
    /// `slow-first-2s`: a stream's headers come at once and its first event so much later.
    SlowFirst(Duration),
    /// `cut-after-40`: the connection is reset after so many tokens of a stream, or after its last where it has fewer.
    CutAfter(u64),
    /// `end-after-40`: the body ends cleanly after so many tokens, without finish and terminator.
    EndAfter(u64),
    /// `stall-after-40`: nothing more comes after so many tokens, and the connection stays.
    StallAfter(u64),
    /// `malformed-after-20`: after so many tokens comes one event that is not JSON; then the stream goes on.
    MalformedAfter(u64),
    /// `error-after-20`: after so many tokens comes an error in the wire's words, and the stream ends.
    ErrorAfter(u64),
    /// `error-first`: a 200 whose first event is an error.
    ErrorFirst,
    /// `no-terminator`: a whole stream without its `[DONE]` or `message_stop`.
    NoTerminator,
    /// `tool-cut`: the connection is reset in the middle of the last call's arguments.
    ToolCut,
    /// `tool-length`: the last call's arguments end in the middle, for want of tokens; Anthropic's block stays open.
    ToolLength,
    /// `repeated-finish`: the event with the finish reason comes twice.
    RepeatedFinish,
    /// `usage-before-finish`: the usage comes before the finish reason.
    UsageBeforeFinish,
    /// `crlf`: lines end in CR LF.
    Crlf,
    /// `no-space`: `data:` without a space after it.
    NoSpace,
    /// `split-utf8`: characters of several bytes reach the caller in two writes; the answer's text has some.
    SplitUtf8,
    /// `unknown-events`: events of unknown kinds before every token.
    UnknownEvents,
    /// `comments`: comment lines before every token, and pings on Anthropic's wire.
    Comments,
    /// `two-message-starts`: after a third of its tokens the stream begins again, under another id.
    TwoMessageStarts,
    /// `huge-event`: the last delta of the answer is followed by one of 2 MiB.
    HugeEvent,
}

impl FaultKind {
    /// Whether there is something to play: what needs a stream leaves other answers alone.
    pub(crate) fn needs_stream(self) -> bool {
        matches!(
            self,
            Self::SlowFirst(_)
                | Self::CutAfter(_)
                | Self::EndAfter(_)
                | Self::StallAfter(_)
                | Self::MalformedAfter(_)
                | Self::ErrorAfter(_)
                | Self::ErrorFirst
                | Self::NoTerminator
                | Self::ToolCut
                | Self::ToolLength
                | Self::RepeatedFinish
                | Self::UsageBeforeFinish
                | Self::Crlf
                | Self::NoSpace
                | Self::SplitUtf8
                | Self::UnknownEvents
                | Self::Comments
                | Self::TwoMessageStarts
                | Self::HugeEvent
        )
    }
}

impl Fault {
    /// Hits every request.
    #[must_use]
    pub const fn always(kind: FaultKind) -> Self {
        Self { kind, times: Times::Always }
    }

    /// Hits the next request only.
    #[must_use]
    pub const fn once(kind: FaultKind) -> Self {
        Self::first(1, kind)
    }

    /// Hits the next `count` requests.
    #[must_use]
    pub const fn first(count: u32, kind: FaultKind) -> Self {
        Self { kind, times: Times::First(count) }
    }

    /// Hits the next request, and those that follow it within `time`.
    #[must_use]
    pub const fn for_time(time: Duration, kind: FaultKind) -> Self {
        Self { kind, times: Times::For(time) }
    }
}
