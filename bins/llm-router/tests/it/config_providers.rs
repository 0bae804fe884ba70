//! Providers: which there are, where they are, and which key they have.

use llm_router::config::provider::{Provider, ProviderKind};
use secrecy::ExposeSecret;

use crate::config::{loaded, sources};

fn key(provider: &Provider) -> Option<&str> {
    provider.api_key.as_ref().map(|key| key.secret().expose_secret())
}

#[test]
fn well_known_providers_take_their_variables() {
    let environment = [("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "http://proxy/v1")];
    let providers = loaded(&[("llm-router.toml", "[providers.openai]\nbase_url = \"http://file/v1\"")], &environment)
        .config
        .providers;
    let openai = &providers["openai"];
    assert_eq!((openai.kind, key(openai)), (ProviderKind::Openai, Some("sk-1")));
    assert_eq!(openai.base_url.to_string(), "http://proxy/v1", "the environment wins over the file");
    assert!(openai.is_configured());
    let anthropic = &providers["anthropic"];
    assert_eq!(anthropic.base_url.to_string(), "https://api.anthropic.com");
    assert!(!anthropic.is_configured());
    assert_eq!(anthropic.key_variable.as_deref(), Some("ANTHROPIC_API_KEY"), "what to name when it is missing");
}

#[test]
fn further_instances_have_their_own_places_and_keys() {
    let file = r#"
[providers.ollama]
kind = "openai_compatible"
base_url = "http://127.0.0.1:11434/v1"
models = ["qwen3:8b"]

[providers.openai-eu]
kind = "openai"
base_url = "https://eu.example.org/v1"
api_key_env = "EU_KEY"

[providers.openai]
api_key_file = "key.txt"
"#;
    let files = [("llm-router.toml", file), ("key.txt", "sk-file\n"), (".env", "EU_KEY=sk-eu\n")];
    let providers = loaded(&files, &[("OPENAI_API_KEY", "sk-other")]).config.providers;
    assert!(providers["ollama"].is_configured() && key(&providers["ollama"]).is_none());
    assert_eq!(providers["ollama"].models, ["qwen3:8b"]);
    assert_eq!(key(&providers["openai-eu"]), Some("sk-eu"));
    assert_eq!(key(&providers["openai"]), Some("sk-file"), "a place that the file names replaces the variable");
    assert_eq!(providers.len(), 5);
}

#[test]
fn a_key_file_that_is_missing_or_empty_is_an_error() {
    for (files, reason) in [(vec![], "No such file"), (vec![("key.txt", "\n")], "the key is empty")] {
        let mut all = vec![("llm-router.toml", "[providers.openai]\napi_key_file = \"key.txt\"\n")];
        all.extend(files);
        let (_directory, sources) = sources(&all, &[]);
        let message = llm_router::config::load(&sources).unwrap_err().to_string();
        assert!(
            message.contains("llm-router.toml:2: providers.openai.api_key_file: ") && message.contains(reason),
            "{message}"
        );
    }
}
