//! What is wrong is said all at once, with its place, what is allowed, and no secret.

use std::process::Command;

use llm_router::config::load;

use crate::config::sources;

/// The errors, one a line, without the directory.
fn errors(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Vec<String> {
    let (directory, sources) = sources(files, environment);
    let Err(errors) = load(&sources) else { return Vec::new() };
    let within = format!("{}/", directory.path().display());
    errors.errors.iter().map(|error| error.to_string().replace(&within, "")).collect()
}

#[track_caller]
fn assert_errors(text: &str, expected: &[&str]) {
    let errors = errors(&[("llm-router.toml", text)], &[]);
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.starts_with(expected), "{error}\nshould start with\n{expected}");
    }
}

#[test]
fn all_errors_of_a_file_at_once_each_with_its_line() {
    assert_errors(
        r#"
[server]
lisen = "127.0.0.1:1"
listen = "127.0.0.1"
body_timeout = 30
body_limit = "10MB"
idle_timeout = "0s"
allowed_hosts = ["https://x"]

[providers.odd]
kind = "smth"

[providers.local]
kind = "openai_compatible"

[rate_limit]
burst = 0

[routing]
cost_weight = -1

[recrods]
text = "none"
"#,
        &[
            "llm-router.toml:3: server.lisen: there is no such field; did you mean `listen`?",
            "llm-router.toml:4: server.listen: `127.0.0.1` is not an address to listen on; write an IP address and a port",
            "llm-router.toml:5: server.body_timeout: invalid type: integer `30`, expected a whole number and its unit",
            "llm-router.toml:6: server.body_limit: `10MB` is not a size; write a whole number and its unit",
            "llm-router.toml:7: server.idle_timeout: must be more than 0",
            "llm-router.toml:8: server.allowed_hosts: a host is a name or an address, without scheme",
            "llm-router.toml:11: providers.odd.kind: not known: `smth`, expected one of `openai`, `anthropic`",
            "llm-router.toml:13: providers.local.base_url: is missing; write where it is",
            "llm-router.toml:17: rate_limit.burst: invalid value: integer `0`, expected a whole number above 0",
            "llm-router.toml:20: routing.cost_weight: must be a number, 0 or more",
            "llm-router.toml:22: recrods: there is no such field; did you mean `records`?",
        ],
    );
}

#[test]
fn wrong_shapes_are_refused_where_they_stand() {
    assert_errors("server = 5\n", &["llm-router.toml:1: server: invalid type: integer `5`"]);
    assert_errors("[server]\nallowed_hosts = [\"a\", 5]\n", &["llm-router.toml:2: server.allowed_hosts: invalid type"]);
    assert_errors("[[server]]\nlisten = \"127.0.0.1:1\"\n", &["llm-router.toml:1: server: is a list"]);
    assert_errors("log = [\"debug\"]\n", &["llm-router.toml:1: log: is a list"]);
    assert_errors("[[providers.x]]\n", &["llm-router.toml:1: providers.x: is a list"]);
    assert_errors("server.listen.port = 3\n", &["llm-router.toml:1: server.listen: invalid type: map"]);
    assert_errors("[log\nlevel = 1\n= 3\n", &["llm-router.toml:1: ", "llm-router.toml:3: "]);
    assert_errors("[routing]\ncost_weight = nan\n", &["llm-router.toml:2: routing.cost_weight: must be a number"]);
}

#[test]
fn an_error_in_a_variable_names_the_variable() {
    let environment = [
        ("LOG_LEVEL", "loud"),
        ("FAILOVER_MAX_RETRIES", "21"),
        ("RATE_LIMIT_BURST_LIMIT", "0"),
        ("GRAFANA_URL", "https://user:canary@host"),
        ("OPENAI_BASE_URL", "https://user:canary@host"),
        ("GRAFANA_ENABLED", "perhaps"),
    ];
    let errors = errors(&[(".env", "CACHE_TTL_SECONDS=1h\nnot an assignment\n")], &environment);
    for expected in [
        ".env:2: not an assignment",
        "LOG_LEVEL in the environment: log.level: `loud` is not allowed; write trace, debug",
        "FAILOVER_MAX_RETRIES in the environment: failover.max_retries: must be a whole number from 0 to 20",
        "RATE_LIMIT_BURST_LIMIT in the environment: rate_limit.burst: `0` is not allowed; write a whole number above 0",
        "CACHE_TTL_SECONDS in .env: cache.ttl: `1h` is not allowed; write a whole number of seconds",
        "GRAFANA_URL in the environment: metrics.grafana_url: the value is not allowed",
        "OPENAI_BASE_URL in the environment: providers.openai.base_url: an address must not hold credentials",
        "GRAFANA_ENABLED in the environment: metrics.grafana_url: `perhaps` is not allowed",
    ] {
        assert!(errors.iter().any(|error| error.starts_with(expected)), "{expected}\nis not among\n{errors:#?}");
    }
    assert_eq!(errors.len(), 8, "{errors:#?}");
    assert!(!format!("{errors:?}").contains("canary"), "{errors:#?}");
}

#[test]
fn keys_are_refused_in_the_file_and_never_repeated() {
    let file = r#"
[providers.openai]
api_key = "sk-canary"

[providers.anthropic]
api_key_env = "sk-canary"

[providers.openrouter]
api_key_env = ["sk-canary"]

[providers.mine]
kind = "openai_compatible"
base_url = "http://user:canary@host/v1"
"#;
    let errors = errors(&[("llm-router.toml", file)], &[]);
    assert_eq!(errors.len(), 4, "{errors:#?}");
    assert!(errors[0].contains("a key does not belong in this file"), "{errors:#?}");
    assert!(!format!("{errors:?}").contains("canary"), "{errors:#?}");
}

#[test]
fn a_key_that_could_not_be_sent_is_refused_and_not_repeated() {
    let errors = errors(&[], &[("OPENAI_API_KEY", "sk-canary\nx-injected: 1")]);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].starts_with("OPENAI_API_KEY in the environment: providers.openai.api_key: "), "{errors:#?}");
    assert!(!errors[0].contains("canary"), "{errors:#?}");
}

#[test]
fn a_database_that_cannot_be_served_stops_the_start() {
    for url in ["postgresql://user:canary@", "postgres://user:canary@host:x/db", "mysql://canary", "canary", "sqlite:"]
    {
        let errors = errors(&[], &[("DATABASE_URL", url)]);
        assert_eq!(errors.len(), 1, "{url}: {errors:#?}");
        assert!(
            errors[0].contains("write postgres://user:password@host:port/database") && !errors[0].contains("canary"),
            "{errors:#?}"
        );
    }
}

#[test]
fn an_address_that_others_can_reach_is_refused_until_that_is_meant() {
    let listen = |address: &str, more: &str| {
        let file = format!("[server]\nlisten = \"{address}\"\n{more}");
        errors(&[("llm-router.toml", &file)], &[])
    };
    for address in ["0.0.0.0:3000", "[::]:3000", "192.168.1.5:3000"] {
        assert!(
            listen(address, "")[0].starts_with("llm-router.toml:2: server.listen: others could reach"),
            "{address}"
        );
        assert_eq!(listen(address, "allow_unauthenticated_network = true\n"), Vec::<String>::new());
    }
    for address in ["127.0.0.1:3000", "[::1]:3000", "127.8.8.8:1"] {
        assert_eq!(listen(address, ""), Vec::<String>::new());
    }
}

#[test]
fn a_demonstration_does_not_mind_providers_that_are_wrong() {
    let file = "[providers.x]\nkind = \"smth\"\n[[providers.y]]\n[providers.openai]\napi_key = \"sk-1\"\n";
    let (_directory, mut sources) = sources(&[("llm-router.toml", file)], &[]);
    assert_eq!(load(&sources).unwrap_err().errors.len(), 3);
    sources.demo = true;
    load(&sources).unwrap();
}

#[test]
fn files_that_are_named_have_to_be_there() {
    let errors = errors(&[("llm-router.toml", "[models]\nfiles = [\"nowhere.toml\"]\n")], &[]);
    assert_eq!(errors, ["llm-router.toml:2: models.files: nowhere.toml: there is no such file"]);
    let (_directory, mut sources) = sources(&[], &[]);
    sources.file = Some("nowhere.toml".into());
    let message = load(&sources).unwrap_err().to_string();
    assert!(message.contains("nowhere.toml: cannot be read"), "{message}");
}

#[test]
fn check_says_so_with_its_exit_code() {
    let run = |file: &str| {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("mine.toml"), file).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_llm-router"));
        command.args(["check", "--config", "mine.toml"]).current_dir(&directory).env_clear();
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run("[log]\nlevel = \"debug\"\n");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("# mine.toml:2"), "{text}");
    let (code, text) = run("[log]\nlevel = \"loud\"\n");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("mine.toml:2: log.level: not known: `loud`"), "{text}");
}

#[test]
fn a_server_that_others_reach_needs_secrets_and_says_which() {
    const LONG: &str = "0123456789abcdef0123456789abcdef";
    let open = [("llm-router.toml", "[server]\nlisten = \"0.0.0.0:3000\"\n")];
    let both = [("API_KEY_SECRET", LONG), ("JWT_SECRET", LONG)];
    assert_eq!(errors(&open, &both), Vec::<String>::new());
    let one = errors(&open, &both[..1]);
    assert!(one[0].contains("without JWT_SECRET callers cannot be"), "{one:?}");

    let production = ("APP_ENV", "production");
    let said = errors(&[], &[production]);
    assert!(said[0].contains("API_KEY_SECRET and JWT_SECRET"), "{said:?}");
    assert_eq!(errors(&[], &[production, both[0], both[1]]), Vec::<String>::new());
    let opted_out = [("llm-router.toml", "[server]\nallow_unauthenticated_network = true\n")];
    let said = errors(&opted_out, &[production, both[0], both[1]]);
    assert!(said[0].contains("in production everybody is authenticated"), "{said:?}");
}

#[test]
fn a_secret_that_is_too_short_is_refused_and_not_repeated() {
    for name in ["API_KEY_SECRET", "API_KEY_SECRET_PREVIOUS", "JWT_SECRET", "METRICS_TOKEN"] {
        let said = errors(&[], &[(name, "canary-of-31-characters-aaaaaaa")]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(name) && said[0].contains("32 characters") && !said[0].contains("canary"), "{said:?}");
    }
    let said = errors(&[("secret", "canary")], &[("JWT_SECRET_FILE", "secret")]);
    assert!(said[0].contains("JWT_SECRET_FILE") && !said[0].contains("canary"), "{said:?}");
    let long = "0123456789abcdef0123456789abcdef\n";
    assert_eq!(errors(&[("secret", long)], &[("JWT_SECRET_FILE", "secret")]), Vec::<String>::new());
    let said = errors(&[("secret", long)], &[("JWT_SECRET_FILE", "secret"), ("JWT_SECRET", long.trim())]);
    assert!(said[0].contains("JWT_SECRET is set too"), "{said:?}");
}
