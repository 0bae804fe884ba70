//! Why somebody is not let in.

/// Why credentials were not accepted. Only who holds the secret learns more than that it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There are none.
    Missing,
    /// Two different ones in one request.
    Several,
    /// Nobody has these.
    Invalid,
    /// They were valid until a while ago.
    Expired,
    /// They were taken back, or their user or tenant was disabled.
    Revoked,
}

impl Refusal {
    /// The label of the metric.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Several => "several",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// What happened and what to do.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Missing => {
                "credentials are missing; send `Authorization: Bearer sk-llmr-…` or `x-api-key: sk-llmr-…`, or log in"
            }
            Self::Several => "the request holds two different credentials; send one",
            Self::Invalid => "the credentials are not valid on this server",
            Self::Expired => "the credentials have expired; ask for new ones, or log in again",
            Self::Revoked => "the credentials were revoked; ask for new ones, or log in again",
        }
    }
}
