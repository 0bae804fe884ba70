//! Things to store.

use std::time::Duration;

use jiff::Timestamp;
use router_core::attempt::{Attempt, AttemptOutcome};
use router_core::error_kind::{ErrorKind, Phase};
use router_core::finish::FinishReason;
use router_core::grants::KeepText;
use router_core::id::RequestId;
use router_core::price::Cost;
use router_core::prompt_type::PromptType;
use router_core::raw_json::RawJson;
use router_core::usage::{Tokens, Usage, UsageSource};
use router_core::usd::Usd;
use router_store::feedback::Feedback;
use router_store::record::{Intent, RequestRecord, RequestStatus};
use router_store::score::EvalScore;
use serde_json::json;
use uuid::Uuid;

/// Rising from call to call.
pub(crate) fn id() -> RequestId {
    RequestId(Uuid::now_v7())
}

pub(crate) fn intent(id: RequestId) -> Intent {
    Intent {
        id,
        tenant: "acme".into(),
        key: Some("key-1".into()),
        user: None,
        model_id: "gpt-4o".into(),
        provider: "openai".into(),
        prompt_type: PromptType::Analysis,
        difficulty: 0.25,
        reserved: Usd::ZERO,
        simulated: true,
    }
}

/// A record with something in every field.
pub(crate) fn record(id: RequestId) -> RequestRecord {
    let usage = Usage {
        input: Tokens(1),
        cache_read: Tokens(2),
        cache_write_5m: Tokens(3),
        cache_write_1h: Tokens(4),
        output: Tokens(50),
        reasoning: Tokens(6),
        source: UsageSource::Reported,
    };
    let cost = Cost::Priced { usd: Usd::from_nanos(123_456_789) };
    let attempt = Attempt {
        model_id: "claude-opus-4.8".into(),
        provider: "anthropic".into(),
        started: Duration::from_micros(1_500),
        duration: Duration::from_micros(2_345_678),
        outcome: AttemptOutcome::Failed { kind: ErrorKind::Timeout(Phase::FirstEvent), upstream_status: Some(504) },
        first_token: Some(Duration::from_millis(120)),
        contributed: true,
        usage: Some(usage),
        cost: Some(cost),
    };
    RequestRecord {
        id,
        tenant: "acme".into(),
        key: Some("key-1".into()),
        user: None,
        tags: Vec::new(),
        wanted_model: None,
        streamed: false,
        status: RequestStatus::Failed,
        error_kind: Some(ErrorKind::Timeout(Phase::Idle)),
        prompt_type: PromptType::Analysis,
        difficulty: 0.25,
        model_id: Some("gpt-4o".into()),
        provider: Some("openai".into()),
        upstream_model: Some("gpt-4o-2024-11-20".to_owned()),
        upstream_id: Some("chatcmpl-1".to_owned()),
        finish: Some(FinishReason::Length),
        dropped: vec!["temperature".to_owned()],
        catalogue: u64::MAX - 1,
        attempts: vec![
            attempt.clone(),
            Attempt { outcome: AttemptOutcome::Succeeded, usage: None, cost: None, ..attempt },
        ],
        usage: Some(usage),
        cost,
        charged: cost.usd().unwrap_or_default(),
        latency: Duration::from_micros(3_456_789),
        cached: true,
        simulated: true,
        decision: RawJson::of(&json!({"ranked": [{"modelId": "gpt-4o", "utility": 0.5}]})),
        metadata: Some(json!({"ticket": 7, "nested": {"a": [null, true]}})),
        keep_text: KeepText::None,
        prompt: Some("Why?".to_owned()),
        response: Some("Because.".to_owned()),
    }
}

/// A record with nothing where nothing may be.
pub(crate) fn bare_record(id: RequestId) -> RequestRecord {
    let unknown = RequestRecord::outcome_unknown(intent(id));
    RequestRecord { status: RequestStatus::Cancelled, cost: Cost::ZERO, ..unknown }
}

pub(crate) fn feedback(tenant: &str) -> Feedback {
    Feedback {
        id: id(),
        tenant: tenant.into(),
        key: Some("key-1".into()),
        request_id: Some(id()),
        model_id: "gpt-4o".into(),
        unresolved: false,
        prompt_type: Some(PromptType::Translation),
        rating: 4,
        category: Some("style".to_owned()),
        comment: Some("Knapp, aber gut. 👍".to_owned()),
        prompt: Some("Übersetze".to_owned()),
        response: Some("Translate".to_owned()),
        created_at: Timestamp::from_microsecond(1_795_000_000_123_456).unwrap(),
    }
}

pub(crate) fn score(tenant: &str) -> EvalScore {
    EvalScore {
        run_id: None,
        id: id(),
        tenant: tenant.into(),
        request_id: None,
        model_id: "unknown-model".into(),
        unresolved: true,
        prompt_type: None,
        score: 0.75,
        metric: "accuracy".to_owned(),
        judge: "human".to_owned(),
        comment: None,
        prompt: None,
        response: None,
        created_at: Timestamp::from_microsecond(1_795_000_000_123_456).unwrap(),
    }
}
