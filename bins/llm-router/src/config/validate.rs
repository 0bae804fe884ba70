//! Looks at the configuration as a whole: what single values cannot show.

use std::time::Duration;

use super::Config;
use super::auth::SHORTEST_SECRET;
use super::error::ConfigError;
use super::origin::Origins;
use super::server::Environment;

/// The most a retry setting may multiply an outage by.
const MOST_RETRIES: u32 = 20;

/// The smallest head that every common client fits in.
const SMALLEST_HEAD: u64 = 8 << 10;

/// Below this the journal could not hold the records of a second.
const SMALLEST_JOURNAL: u64 = 1 << 20;

/// The limiter needs room for all limits of one request at least.
const FEWEST_CALLERS: u32 = 100;

/// No request waits longer than this for what replicas share.
const LONGEST_REDIS_WAIT: Duration = Duration::from_millis(50);

/// Adds what is wrong with `config` to `errors`.
pub(super) fn check(config: &Config, origins: &Origins, errors: &mut Vec<ConfigError>) {
    let mut require = |right: bool, field: &str, message: &str| {
        if !right {
            errors.push(ConfigError::value(origins.of(field), field, message));
        }
    };
    let server = &config.server;
    let missing = missing_secrets(config);
    let production = server.environment == Environment::Production && !config.demo;
    if production && !missing.is_empty() {
        let message = format!(
            "in production callers are authenticated, which needs {}; set each to at least {SHORTEST_SECRET} random \
             characters (`openssl rand -hex 32`)",
            missing.join(" and ")
        );
        require(false, "server.environment", &message);
    }
    let listeners = [("server.listen", Some(server.listen)), ("server.admin_listen", server.admin_listen)];
    let open = listeners.into_iter().filter(|(_, address)| address.is_some_and(|address| !address.ip().is_loopback()));
    for (field, _) in open {
        if missing.is_empty() || production || server.allow_unauthenticated_network {
            continue;
        }
        let message = format!(
            "others could reach this address, and without {} callers cannot be authenticated; set each to at least \
             {SHORTEST_SECRET} random characters (`openssl rand -hex 32`), listen on 127.0.0.1, or set \
             server.allow_unauthenticated_network = true if only callers you trust reach it",
            missing.join(" and ")
        );
        require(false, field, &message);
    }
    require(
        !(production && server.allow_unauthenticated_network),
        "server.allow_unauthenticated_network",
        "is for development and demonstrations; in production everybody is authenticated",
    );
    require(!config.auth.issuer.is_empty(), "auth.issuer", "must not be empty");
    require(
        !config.auth.audience.is_empty() && config.auth.audience != "llm-router/session",
        "auth.audience",
        "must not be empty, and not that of sessions",
    );
    require(server.head_limit >= SMALLEST_HEAD, "server.head_limit", "less than 8KiB, which common clients need");
    require(server.body_limit > 0, "server.body_limit", "must be more than 0");
    require(
        server.allowed_hosts.iter().all(|host| is_host(host)),
        "server.allowed_hosts",
        "a host is a name or an address, without scheme, port and path, like \"router.example.org\"",
    );
    require(
        server.allowed_origins.iter().all(super::http_url::HttpUrl::is_origin),
        "server.allowed_origins",
        "an origin has no path, like \"https://app.example.org\"",
    );
    for (field, wait) in waits(config) {
        require(wait > Duration::ZERO, field, "must be more than 0");
    }
    let routing = &config.routing;
    for (field, weight) in [
        ("routing.cost_weight", routing.cost_weight),
        ("routing.latency_weight", routing.latency_weight),
        ("routing.quality_weight", routing.quality_weight),
    ] {
        require(weight.is_finite() && weight >= 0.0, field, "must be a number, 0 or more");
    }
    require(config.failover.max_retries <= MOST_RETRIES, "failover.max_retries", "must be a whole number from 0 to 20");
    require((0.0..=1.0).contains(&config.failover.retry_share), "failover.retry_share", "must be a number from 0 to 1");
    require(config.rate_limit.max_callers.get() >= FEWEST_CALLERS, "rate_limit.max_callers", "must be 100 or more");
    require(
        config.redis.timeout > Duration::ZERO && config.redis.timeout <= LONGEST_REDIS_WAIT,
        "redis.timeout",
        "must be more than 0 and at most 50ms: every request may wait for it",
    );
    require(config.records.journal_limit >= SMALLEST_JOURNAL, "records.journal_limit", "must be 1MiB or more");
    let longest = config.deadlines.answer.max(config.deadlines.answer_reasoning);
    require(
        longest < config.deadlines.request,
        "deadlines.request",
        "must be longer than deadlines.answer and deadlines.answer_reasoning: else nobody is asked after a silent model",
    );
    for file in &config.models.files {
        require(file.is_file(), "models.files", &format!("{}: there is no such file", file.display()));
    }
}

/// The secrets without which nobody can be authenticated.
fn missing_secrets(config: &Config) -> Vec<&'static str> {
    let needed = ["API_KEY_SECRET", "JWT_SECRET"];
    let named = config.secrets.named().into_iter();
    named.filter(|(name, secret)| secret.is_none() && needed.contains(name)).map(|(name, _)| name).collect()
}

fn waits(config: &Config) -> [(&'static str, Duration); 17] {
    let (server, deadlines) = (&config.server, &config.deadlines);
    [
        ("failover.probe_interval", config.failover.probe_interval),
        ("deadlines.first_event", deadlines.first_event),
        ("deadlines.first_event_reasoning", deadlines.first_event_reasoning),
        ("deadlines.idle", deadlines.idle),
        ("deadlines.stream", deadlines.stream),
        ("server.header_timeout", server.header_timeout),
        ("server.body_timeout", server.body_timeout),
        ("server.idle_timeout", server.idle_timeout),
        ("server.early_response_after", server.early_response_after),
        ("server.keep_alive", server.keep_alive),
        ("server.write_timeout", server.write_timeout),
        ("server.shutdown_deadline", server.shutdown_deadline),
        ("deadlines.answer", deadlines.answer),
        ("deadlines.answer_reasoning", deadlines.answer_reasoning),
        ("deadlines.request", deadlines.request),
        ("cache.ttl", config.cache.ttl),
        ("data.deadline", config.data.deadline),
    ]
}

fn is_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)),
    }
}
