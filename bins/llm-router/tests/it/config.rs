//! Which source wins, and what is in force.

use std::net::SocketAddr;
use std::time::Duration;

use llm_router::check::report;
use llm_router::config::observe::{LogFormat, LogLevel};
use llm_router::config::origin::Origin;
use llm_router::config::records::Database;
use llm_router::config::sources::Sources;
use llm_router::config::{Loaded, load};
use router_core::grants::KeepText;
use tempfile::TempDir;

/// A working directory with these files, and this environment.
pub(crate) fn sources(files: &[(&str, &str)], environment: &[(&str, &str)]) -> (TempDir, Sources) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let environment = environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let sources = Sources { directory: directory.path().to_owned(), environment, ..Sources::default() };
    (directory, sources)
}

pub(crate) fn loaded(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Loaded {
    let (_directory, sources) = sources(files, environment);
    load(&sources).unwrap_or_else(|errors| unreachable!("{errors}"))
}

#[test]
fn starts_without_any_configuration() {
    let loaded = loaded(&[], &[]);
    assert_eq!(loaded.config.server.listen, "127.0.0.1:3000".parse::<SocketAddr>().unwrap());
    assert_eq!(loaded.config.rate_limit.executions().per_minute, 60);
    assert_eq!(loaded.config.failover.max_retries, 3);
    assert_eq!(loaded.config.providers.len(), 3);
    assert!(loaded.config.providers.values().all(|provider| !provider.is_configured()));
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn each_source_wins_over_those_before_it() {
    const FILE: (&str, &str) = ("llm-router.toml", "[log]\nlevel = \"error\"\n[server]\nlisten = \"127.0.0.1:1\"\n");
    const DOT_ENV: (&str, &str) = (".env", "LOG_LEVEL=warn\n");
    let level = |files: &[_], environment: &[_]| {
        let loaded = loaded(files, environment);
        (loaded.config.log.level, loaded.origins.of("log.level"))
    };
    assert_eq!(level(&[], &[]), (LogLevel::Info, Origin::Default));
    let (from_file, origin) = level(&[FILE], &[]);
    assert_eq!(from_file, LogLevel::Error);
    assert!(matches!(origin, Origin::File { line: 2, .. }), "{origin}");
    assert_eq!(level(&[FILE, DOT_ENV], &[]), (LogLevel::Warn, Origin::DotEnv("LOG_LEVEL".into())));
    let environment = [("LOG_LEVEL", "debug")];
    let expected = (LogLevel::Debug, Origin::Environment("LOG_LEVEL".into()));
    assert_eq!(level(&[FILE, DOT_ENV], &environment), expected);

    let (_directory, mut sources) = sources(&[FILE], &[]);
    sources.listen = Some("127.0.0.1:2".parse().unwrap());
    let loaded = load(&sources).unwrap();
    assert_eq!(loaded.config.server.listen.port(), 2);
    assert_eq!(loaded.origins.of("server.listen").to_string(), "--listen");
}

#[test]
fn reading_dot_env_leaves_the_process_as_it_is() {
    let name = "APP_URL";
    let before = std::env::var_os(name);
    let loaded = loaded(&[(".env", "APP_URL=https://router.example.org\n")], &[]);
    assert_eq!(loaded.config.server.app_url.unwrap().to_string(), "https://router.example.org");
    assert_eq!(std::env::var_os(name), before);
}

#[test]
fn every_setting_of_the_original_is_taken() {
    let environment = [
        ("RATE_LIMIT_REQUESTS_PER_MINUTE", "120"),
        ("RATE_LIMIT_BURST_LIMIT", "20"),
        ("CACHE_TTL_SECONDS", "90"),
        ("FAILOVER_ENABLED", "false"),
        ("FAILOVER_MAX_RETRIES", "0"),
        ("FAILOVER_RETRY_DELAY", "250"),
        ("PROMETHEUS_ENABLED", "false"),
        ("GRAFANA_ENABLED", "true"),
        ("GRAFANA_URL", "http://localhost:3001"),
        ("LOG_LEVEL", "WARN"),
        ("LOG_FORMAT", "text"),
        ("NODE_ENV", "production"),
        ("API_KEY_SECRET", SECRET),
        ("JWT_SECRET", SECRET),
        ("NEXT_PUBLIC_APP_URL", "https://router.example.org/"),
        ("DATABASE_URL", "sqlite://elsewhere/records.db"),
    ];
    let (directory, sources) = sources(&[], &environment);
    let Loaded { config, warnings, .. } = load(&sources).unwrap();
    assert_eq!((config.rate_limit.executions().per_minute, config.rate_limit.executions().burst), (120, 20));
    assert_eq!(config.cache.ttl, Duration::from_secs(90));
    assert_eq!((config.failover.enabled, config.failover.max_retries), (false, 0));
    assert_eq!(config.failover.retry_delay, Duration::from_millis(250));
    assert!(!config.metrics.enabled);
    assert_eq!(config.metrics.grafana_url.as_ref().unwrap().to_string(), "http://localhost:3001");
    assert_eq!((config.log.level, config.log_format()), (LogLevel::Warn, LogFormat::Pretty));
    assert_eq!(config.server.app_url.as_ref().unwrap().to_string(), "https://router.example.org");
    assert_eq!(config.data.database, Database::Sqlite(directory.path().join("elsewhere/records.db")));
    assert_eq!(warnings, Vec::<String>::new());
}

/// As long as a secret must be at least.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn production_logs_json_unless_told_otherwise() {
    assert_eq!(loaded(&[], &[]).config.log_format(), LogFormat::Pretty);
    let production = [("APP_ENV", "production"), ("API_KEY_SECRET", SECRET), ("JWT_SECRET", SECRET)];
    assert_eq!(loaded(&[], &production).config.log_format(), LogFormat::Json);
    let told = [&production[..], &[("LOG_FORMAT", "pretty")]].concat();
    assert_eq!(loaded(&[], &told).config.log_format(), LogFormat::Pretty);
}

#[test]
fn the_new_name_wins_over_the_old_and_says_so() {
    let loaded = loaded(&[(".env", "APP_ENV=test")], &[("NODE_ENV", "production")]);
    assert_eq!(loaded.config.log_format(), LogFormat::Pretty);
    assert_eq!(loaded.warnings, ["APP_ENV and its old name NODE_ENV are both set; APP_ENV is used"]);
}

#[test]
fn what_a_template_left_counts_as_not_set() {
    let dot_env = "OPENAI_API_KEY=your_openai_api_key\nLOG_LEVEL=\nJWT_SECRET=changeme\nANTHROPIC_API_KEY=sk-ant-1\n";
    let loaded = loaded(&[(".env", dot_env)], &[("ANTHROPIC_API_KEY", "")]);
    assert!(loaded.config.providers.values().all(|provider| provider.api_key.is_none()), "empty hides that of .env");
    assert_eq!(
        loaded.warnings,
        ["empty or still as in the template, so taken as not set: OPENAI_API_KEY, ANTHROPIC_API_KEY, JWT_SECRET, \
             LOG_LEVEL"]
    );
}

#[test]
fn what_this_version_cannot_do_is_said() {
    let set = [("EVAL_MIN_SAMPLES", "5")];
    let warnings = loaded(&[], &set).warnings;
    let starts = ["EVAL_MIN_SAMPLES set without"];
    assert_eq!(warnings.len(), starts.len(), "{warnings:?}");
    for (warning, start) in warnings.iter().zip(starts) {
        assert!(warning.starts_with(start), "{warning}");
    }
    let off = [("EVAL_JOB_ENABLED", "false"), ("EVAL_MIN_SAMPLES", "5")];
    assert_eq!(loaded(&[], &off).warnings, Vec::<String>::new(), "a job that is off asks for nothing");
}

#[test]
fn a_demonstration_touches_nothing_real() {
    let file = "[data]\ndir = \"real\"\n[providers.openai]\nbase_url = \"http://real/\"\n[rate_limit]\nburst = 99\n";
    let environment = [
        ("OPENAI_API_KEY", "sk-real"),
        ("OPENAI_BASE_URL", "http://real/"),
        ("DATABASE_URL", "postgresql://real"),
        ("REDIS_URL", "redis://real"),
    ];
    let (directory, mut sources) = sources(&[("llm-router.toml", file)], &environment);
    sources.demo = true;
    let Loaded { config, warnings, .. } = load(&sources).unwrap();
    assert!(config.demo && config.providers.is_empty());
    assert_eq!(config.data.dir, directory.path().join("./data/demo"));
    assert_eq!(config.data.database, Database::Sqlite(config.data.dir.join("llm-router.db")));
    assert_eq!(config.records.text, KeepText::Whole);
    assert_eq!(config.rate_limit.burst.get(), 99, "settings are kept");
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn paths_in_the_file_start_at_the_file() {
    let (directory, mut sources) = sources(&[], &[]);
    let elsewhere = directory.path().join("etc");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("mine.toml"), "").unwrap();
    std::fs::write(elsewhere.join("router.toml"), "[data]\ndir = \"db\"\n[models]\nfiles = [\"mine.toml\"]\n").unwrap();
    sources.file = Some("etc/router.toml".into());
    let Loaded { config, watched, .. } = load(&sources).unwrap();
    assert_eq!(config.data.dir, elsewhere.join("db"));
    assert_eq!(config.models.files, [elsewhere.join("mine.toml")]);
    assert!(watched.contains(&elsewhere.join("mine.toml")) && watched.contains(&elsewhere.join("router.toml")));
}

#[test]
fn a_second_reading_is_equal_unless_something_changed() {
    let (directory, sources) = sources(&[(".env", "OPENAI_API_KEY=sk-one\n")], &[]);
    let first = load(&sources).unwrap().config;
    assert_eq!(load(&sources).unwrap().config, first);
    std::fs::write(directory.path().join(".env"), "OPENAI_API_KEY=sk-two\n").unwrap();
    let second = load(&sources).unwrap().config;
    assert_ne!(second, first);
    assert_eq!(second.needs_restart(&first), Vec::<&str>::new());
    std::fs::write(directory.path().join(".env"), "CACHE_TTL_SECONDS=5\n").unwrap();
    assert_eq!(second.needs_restart(&load(&sources).unwrap().config), ["cache (ttl, max_size)"]);
}

#[test]
fn the_report_shows_values_and_where_they_come_from_but_no_key() {
    let file = "[server]\nlisten = \"127.0.0.1:8080\"\n";
    let loaded = loaded(&[("llm-router.toml", file)], &[("OPENAI_API_KEY", "sk-canary"), ("LOG_LEVEL", "debug")]);
    let text = report(&loaded).unwrap();
    let has = |start: &str, end: &str| text.lines().any(|line| line.starts_with(start) && line.ends_with(end));
    assert!(has(r#"listen = "127.0.0.1:8080""#, "llm-router.toml:2"), "{text}");
    assert!(has(r#"level = "debug""#, "# LOG_LEVEL in the environment"), "{text}");
    assert!(has(r#"api_key = "(set, not shown)""#, "# OPENAI_API_KEY in the environment"), "{text}");
    assert!(!text.contains("canary") && !format!("{loaded:?}").contains("canary"), "{text}");
    let (_directory, sources) = sources(&[], &[("OPENAI_API_KEY", "sk-canary")]);
    assert!(!format!("{sources:?}").contains("canary"));
    let shown: toml::Table = text.parse().unwrap();
    assert_eq!(shown["rate_limit"]["burst"].as_integer(), Some(10));
}
