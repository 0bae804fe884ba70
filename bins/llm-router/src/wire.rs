//! From configuration to the parts it describes.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use router_core::classify::rules::RuleClassifier;
use router_core::grants::{Limits, Rate};
use router_core::id::{ModelId, ProviderId};
use router_core::quality::QualityTable;
use router_engine::breaker::BreakerSettings;
use router_engine::kept_text::TextKey;
use router_engine::settings::{EngineSettings, FailoverSettings, OnRecordLoss, Resume, Unpriced};
use router_engine::snapshot::Snapshot;
use router_providers::call::Deadlines;
use router_providers::kinds;
use router_providers::provider::Provider;
use router_providers::setup::InstanceConfig;
use router_store::journal::{FsyncPolicy, JournalSettings};

use secrecy::ExposeSecret;

use crate::catalogue;
use crate::config::Config;
use crate::config::failover::ResumeBy;
use crate::config::limits;
use crate::config::records::{self, Fsync};
use crate::demo::Demo;

/// Names that one caller has in the limiter: one for executions, one for reads.
const NAMES_PER_CALLER: usize = 2;

/// What requests run under: models, providers, and what the operator decided.
///
/// # Errors
/// The models are not valid, or a provider cannot be set up.
pub fn snapshot(config: &Config, demo: Option<&Demo>) -> anyhow::Result<Snapshot> {
    let registry = catalogue::read(config)?;
    let quality = QualityTable::from_priors(&registry);
    Ok(Snapshot {
        quality,
        registry,
        classifier: Arc::new(RuleClassifier),
        providers: providers(config, demo)?,
        provider_variables: config.providers.values().filter_map(|provider| provider.key_variable.clone()).collect(),
        simulated: demo.is_some(),
        settings: engine_settings(config),
    })
}

fn providers(config: &Config, demo: Option<&Demo>) -> anyhow::Result<HashMap<ProviderId, Arc<dyn Provider>>> {
    let mut instances: Vec<(&str, InstanceConfig)> = demo.map(Demo::instances).into_iter().flatten().collect();
    for (id, provider) in config.providers.iter().filter(|(_, provider)| provider.is_configured()) {
        let instance = InstanceConfig::new(id.clone()).with_base_url(provider.base_url.to_string());
        let instance = match &provider.api_key {
            Some(key) => instance.with_api_key(key.secret().clone()),
            None => instance,
        };
        instances.push((provider.kind.name(), instance));
    }
    let mut providers = HashMap::new();
    for (kind, instance) in instances {
        let id = instance.id.clone();
        let kind = kinds::find(kind).with_context(|| format!("no provider is of kind {kind}"))?;
        let provider = (kind.build)(&instance).with_context(|| format!("the provider {id} cannot be set up"))?;
        providers.insert(id, provider);
    }
    Ok(providers)
}

fn engine_settings(config: &Config) -> EngineSettings {
    let deadlines = &config.deadlines;
    let failover = FailoverSettings::default();
    let limited = |rate: Rate| config.rate_limit.enabled.then_some(rate);
    let wait = |first_event, total| Deadlines { first_event, idle: deadlines.idle, total };
    EngineSettings {
        failover: FailoverSettings {
            enabled: config.failover.enabled,
            max_retries: config.failover.max_retries,
            retry_delay: config.failover.retry_delay,
            longest_pause: failover.longest_pause.max(config.failover.retry_delay),
            retry_share: config.failover.retry_share,
            request_deadline: deadlines.request,
            stream_deadline: deadlines.stream,
            resume: match config.failover.resume {
                ResumeBy::Prefill => Resume::Prefill,
                ResumeBy::Splice => Resume::Splice,
                ResumeBy::Off => Resume::Off,
            },
        },
        breaker: BreakerSettings {
            failures: config.failover.breaker_failures,
            probe_interval: config.failover.probe_interval,
        },
        deadlines: wait(deadlines.first_event, deadlines.answer),
        reasoning_deadlines: wait(deadlines.first_event_reasoning, deadlines.answer_reasoning),
        caller_limits: config.rate_limit.caller(),
        read_rate: limited(config.rate_limit.reads()),
        cache_enabled: config.cache.enabled,
        flight_patience: EngineSettings::default().flight_patience.min(config.server.early_response_after),
        on_record_loss: match config.records.on_record_loss {
            records::OnRecordLoss::Refuse => OnRecordLoss::Refuse,
            records::OnRecordLoss::Serve => OnRecordLoss::Serve,
        },
        keep_text: config.records.text,
        text_key: text_key(config),
        model_limits: model_limits(config),
        unpriced: match config.budgets.unpriced {
            limits::Unpriced::Refuse => Unpriced::Refuse,
            limits::Unpriced::Allow => Unpriced::Allow,
        },
        default_preferences: config.routing.preferences(),
    }
}

fn model_limits(config: &Config) -> HashMap<ModelId, Limits> {
    let limits = config.rate_limit.models.iter().filter(|_| config.rate_limit.enabled);
    limits.map(|(model, limit)| (ModelId::from(model.as_str()), limit.limits())).collect()
}

fn text_key(config: &Config) -> Option<TextKey> {
    let secret = config.records.text_secret.as_ref()?;
    Some(TextKey::new(secret.secret().expose_secret().as_bytes()))
}

/// How many names the limiter keeps.
#[must_use]
pub fn limiter_names(config: &Config) -> usize {
    usize::try_from(config.rate_limit.max_callers.get()).unwrap_or(usize::MAX).saturating_mul(NAMES_PER_CALLER)
}

/// How the journal keeps records until the database has them.
#[must_use]
pub fn journal_settings(config: &Config) -> JournalSettings {
    JournalSettings {
        max_bytes: config.records.journal_limit,
        fsync: match config.records.journal_fsync {
            Fsync::Never => FsyncPolicy::Never,
            Fsync::Every(interval) => FsyncPolicy::Interval(interval),
            Fsync::Always => FsyncPolicy::Always,
        },
        ..JournalSettings::default()
    }
}

/// What the listener allows.
#[must_use]
pub fn http_settings(config: &Config) -> router_http::settings::Settings {
    let server = &config.server;
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let count = |number: std::num::NonZeroU32| size(number.get().into());
    router_http::settings::Settings {
        body_limit: size(server.body_limit),
        header_timeout: server.header_timeout,
        body_timeout: server.body_timeout,
        idle_timeout: server.idle_timeout,
        head_limit: size(server.head_limit),
        header_count_limit: count(server.header_count_limit),
        connection_limit: count(server.connection_limit),
        stream_limit: server.stream_limit.get(),
        early_response_after: server.early_response_after,
        keep_alive: server.keep_alive,
        write_timeout: server.write_timeout,
        shutdown_deadline: server.shutdown_deadline,
        allowed_hosts: server.allowed_hosts.clone(),
        allowed_origins: server.allowed_origins.iter().map(|origin| origin.to_string()).collect(),
        app_url: server.app_url.as_ref().map(|url| url.uri().clone()),
        ..router_http::settings::Settings::default()
    }
}
