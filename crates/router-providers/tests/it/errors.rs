//! Errors as each provider writes them, over a real socket: kind, status, words, wait.

use std::time::Duration;

use router_core::error_kind::{ErrorKind, Phase};
use router_providers::answer::{CallError, Spent};
use router_providers::{anthropic, openai};
use serde_json::Value;

use crate::given::{recordings, reported};
use crate::sockets::{Script, asked, respond};

async fn error(status: u16, headers: &str, body: &str) -> CallError {
    asked(&openai::KIND, Script::Say(respond(status, headers, body))).await.unwrap_err()
}

const CONTEXT: &str = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.";

#[rustfmt::skip]
#[tokio::test]
async fn every_shape_finds_its_kind() {
    let cases = [
        // OpenAI
        (400, r#"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#.to_owned(), ErrorKind::ContextTooLong),
        (400, r#"{"error":{"message":"Unsupported parameter: 'max_tokens'","type":"invalid_request_error","code":"unsupported_parameter"}}"#.into(), ErrorKind::Unsupported),
        (400, r#"{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model.","code":null}}"#.into(), ErrorKind::Unsupported),
        (400, r#"{"error":{"message":"[] is too short - 'messages'","type":"invalid_request_error","code":null}}"#.into(), ErrorKind::InvalidRequest),
        (400, r#"{"error":{"message":"no","code":"content_policy_violation"}}"#.into(), ErrorKind::ContentPolicy),
        (401, r#"{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}"#.into(), ErrorKind::Auth),
        (403, r#"{"error":{"message":"Country not supported","code":"unsupported_country_region_territory"}}"#.into(), ErrorKind::Auth),
        (401, r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: model.request. Check that you have the correct role in your organization.","type":"invalid_request_error","param":null,"code":null}}"#.into(), ErrorKind::Auth),
        (401, r#"{"error":{"message":"You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.","type":"invalid_request_error","param":null,"code":null}}"#.into(), ErrorKind::Auth),
        (403, r#"{"error":{"message":"Project `proj_a1` does not have access to model `gpt-5.6`","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#.into(), ErrorKind::NotFound),
        (403, r#"{"error":{"message":"You are not allowed to sample from this model","type":"invalid_request_error","param":null,"code":null}}"#.into(), ErrorKind::NotFound),
        (404, r#"{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#.into(), ErrorKind::NotFound),
        (409, r#"{"error":{"message":"conflict"}}"#.into(), ErrorKind::ServerError),
        (429, r#"{"error":{"message":"quota","type":"insufficient_quota","code":"insufficient_quota"}}"#.into(), ErrorKind::Quota),
        (429, r#"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#.into(), ErrorKind::RateLimited),
        (500, r#"{"error":{"message":"oops","type":"server_error"}}"#.into(), ErrorKind::ServerError),
        (503, r#"{"error":{"message":"slow","code":"slow_down"}}"#.into(), ErrorKind::Overloaded),
        // Anthropic
        (400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#.into(), ErrorKind::ContextTooLong),
        (400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#.into(), ErrorKind::Quota),
        (400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#.into(), ErrorKind::ContentPolicy),
        (400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"temperature: Extra inputs are not permitted"}}"#.into(), ErrorKind::Unsupported),
        (401, r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#.into(), ErrorKind::Auth),
        (403, r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}"#.into(), ErrorKind::NotFound),
        (402, r#"{"type":"error","error":{"type":"billing_error","message":"pay"}}"#.into(), ErrorKind::Quota),
        (413, r#"{"type":"error","error":{"type":"request_too_large","message":"bytes"}}"#.into(), ErrorKind::TooLarge),
        (429, r#"{"type":"error","error":{"type":"rate_limit_error","message":"spent","details":{"error_code":"enforced_spend_limit_reached"}}}"#.into(), ErrorKind::Quota),
        (504, r#"{"type":"error","error":{"type":"timeout_error","message":"late"}}"#.into(), ErrorKind::Timeout(Phase::Total)),
        (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#.into(), ErrorKind::Overloaded),
        // OpenRouter
        (400, format!(r#"{{"error":{{"message":"{CONTEXT}","code":400}}}}"#), ErrorKind::ContextTooLong),
        (400, r#"{"error":{"message":"foo is not a valid model ID","code":400}}"#.into(), ErrorKind::NotFound),
        (402, r#"{"error":{"message":"Insufficient credits","code":402}}"#.into(), ErrorKind::Quota),
        (402, r#"{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 3234. To increase, visit https://openrouter.ai/settings/credits and upgrade to a paid account","code":402,"metadata":{"error_type":"payment_required"}}}"#.into(), ErrorKind::Unsupported),
        (403, r#"{"error":{"message":"flagged","code":403,"metadata":{"reasons":["violence"],"flagged_input":"x"}}}"#.into(), ErrorKind::ContentPolicy),
        (404, r#"{"error":{"message":"No endpoints found that support tool use","code":404}}"#.into(), ErrorKind::Unsupported),
        (408, r#"{"error":{"message":"late","code":408}}"#.into(), ErrorKind::Timeout(Phase::Total)),
        (502, r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"error_type":"provider_overloaded"}}}"#.into(), ErrorKind::Overloaded),
        // llama.cpp
        (400, r#"{"error":{"code":400,"message":"request exceeds","type":"exceed_context_size_error","n_ctx":2048}}"#.into(), ErrorKind::ContextTooLong),
        (503, r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#.into(), ErrorKind::Overloaded),
        // Azure
        (429, r#"{"error":{"code":"RateLimitReached","message":"slow"}}"#.into(), ErrorKind::RateLimited),
        (400, r#"{"error":{"message":"filtered","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#.into(), ErrorKind::ContentPolicy),
        (404, r#"{"error":{"code":"DeploymentNotFound","message":"no"}}"#.into(), ErrorKind::NotFound),
        // vLLM, Ollama, FastAPI, Google, proxies
        (400, format!(r#"{{"object":"error","message":"{CONTEXT}","type":"BadRequestError","code":400}}"#), ErrorKind::ContextTooLong),
        (404, r#"{"object":"error","message":"no such model","type":"NotFoundError","code":404}"#.into(), ErrorKind::NotFound),
        (404, r#"{"error":"model 'x' not found"}"#.into(), ErrorKind::NotFound),
        (422, r#"{"detail":[{"loc":["body","messages"],"msg":"field required"}]}"#.into(), ErrorKind::InvalidRequest),
        (400, r#"[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]"#.into(), ErrorKind::InvalidRequest),
        (502, "<html>Bad gateway</html>".into(), ErrorKind::ServerError),
        (524, String::new(), ErrorKind::Timeout(Phase::Total)),
        (301, String::new(), ErrorKind::NotFound),
    ];
    for (status, body, kind) in cases {
        let error = error(status, "", &body).await;
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{status} {body}");
        // Behind a gateway that gave up waiting, the model may go on working.
        let spent = if matches!(kind, ErrorKind::Timeout(_)) { Spent::Unknown } else { Spent::Nothing };
        assert_eq!(error.spent, spent, "{status} {body}");
        assert!(!error.message.is_empty(), "{status} {body}");
    }
}

#[tokio::test]
async fn the_wait_is_read_from_the_headers() {
    let body = r#"{"error":{"message":"slow","code":"rate_limit_exceeded"}}"#;
    assert_eq!(error(429, "", body).await.retry_after, None);
    assert_eq!(error(429, "retry-after: 3\r\n", body).await.retry_after, Some(Duration::from_secs(3)));
    let both = "retry-after-ms: 0\r\nretry-after: 1\r\n";
    assert_eq!(error(429, both, body).await.retry_after, Some(Duration::from_secs(1)));
}

#[tokio::test]
async fn an_error_in_a_200_is_an_error() {
    let cases = [
        (r#"{"error":{"message":"down","code":502}}"#, ErrorKind::ServerError),
        (r#"{"error":{"message":"slow","code":429}}"#, ErrorKind::RateLimited),
        (r#"{"error":{"message":"busy","type":"overloaded_error"}}"#, ErrorKind::Overloaded),
        (r#"{"object":"error","message":"bad","type":"BadRequestError","code":400}"#, ErrorKind::InvalidRequest),
        (
            r#"{"choices":[{"finish_reason":"error","error":{"code":502,"message":"cut"},"message":{"content":"half"}}]}"#,
            ErrorKind::ServerError,
        ),
    ];
    for (body, kind) in cases {
        let error = error(200, "", body).await;
        assert_eq!((error.kind, error.status), (kind, Some(200)), "{body}");
    }
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let error = asked(&anthropic::KIND, Script::Say(respond(200, "", body))).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Overloaded, "Overloaded"));
}

#[tokio::test]
async fn what_a_refused_answer_consumed_is_kept() {
    let usage = |chat| {
        if chat {
            r#""usage":{"prompt_tokens":5,"completion_tokens":3}"#
        } else {
            r#""usage":{"input_tokens":5,"output_tokens":3}"#
        }
    };
    for (chat, rest) in [
        (true, r#""choices":[]"#),
        (true, r#""choices":[{"message":{"content":"Hi"}}]"#),
        (true, r#""choices":[{"finish_reason":"unheard-of","message":{"content":"Hi"}}]"#),
        (true, r#""choices":[{"finish_reason":"tool_calls","message":{"content":"Hi"}}]"#),
        (
            true,
            r#""choices":[{"finish_reason":"tool_calls","message":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]"#,
        ),
        (true, r#""choices":[{"finish_reason":"error","error":{"code":502,"message":"cut"}}]"#),
        (true, r#""error":{"code":502,"message":"cut"}"#),
        (false, r#""stop_reason":"end_turn""#),
        (false, r#""content":[{"type":"text","text":"Hi"}]"#),
        (false, r#""content":[{"type":"tool_use"}],"stop_reason":"tool_use""#),
        (false, r#""content":"Hi","stop_reason":"end_turn""#),
        (false, r#""type":"error","error":{"type":"overloaded_error","message":"Overloaded"}"#),
    ] {
        let kind = if chat { openai::KIND } else { anthropic::KIND };
        let body = format!("{{{rest},{}}}", usage(chat));
        let error = asked(&kind, Script::Say(respond(200, "", &body))).await.unwrap_err();
        assert_eq!(error.spent, Spent::Known(reported(5, 0, [0; 2], 3, 0)), "{body} {error}");
        let error = asked(&kind, Script::Say(respond(200, "", &format!("{{{rest}}}")))).await.unwrap_err();
        assert_eq!(error.spent, Spent::Unknown, "{rest} {error}");
    }
    for body in ["<html>Please sign in</html>", "", r#"{"choices":[{"finish_rea"#] {
        assert_eq!(error(200, "", body).await.spent, Spent::Unknown, "{body}");
    }
}

#[tokio::test]
async fn long_messages_are_cut_between_characters() {
    let body = format!(r#"{{"error":{{"message":"{}"}}}}"#, "é".repeat(5_000));
    let message = error(400, "", &body).await.message;
    assert!(message.len() <= 2_048 && message.ends_with("é…"), "{}", message.len());
}

#[tokio::test]
async fn recorded_errors() {
    let Some(root) = recordings() else { return };
    for (name, kind) in [
        ("anthropic/errors/400-effort-unsupported", ErrorKind::Unsupported),
        ("anthropic/errors/404-model-not-found", ErrorKind::NotFound),
        ("anthropic/errors/529-overloaded", ErrorKind::Overloaded),
        ("local-llamacpp/error-400-bad-json", ErrorKind::InvalidRequest),
        ("local-llamacpp/error-400-context", ErrorKind::ContextTooLong),
        ("local-llamacpp/error-401", ErrorKind::Auth),
        ("local-llamacpp/error-503-loading", ErrorKind::Overloaded),
        ("openai/errors/400-unsupported-parameter-max-tokens", ErrorKind::Unsupported),
        ("openai/errors/400-unsupported-parameter-temperature", ErrorKind::Unsupported),
        ("openai/errors/400-unsupported-role", ErrorKind::Unsupported),
        ("openai/errors/401-invalid-api-key", ErrorKind::Auth),
        ("openai/errors/429-azure-retry-after-ms-0", ErrorKind::RateLimited),
        ("openai/errors/429-insufficient-quota", ErrorKind::Quota),
        ("openrouter/errors/400-context-length", ErrorKind::ContextTooLong),
        ("openrouter/errors/401", ErrorKind::Auth),
    ] {
        let recorded: Value =
            serde_json::from_slice(&std::fs::read(root.join(format!("{name}.json"))).unwrap()).unwrap();
        let status = u16::try_from(recorded["response"]["status"].as_u64().unwrap()).unwrap();
        let wait = recorded["response"]["headers"]["retry-after"].as_str();
        let headers = wait.map(|wait| format!("retry-after: {wait}\r\n")).unwrap_or_default();
        let error = error(status, &headers, &recorded["response"]["body"].to_string()).await;
        assert_eq!(error.kind, kind, "{name}");
        assert_eq!(error.retry_after.is_some(), wait.is_some(), "{name}");
    }
}
