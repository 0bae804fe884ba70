//! The variables of the environment and of `.env`, and what each one means.

use std::time::Duration;

use super::error::ConfigError;
use super::file::ConfigFile;
use super::observe::{LogFormat, LogLevel};
use super::origin::Origins;
use super::server::Environment;
use super::sources::{Value, Variables};

/// What a variable does.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// It sets a field of the file's format.
    Sets {
        /// The field's path.
        field: &'static str,
        /// What is allowed, for messages.
        expects: &'static str,
        /// Sets it; `None` when the text is not allowed.
        apply: fn(&mut ConfigFile, &str) -> Option<()>,
    },
    /// It is read with the providers, the database or the dashboard's link (the text says what for).
    Special(&'static str),
    /// This version has nothing it could set: said when it is set.
    NotYet(&'static str),
}

/// A variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The name it had in the original product, still accepted.
    pub old_name: Option<&'static str>,
    /// What it does.
    pub effect: Effect,
}

const fn variable(name: &'static str, effect: Effect) -> Variable {
    Variable { name, old_name: None, effect }
}

const fn sets(
    name: &'static str,
    field: &'static str,
    expects: &'static str,
    apply: fn(&mut ConfigFile, &str) -> Option<()>,
) -> Variable {
    variable(name, Effect::Sets { field, expects, apply })
}

const EVALUATION: &str = "this version does not run evaluations by itself";
const COUNT: &str = "a whole number above 0";
const SWITCH: &str = "true or false";

/// All of them, in the order of `.env.example`.
pub const VARIABLES: [Variable; 37] = [
    variable("DATABASE_URL", Effect::Special("where the database is")),
    variable("DATABASE_URL_FILE", Effect::Special("the same, from a file")),
    variable("REDIS_URL", Effect::Special("where the Redis is that replicas share")),
    variable("REDIS_PASSWORD", Effect::Special("its password, where REDIS_URL has none")),
    variable("REDIS_DB", Effect::Special("its database, where REDIS_URL names none")),
    variable("OPENAI_API_KEY", Effect::Special("the key of the provider `openai`")),
    variable("ANTHROPIC_API_KEY", Effect::Special("the key of the provider `anthropic`")),
    variable("OPENROUTER_API_KEY", Effect::Special("the key of the provider `openrouter`")),
    variable("OPENAI_BASE_URL", Effect::Special("the address of the provider `openai`")),
    variable("ANTHROPIC_BASE_URL", Effect::Special("the address of the provider `anthropic`")),
    variable("OPENROUTER_BASE_URL", Effect::Special("the address of the provider `openrouter`")),
    variable("API_KEY_SECRET", Effect::Special("digests of API keys")),
    variable("API_KEY_SECRET_FILE", Effect::Special("the same, from a file")),
    variable("API_KEY_SECRET_PREVIOUS", Effect::Special("digests of API keys, while the secret is replaced")),
    variable("API_KEY_SECRET_PREVIOUS_FILE", Effect::Special("the same, from a file")),
    variable("JWT_SECRET", Effect::Special("tokens and sessions")),
    variable("JWT_SECRET_FILE", Effect::Special("the same, from a file")),
    variable("METRICS_TOKEN", Effect::Special("who may scrape the metrics")),
    variable("METRICS_TOKEN_FILE", Effect::Special("the same, from a file")),
    sets("RETENTION_DAYS", "records.retention_days", COUNT, |file, text| {
        text.parse().ok().map(|days| file.records.retention_days = days)
    }),
    variable("RECORDS_TEXT_SECRET", Effect::Special("what digests of texts are made with (records.text = \"hashed\")")),
    sets("RATE_LIMIT_REQUESTS_PER_MINUTE", "rate_limit.requests_per_minute", COUNT, |file, text| {
        text.parse().ok().map(|rate| file.rate_limit.requests_per_minute = rate)
    }),
    sets("RATE_LIMIT_BURST_LIMIT", "rate_limit.burst", COUNT, |file, text| {
        text.parse().ok().map(|burst| file.rate_limit.burst = burst)
    }),
    sets("CACHE_TTL_SECONDS", "cache.ttl", "a whole number of seconds above 0", |file, text| {
        text.parse().ok().map(|seconds| file.cache.ttl = Duration::from_secs(seconds))
    }),
    sets("FAILOVER_ENABLED", "failover.enabled", SWITCH, |file, text| {
        switch(text).map(|enabled| file.failover.enabled = enabled)
    }),
    sets("FAILOVER_MAX_RETRIES", "failover.max_retries", "a whole number from 0 to 20", |file, text| {
        text.parse().ok().map(|retries| file.failover.max_retries = retries)
    }),
    sets("FAILOVER_RETRY_DELAY", "failover.retry_delay", "a whole number of milliseconds", |file, text| {
        text.parse().ok().map(|millis| file.failover.retry_delay = Duration::from_millis(millis))
    }),
    variable("EVAL_JOB_ENABLED", Effect::NotYet(EVALUATION)),
    variable("EVAL_JOB_SCHEDULE", Effect::NotYet(EVALUATION)),
    variable("EVAL_MIN_SAMPLES", Effect::NotYet(EVALUATION)),
    sets("PROMETHEUS_ENABLED", "metrics.enabled", SWITCH, |file, text| {
        switch(text).map(|enabled| file.metrics.enabled = enabled)
    }),
    variable("GRAFANA_ENABLED", Effect::Special("whether metrics.grafana_url is shown")),
    sets("GRAFANA_URL", "metrics.grafana_url", "an http:// or https:// address without credentials", |file, text| {
        text.parse().ok().map(|url| file.metrics.grafana_url = Some(url))
    }),
    sets("LOG_LEVEL", "log.level", "trace, debug, info, warn or error", |file, text| {
        level(text).map(|level| file.log.level = level)
    }),
    sets("LOG_FORMAT", "log.format", "json or pretty", |file, text| {
        format(text).map(|format| file.log.format = Some(format))
    }),
    Variable {
        old_name: Some("NODE_ENV"),
        ..sets("APP_ENV", "server.environment", "development, test or production", |file, text| {
            environment(text).map(|environment| file.server.environment = environment)
        })
    },
    Variable {
        old_name: Some("NEXT_PUBLIC_APP_URL"),
        ..sets("APP_URL", "server.app_url", "an http:// or https:// address without credentials", |file, text| {
            text.parse().ok().map(|url| file.server.app_url = Some(url))
        })
    },
];

/// `true` or `false`, and the other ways in which people write that.
pub(super) fn switch(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn level(text: &str) -> Option<LogLevel> {
    match &*text.to_ascii_lowercase() {
        "trace" => Some(LogLevel::Trace),
        "debug" => Some(LogLevel::Debug),
        "info" => Some(LogLevel::Info),
        "warn" | "warning" => Some(LogLevel::Warn),
        "error" => Some(LogLevel::Error),
        _ => None,
    }
}

fn format(text: &str) -> Option<LogFormat> {
    match &*text.to_ascii_lowercase() {
        "json" => Some(LogFormat::Json),
        // `text` is what the original called it.
        "pretty" | "text" => Some(LogFormat::Pretty),
        _ => None,
    }
}

fn environment(text: &str) -> Option<Environment> {
    match &*text.to_ascii_lowercase() {
        "development" => Some(Environment::Development),
        "test" => Some(Environment::Test),
        "production" => Some(Environment::Production),
        _ => None,
    }
}

/// What [`apply`] leaves to say.
#[derive(Debug, Default)]
struct Remarks {
    placeholders: Vec<&'static str>,
    not_yet: Vec<(&'static str, Vec<&'static str>)>,
    warnings: Vec<String>,
}

/// Lays the variables over the file, and returns what there is to say. A demonstration takes settings only.
pub(super) fn apply(
    variables: &Variables,
    demo: bool,
    file: &mut ConfigFile,
    origins: &mut Origins,
    errors: &mut Vec<ConfigError>,
) -> Vec<String> {
    let mut remarks = Remarks::default();
    for variable in &VARIABLES {
        if demo && !matches!(variable.effect, Effect::Sets { .. }) {
            continue;
        }
        let Some((name, text)) = chosen(variable, variables, &mut remarks) else { continue };
        match variable.effect {
            Effect::Sets { field, expects, apply } => match apply(file, text) {
                Some(()) => origins.set(field, variables.origin(name)),
                None => {
                    // An address may hold a password.
                    let value = if field.ends_with("_url") { "the value" } else { &*format!("`{text}`") };
                    let message = format!("{value} is not allowed; write {expects}");
                    errors.push(ConfigError::value(variables.origin(name), field, message));
                }
            },
            // A job that is switched off asks for nothing.
            Effect::NotYet(EVALUATION) if switched_off(variables, "EVAL_JOB_ENABLED") => {}
            Effect::NotYet(reason) => remarks.not_yet(reason, name),
            Effect::Special(_) => {}
        }
    }
    remarks.into_warnings()
}

/// The name and text that a variable has, if it is set: under its name, or else under its old one.
fn chosen<'a>(variable: &Variable, variables: &'a Variables, remarks: &mut Remarks) -> Option<(&'static str, &'a str)> {
    let mut set = Vec::with_capacity(2);
    for name in std::iter::once(variable.name).chain(variable.old_name) {
        match variables.value(name) {
            Value::Unset => {}
            Value::Placeholder => remarks.placeholders.push(name),
            Value::Set(text) => set.push((name, text)),
        }
    }
    if let [(new, _), (old, _)] = set[..] {
        remarks.warnings.push(format!("{new} and its old name {old} are both set; {new} is used"));
    }
    set.first().copied()
}

fn switched_off(variables: &Variables, name: &str) -> bool {
    matches!(variables.value(name), Value::Set(text) if switch(text) == Some(false))
}

impl Remarks {
    fn not_yet(&mut self, reason: &'static str, name: &'static str) {
        match self.not_yet.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => self.not_yet.push((reason, vec![name])),
        }
    }

    fn into_warnings(mut self) -> Vec<String> {
        if !self.placeholders.is_empty() {
            let names = self.placeholders.join(", ");
            self.warnings.push(format!("empty or still as in the template, so taken as not set: {names}"));
        }
        let not_yet = self.not_yet.into_iter();
        self.warnings
            .extend(not_yet.map(|(reason, names)| format!("{} set without effect: {reason}", names.join(", "))));
        self.warnings
    }
}
