//! What the operator decides about the pipeline.

use std::collections::HashMap;
use std::time::Duration;

use router_core::grants::{KeepText, Limits, Rate};
use router_core::id::ModelId;
use router_core::preferences::Preferences;
use router_providers::call::Deadlines;

use crate::breaker::BreakerSettings;
use crate::kept_text::TextKey;

/// How a request goes on when a model fails.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverSettings {
    /// Whether anybody is asked after the first attempt has failed.
    pub enabled: bool,
    /// Extra attempts per request, all models together.
    pub max_retries: u32,
    /// The pause before the first repeat at the same model; it doubles with each further one.
    pub retry_delay: Duration,
    /// The longest pause: a model that asks for more is passed over for the next one.
    pub longest_pause: Duration,
    /// How many repeats at the same model are allowed for each first try, per provider: an outage is not multiplied by more.
    /// A few are always allowed.
    pub retry_share: f64,
    /// From admission to the answer, all attempts and pauses together; to its first delta where it is streamed.
    pub request_deadline: Duration,
    /// From admission to the last delta of a streamed answer.
    pub stream_deadline: Duration,
    /// How a stream goes on that stops after part of the answer was sent.
    pub resume: Resume,
}

/// How a stream goes on that stops after part of the answer was sent: what was sent cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// The next model that can continue an assistant's turn does so.
    #[default]
    Prefill,
    /// The same; a model that cannot is asked afresh, and its answer is used only if it begins with what was sent.
    Splice,
    /// It does not: the caller gets an error in the stream.
    Off,
}

impl FailoverSettings {
    /// How long any request may take at most.
    #[must_use]
    pub fn longest_request(&self) -> Duration {
        self.request_deadline.max(self.stream_deadline)
    }
}

impl Default for FailoverSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            max_retries: 3,
            retry_delay: Duration::from_secs(1),
            longest_pause: Duration::from_secs(8),
            // The official SDKs give up after 600 s: an answer after that reaches nobody.
            request_deadline: Duration::from_secs(600),
            retry_share: 0.2,
            // The longest answers are 128,000 tokens; at 50 a second they take 43 minutes.
            stream_deadline: Duration::from_secs(3600),
            resume: Resume::default(),
        }
    }
}

/// What happens to a request whose record cannot be journaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRecordLoss {
    /// It is not run: nothing is billed without its record.
    #[default]
    Refuse,
    /// It is run, and the loss is counted.
    Serve,
}

/// Whether callers with a budget may use models whose price nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unpriced {
    /// They may not.
    #[default]
    Refuse,
    /// They may, and pay what the dearest model of the catalogue would cost: unknown is never free.
    Allow,
}

/// What the operator decides about the pipeline. Replaced whole on reload.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// How a request goes on when a model fails.
    pub failover: FailoverSettings,
    /// When models and providers that fail are left alone.
    pub breaker: BreakerSettings,
    /// How long to wait for a model.
    pub deadlines: Deadlines,
    /// The same for models that reason before they answer.
    pub reasoning_deadlines: Deadlines,
    /// How often one caller may have prompts run, where their key has no limits of its own.
    pub caller_limits: Limits,
    /// How often one caller may read and have dry runs.
    pub read_rate: Option<Rate>,
    /// How often each model may be asked, whoever calls: a server of one's own takes only so much.
    pub model_limits: HashMap<ModelId, Limits>,
    /// What becomes of callers with a budget where nobody knows the price.
    pub unpriced: Unpriced,
    /// Whether answers are remembered at all.
    pub cache_enabled: bool,
    /// How long a request waits for the answer to another that asks the same, before it asks for itself.
    pub flight_patience: Duration,
    /// What happens to a request whose record cannot be journaled.
    pub on_record_loss: OnRecordLoss,
    /// What of prompts and answers is kept in records, where neither key nor tenant says.
    pub keep_text: KeepText,
    /// What digests of texts are made with.
    pub text_key: Option<TextKey>,
    /// What a caller wants who says nothing.
    pub default_preferences: Preferences,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let deadlines = Deadlines::default();
        Self {
            failover: FailoverSettings::default(),
            breaker: BreakerSettings::default(),
            deadlines,
            reasoning_deadlines: Deadlines {
                first_event: Duration::from_secs(300),
                total: Duration::from_secs(300),
                ..deadlines
            },
            caller_limits: Limits { requests: Some(Rate { per_minute: 60, burst: 10 }), ..Limits::default() },
            read_rate: Some(Rate { per_minute: 600, burst: 100 }),
            model_limits: HashMap::new(),
            unpriced: Unpriced::default(),
            cache_enabled: true,
            // As long as a stream waits before its headers go out: who follows for longer would look dead.
            flight_patience: Duration::from_secs(10),
            on_record_loss: OnRecordLoss::default(),
            keep_text: KeepText::default(),
            text_key: None,
            default_preferences: Preferences::default(),
        }
    }
}
