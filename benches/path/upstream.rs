//! A provider that costs next to nothing: reads the request, answers the same chat completion each time.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::serve::serve;

/// What OpenAI sends for about a hundred words.
fn completion() -> Bytes {
    let content = "A router weighs what an answer is worth against what it costs. ".repeat(8);
    let completion = serde_json::json!({
        "id": "chatcmpl-CfGzYd2Q0qKcG3rT9xw1",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": "bench-1",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": null, "annotations": []},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 110,
            "completion_tokens": 104,
            "total_tokens": 214,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_5f6c1d4b2a",
    });
    Bytes::from(completion.to_string())
}

/// Answers until the bench ends.
pub(crate) async fn run() -> anyhow::Result<()> {
    let completion = completion();
    serve(move |request| answer(request, completion.clone())).await
}

async fn answer(request: Request<Incoming>, completion: Bytes) -> Response<Full<Bytes>> {
    // A body that breaks off is the caller's failure, and the caller says so.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(completion));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
