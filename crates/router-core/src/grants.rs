//! What a caller is allowed: models, how often, how much money, and what is kept of their texts.
//!
//! Granted to a key, to the user it belongs to and to their tenant. Whoever authenticates joins the three into one
//! [`Grants`], once per change and not per request.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{KeyId, ModelId, ProviderId, TenantId, UserId};
use crate::model::Model;
use crate::usd::Usd;

/// How often something may happen: `per_minute` on average, `burst` at once on top.
/// In any window of length *t* at most `per_minute` × *t* / 60 s + `burst` are admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rate {
    /// Sustained rate; 0 admits nothing.
    pub per_minute: u32,
    /// How many may come at once after a pause; at least 1.
    pub burst: u32,
}

/// What may be asked. What is not set is not limited here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// Prompts that are run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Rate>,
    /// Tokens of prompts and answers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Rate>,
    /// Prompts under way at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u32>,
}

impl Limits {
    /// Whether nothing is limited.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none() && self.concurrent.is_none()
    }
}

/// After which time a budget begins anew. Days and months are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BudgetPeriod {
    /// Each day.
    Day,
    /// Each month.
    Month,
    /// Never.
    Total,
}

impl BudgetPeriod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Total];

    /// The name used in JSON and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }
}

/// How much may be spent in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Budget {
    /// In which time.
    pub period: BudgetPeriod,
    /// How much, in US dollars.
    #[serde(rename = "limitUsd")]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub limit: Usd,
    /// Answers are capped at what was reserved for them, so that the budget is never exceeded, not even by the requests
    /// under way.
    #[serde(default)]
    pub strict: bool,
}

/// Whose limit or budget something is. Two accounts never share an allowance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// One key's.
    Key(KeyId),
    /// One user's, with all their keys and sessions.
    User(UserId),
    /// A tenant's, with all its users and keys.
    Tenant(TenantId),
}

impl Account {
    /// The kind, as it stands before the colon of the account's name: `key`, `user`, `tenant`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::User(_) => "user",
            Self::Tenant(_) => "tenant",
        }
    }

    /// The id, without the kind.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Key(id) => id.as_str(),
            Self::User(id) => id.as_str(),
            Self::Tenant(id) => id.as_str(),
        }
    }

    /// An account from its kind and id, as a database keeps them.
    #[must_use]
    pub fn from_parts(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "key" => Some(Self::Key(id.into())),
            "user" => Some(Self::User(id.into())),
            "tenant" => Some(Self::Tenant(id.into())),
            _ => None,
        }
    }
}

impl fmt::Display for Account {
    /// `key:abc`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.id())
    }
}

/// What is kept of prompts and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum KeepText {
    /// Nothing: figures only.
    #[default]
    None,
    /// A digest under a key of the operator's: equal texts can be told, nothing can be read.
    Hashed,
    /// The text, with what looks like an address, a number of a person or a secret taken out.
    Redacted,
    /// All of it.
    Whole,
}

impl KeepText {
    /// The name used in JSON and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hashed => "hashed",
            Self::Redacted => "redacted",
            Self::Whole => "whole",
        }
    }
}

/// What one account is limited to, ready for use on every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLimits {
    /// Whose.
    pub account: Account,
    /// The account as text ([`Account`]'s `Display`), made once.
    pub name: Arc<str>,
    /// How often.
    pub limits: Limits,
    /// How much money; at most one for each period.
    pub budgets: Vec<Budget>,
}

impl AccountLimits {
    /// What `account` is limited to.
    #[must_use]
    pub fn new(account: Account, limits: Limits, budgets: Vec<Budget>) -> Self {
        Self { name: account.to_string().into(), account, limits, budgets }
    }
}

/// What a caller is allowed, of all their accounts together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// The models they may use; `None` means all.
    pub allowed_models: Option<Vec<ModelId>>,
    /// The providers their prompts may be sent to; `None` means all.
    pub allowed_providers: Option<Vec<ProviderId>>,
    /// What each of their accounts is limited to: key, user, tenant, as far as there are any.
    pub accounts: Vec<AccountLimits>,
    /// What is kept of their texts; `None` leaves it to the operator's general setting.
    pub keep_text: Option<KeepText>,
    /// What the operator labelled the key with: metrics and records are grouped by it.
    pub tags: Vec<String>,
}

impl Grants {
    /// Whether `model` may be used.
    #[must_use]
    pub fn allow(&self, model: &Model) -> bool {
        self.allowed_models.as_ref().is_none_or(|allowed| allowed.contains(&model.id))
            && self.allowed_providers.as_ref().is_none_or(|allowed| allowed.contains(&model.provider))
    }

    /// Whether any account has a budget.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        self.accounts.iter().any(|account| !account.budgets.is_empty())
    }
}
