//! Bad input of every kind: each row gets its status and an error that says what is wrong, and the server goes on.

use std::fmt::Write as _;
use std::time::Duration;

use router_http::settings::Settings;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::stage::Stage;

/// What the server must say.
enum Expected {
    /// The status, and a text in the answer: most often the field.
    Told(u16, &'static str),
    /// The connection closes without a word.
    Closed,
}
use Expected::{Closed, Told};

struct Row {
    name: &'static str,
    sent: Vec<u8>,
    expected: Expected,
}

const BODY_LIMIT: usize = 64 * 1024;

fn row(name: &'static str, sent: impl Into<Vec<u8>>, expected: Expected) -> Row {
    Row { name, sent: sent.into(), expected }
}

/// A well-formed POST of `body`, whatever that is.
fn post(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn bad_route(name: &'static str, body: impl AsRef<[u8]>, field: &'static str) -> Row {
    row(name, post("/api/route", body), Told(400, field))
}

fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n")
}

fn bodies() -> Vec<Row> {
    let deep = |depth| "[".repeat(depth);
    vec![
        bad_route("empty body", "", "it is empty"),
        bad_route("not JSON", "hello", "not valid JSON"),
        bad_route("cut JSON", r#"{"prompt": "a"#, "EOF"),
        bad_route("two documents", r#"{"prompt":"a"}{"prompt":"b"}"#, "trailing characters"),
        bad_route("a list", r#"["What is AI?"]"#, r#""field":"body""#),
        bad_route("null", "null", r#""field":"body""#),
        bad_route("invalid UTF-8", b"{\"prompt\":\"a\xff\"}", "offset 12"),
        bad_route("lone surrogate", r#"{"prompt":"\ud800"}"#, "not valid JSON"),
        bad_route("raw control character", b"{\"prompt\":\"a\x00b\"}", "control character"),
        bad_route("byte-order mark", b"\xef\xbb\xbf{\"prompt\":\"a\"}", "line 1 column 1"),
        bad_route("no prompt", "{}", r#""field":"prompt""#),
        bad_route("empty prompt", r#"{"prompt":""}"#, r#""field":"prompt""#),
        bad_route("blank prompt", r#"{"prompt":" \n\u2003"}"#, r#""field":"prompt""#),
        bad_route("prompt of another type", r#"{"prompt":["a"]}"#, r#""field":"prompt""#),
        bad_route(
            "prompt and messages",
            r#"{"prompt":"a","messages":[{"role":"user","content":"a"}]}"#,
            r#""field":"messages""#,
        ),
        bad_route("no messages", r#"{"messages":[]}"#, r#""field":"messages""#),
        bad_route("unknown role", r#"{"messages":[{"role":"root","content":"a"}]}"#, r#""field":"messages[0].role""#),
        bad_route(
            "last message not the user's",
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
            r#""field":"messages[1].role""#,
        ),
        bad_route("message as a list", r#"{"messages":[["user","a"]]}"#, r#""field":"messages[0]""#),
        bad_route(
            "content of another type",
            r#"{"messages":[{"role":"user","content":{"text":"a"}}]}"#,
            r#""field":"messages[0].content""#,
        ),
        bad_route(
            "local file as an image",
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]}"#,
            r#""field":"messages[0].content[0].image_url.url""#,
        ),
        bad_route("deep JSON in the prompt", format!(r#"{{"prompt":{}"#, deep(50_000)), r#""field":"prompt""#),
        bad_route(
            "deep JSON in metadata",
            format!(r#"{{"prompt":"a","metadata":{{"a":{}"#, deep(50_000)),
            "127 levels",
        ),
        bad_route("NaN weight", r#"{"prompt":"a","preferences":{"costWeight":NaN}}"#, "not valid JSON"),
        bad_route("Infinity weight", r#"{"prompt":"a","preferences":{"costWeight":Infinity}}"#, "not valid JSON"),
        bad_route(
            "overflowing weight",
            r#"{"prompt":"a","preferences":{"costWeight":1e999}}"#,
            r#""field":"preferences.costWeight""#,
        ),
        bad_route(
            "negative weight",
            r#"{"prompt":"a","preferences":{"qualityWeight":-0.1}}"#,
            r#""field":"preferences.qualityWeight""#,
        ),
        bad_route(
            "weight as text",
            r#"{"prompt":"a","preferences":{"latencyWeight":"1"}}"#,
            r#""field":"preferences.latencyWeight""#,
        ),
        bad_route("preferences as a list", r#"{"prompt":"a","preferences":[1,2,3]}"#, r#""field":"preferences""#),
        bad_route(
            "minQuality above 1",
            r#"{"prompt":"a","preferences":{"minQuality":1.5}}"#,
            r#""field":"preferences.minQuality""#,
        ),
        bad_route(
            "negative maxCostUsd",
            r#"{"prompt":"a","preferences":{"maxCostUsd":-1}}"#,
            r#""field":"preferences.maxCostUsd""#,
        ),
        bad_route(
            "unknown target",
            r#"{"prompt":"a","preferences":{"target":"luckiest"}}"#,
            r#""field":"preferences.target""#,
        ),
        bad_route("unknown field", r#"{"promt":"a"}"#, "did you mean `prompt`"),
        bad_route(
            "unknown nested field",
            r#"{"prompt":"a","preferences":{"costWieght":1}}"#,
            "did you mean `costWeight`",
        ),
        bad_route("repeated field", r#"{"prompt":"a","prompt":"b"}"#, "`prompt`: given twice"),
        bad_route("repeated key in metadata", r#"{"prompt":"a","metadata":{"k":1,"k":2}}"#, r#""field":"metadata""#),
        bad_route(
            "large metadata",
            json!({"prompt": "a", "metadata": {"k": "x".repeat(17_000)}}).to_string(),
            r#""field":"metadata""#,
        ),
        bad_route("negative maxTokens", r#"{"prompt":"a","maxTokens":-1}"#, r#""field":"maxTokens""#),
        bad_route("zero maxTokens", r#"{"prompt":"a","maxTokens":0}"#, r#""field":"maxTokens""#),
        bad_route("fractional maxTokens", r#"{"prompt":"a","maxTokens":1.5}"#, r#""field":"maxTokens""#),
        bad_route(
            "enormous maxTokens",
            r#"{"prompt":"a","maxTokens":99999999999999999999999999}"#,
            r#""field":"maxTokens""#,
        ),
        bad_route("temperature above 2", r#"{"prompt":"a","temperature":2.1}"#, r#""field":"temperature""#),
        bad_route("unknown prompt type", r#"{"prompt":"a","promptType":"poetry"}"#, r#""field":"promptType""#),
        bad_route("unknown model", r#"{"prompt":"a","modelId":"gpt-4oo"}"#, "did you mean `gpt-4o`"),
        bad_route("empty model", r#"{"prompt":"a","modelId":""}"#, r#""field":"modelId""#),
        bad_route("unknown cache use", r#"{"prompt":"a","cache":"please"}"#, r#""field":"cache""#),
        bad_route("stream as text", r#"{"prompt":"a","stream":"yes"}"#, r#""field":"stream""#),
        bad_route("stream of a dry run", r#"{"prompt":"a","stream":true,"dryRun":true}"#, r#""field":"stream""#),
        bad_route("dryRun as text", r#"{"prompt":"a","dryRun":"yes"}"#, r#""field":"dryRun""#),
        bad_route("promptType as a number", r#"{"prompt":"a","promptType":1}"#, r#""field":"promptType""#),
        bad_route(
            "promptType as an object",
            r#"{"prompt":"a","promptType":{"general":null}}"#,
            r#""field":"promptType""#,
        ),
        bad_route("cache as an object", r#"{"prompt":"a","cache":{"only":null}}"#, r#""field":"cache""#),
        bad_route(
            "cache as a truth value",
            r#"{"prompt":"a","cache":true}"#,
            "invalid type: boolean `true`, expected a string",
        ),
        bad_route(
            "target as a list",
            r#"{"prompt":"a","preferences":{"target":["best"]}}"#,
            r#""field":"preferences.target""#,
        ),
        bad_route(
            "role as an object",
            r#"{"messages":[{"role":{"user":null},"content":"a"}]}"#,
            r#""field":"messages[0].role""#,
        ),
        bad_route("role null", r#"{"messages":[{"role":null,"content":"a"}]}"#, r#""field":"messages[0].role""#),
        bad_route(
            "part type as a number",
            r#"{"messages":[{"role":"user","content":[{"type":1}]}]}"#,
            r#""field":"messages[0].content[0].type""#,
        ),
        bad_route(
            "format type null",
            r#"{"prompt":"a","responseFormat":{"type":null}}"#,
            r#""field":"responseFormat.type""#,
        ),
        bad_route("maxTokens as text", r#"{"prompt":"a","maxTokens":"9"}"#, "expected a whole number"),
        bad_route("temperature as text", r#"{"prompt":"a","temperature":"9"}"#, "expected a number"),
        bad_route("metadata as a list", r#"{"prompt":"a","metadata":[]}"#, "invalid type: a list, expected an object"),
        bad_route(
            "strict without a schema",
            r#"{"prompt":"a","responseFormat":{"type":"json_object","strict":true}}"#,
            r#""field":"responseFormat.strict""#,
        ),
        bad_route(
            "name without a schema",
            r#"{"prompt":"a","responseFormat":{"type":"text","name":"a"}}"#,
            r#""field":"responseFormat.name""#,
        ),
        bad_route(
            "schema beside text",
            r#"{"prompt":"a","responseFormat":{"type":"text","schema":{}}}"#,
            r#""field":"responseFormat.schema""#,
        ),
        bad_route(
            "name of a schema with a space",
            r#"{"prompt":"a","responseFormat":{"type":"json_schema","name":"a b","schema":{}}}"#,
            r#""field":"responseFormat.name""#,
        ),
        bad_route(
            "empty name of a schema",
            r#"{"prompt":"a","responseFormat":{"type":"json_schema","name":"","schema":{}}}"#,
            r#""field":"responseFormat.name""#,
        ),
        bad_route(
            "unknown detail",
            r#"{"prompt":"a","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/a.png","detail":"huge"}}]}]}"#,
            r#""field":"messages[0].content[0].image_url.detail""#,
        ),
        bad_route("a key of 60 kB", format!(r#"{{"{}":1}}"#, "k".repeat(60_000)), "unknown field"),
        bad_route("an answer longer than any model's", r#"{"prompt":"a","maxTokens":1000000000}"#, "no_candidate"),
        row(
            "feedback without a rating",
            post("/api/feedback", r#"{"modelId":"gpt-4o","prompt":"a","response":"b"}"#),
            Told(400, r#""field":"rating""#),
        ),
        row(
            "feedback with a rating of 6",
            post("/api/feedback", r#"{"modelId":"gpt-4o","prompt":"a","response":"b","feedback":{"rating":6}}"#),
            Told(400, r#""field":"feedback.rating""#),
        ),
        row("feedback on nothing", post("/api/feedback", r#"{"rating":5}"#), Told(400, r#""field":"modelId""#)),
        row(
            "feedback on a malformed request",
            post("/api/feedback", r#"{"requestId":"x","rating":5}"#),
            Told(400, r#""field":"requestId""#),
        ),
        row(
            "a malformed id in plain words",
            post("/api/feedback", r#"{"requestId":"019abc00-0000-7000-8000-00000000000g","rating":5}"#),
            Told(400, "must be a UUID"),
        ),
        row(
            "model with a null character",
            post("/api/feedback", r#"{"modelId":"gpt\u0000","prompt":"a","response":"b","rating":5}"#),
            Told(400, r#""field":"modelId""#),
        ),
        row(
            "model that reads backwards",
            post("/api/eval", r#"{"modelId":"\u202eo4-tpg","prompt":"a","response":"b","score":1}"#),
            Told(400, r#""field":"modelId""#),
        ),
        row(
            "thumbs as an object",
            post("/api/feedback", r#"{"modelId":"gpt-4o","prompt":"a","response":"b","thumbs":{"up":null}}"#),
            Told(400, r#""field":"thumbs""#),
        ),
        row(
            "thumbs as a number",
            post("/api/eval", r#"{"modelId":"gpt-4o","prompt":"a","response":"b","feedback":{"thumbs":1}}"#),
            Told(400, r#""field":"feedback.thumbs""#),
        ),
        row(
            "score above 1",
            post("/api/eval", r#"{"modelId":"gpt-4o","prompt":"a","response":"b","score":1.01}"#),
            Told(400, r#""field":"score""#),
        ),
        row(
            "score and rating",
            post("/api/eval", r#"{"modelId":"gpt-4o","prompt":"a","response":"b","score":1,"rating":5}"#),
            Told(400, r#""field":"score""#),
        ),
    ]
}

fn heads() -> Vec<Row> {
    let many_headers = (0..200).fold(String::new(), |mut headers, i| {
        write!(headers, "x-{i}: 1\r\n").unwrap();
        headers
    });
    let large_header = format!("x-large: {}\r\n", "x".repeat(100_000));
    let too_large = vec![b' '; BODY_LIMIT + 1];
    let chunked = |chunks: &str| {
        format!(
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
        )
    };
    let with_type = |content_type: &str| {
        format!(
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{content_type}content-length: 14\r\n\r\n{{\"prompt\":\"a\"}}"
        )
    };
    vec![
        row("no content type", with_type(""), Told(415, "content-type: application/json")),
        row(
            "form",
            with_type("content-type: application/x-www-form-urlencoded\r\n"),
            Told(415, "x-www-form-urlencoded"),
        ),
        row("plain text", with_type("content-type: text/plain\r\n"), Told(415, "text/plain")),
        row("latin1", with_type("content-type: application/json; charset=latin1\r\n"), Told(415, "latin1")),
        row("compressed", with_type("content-type: application/json\r\ncontent-encoding: gzip\r\n"), Told(415, "gzip")),
        row("body above the limit", post("/api/route", too_large), Told(413, "65536 bytes")),
        row(
            "announced above the limit",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n",
            Told(413, "65536 bytes"),
        ),
        row(
            "chunked above the limit",
            chunked(&format!("{:x}\r\n{}\r\n0\r\n\r\n", BODY_LIMIT + 1, " ".repeat(BODY_LIMIT + 1))),
            Told(413, "65536 bytes"),
        ),
        row(
            "body shorter than announced",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{}",
            Told(408, "did not arrive"),
        ),
        row("chunk size that is no number", chunked("zz\r\n{}\r\n0\r\n\r\n"), Told(400, "incomplete_body")),
        row(
            "content length that is no number",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-length: ten\r\n\r\n",
            Told(400, ""),
        ),
        row(
            "negative content length",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
            Told(400, ""),
        ),
        row(
            "two content lengths",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
            Told(400, ""),
        ),
        row(
            "length and chunks: the chunks count, and the connection closes",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n",
            Told(400, r#""field":"prompt""#),
        ),
        row(
            "unknown transfer encoding",
            "POST /api/route HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: rot13\r\n\r\n",
            Told(400, ""),
        ),
        row("large header", get("/livez", &large_header), Told(431, "")),
        row("many headers", get("/livez", &many_headers), Told(431, "")),
        row("long path", get(&format!("/{}", "a".repeat(70_000)), ""), Told(431, "")),
        row("null byte in the target", "GET /li\0vez HTTP/1.1\r\nhost: localhost\r\n\r\n", Told(400, "")),
        row("null byte in a header", "GET /livez HTTP/1.1\r\nhost: localhost\r\nx: a\0b\r\n\r\n", Told(400, "")),
        row("header without a colon", "GET /livez HTTP/1.1\r\nhost localhost\r\n\r\n", Told(400, "")),
        row("space before the colon", "GET /livez HTTP/1.1\r\nhost : localhost\r\n\r\n", Told(400, "")),
        row("HTTP/0.9", "GET /livez\r\n", Told(400, "")),
        row("HTTP/3.0 in words", "GET /livez HTTP/3.0\r\n\r\n", Told(400, "")),
        row("TLS to a cleartext port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), Told(400, "")),
        row(
            "garbage after a good request",
            [get("/livez", "").replace("connection: close\r\n", "").as_bytes(), b"\x00\x01garbage\r\n\r\n"].concat(),
            Told(200, "ok"),
        ),
        row("no host", "GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n", Told(400, "host_missing")),
        row("two hosts", get("/livez", "host: localhost\r\n"), Told(400, "host_missing")),
        row(
            "foreign host",
            "GET /api/models HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
            Told(403, "host_not_allowed"),
        ),
        row(
            "foreign host in the target",
            "GET http://evil.example/api/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            Told(400, "host_missing"),
        ),
        row(
            "unicode host",
            "GET /livez HTTP/1.1\r\nhost: löcalhost\r\nconnection: close\r\n\r\n",
            Told(400, "host_missing"),
        ),
        row("foreign origin", get("/api/requests", "origin: http://evil.example\r\n"), Told(403, "origin_not_allowed")),
        row("null origin", get("/api/models", "origin: null\r\n"), Told(403, "origin_not_allowed")),
        row(
            "image of another page",
            get("/api/models", "sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors\r\n"),
            Told(403, "origin_not_allowed"),
        ),
        row(
            "unknown path in OpenAI's words",
            get("/v1/nowhere", ""),
            Told(404, r#""param":null,"code":"no_such_path""#),
        ),
        row(
            "foreign origin in OpenAI's words",
            get("/v1/models", "origin: http://evil.example\r\n"),
            Told(403, r#""type":"permission_error","param":null,"code":"origin_not_allowed""#),
        ),
        row(
            "preflight",
            "OPTIONS /api/route HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            Told(405, "CORS"),
        ),
        row(
            "unknown method",
            "BREW /api/route HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            Told(405, "allow: POST"),
        ),
        row("unknown path", get("/api/nothing", ""), Told(404, "no_such_path")),
        row("path traversal", get("/api/requests/..%2f..%2fetc%2fpasswd", ""), Told(400, r#""field":"id""#)),
        row("percent-encoded garbage", get("/api/requests/%ff%fe", ""), Told(400, r#""field":"id""#)),
        row("unknown parameter", get("/api/models?activ=true", ""), Told(400, "did you mean `active`")),
        row("repeated parameter", get("/api/models?active=true&active=false", ""), Told(400, r#""field":"active""#)),
        row("limit out of range", get("/api/feedback?limit=100000", ""), Told(400, r#""field":"limit""#)),
        row("unknown capability", get("/api/models?capability=telepathy", ""), Told(400, r#""field":"capability""#)),
        row("empty limit", get("/api/requests?limit=&modelId=gpt-4o", ""), Told(400, r#""field":"limit""#)),
        row("empty model", get("/api/requests?modelId=", ""), Told(400, r#""field":"modelId""#)),
        row("empty status", get("/api/requests?status=", ""), Told(400, r#""field":"status""#)),
        row("empty before", get("/api/feedback?before=", ""), Told(400, r#""field":"before""#)),
        row("parameter without a value", get("/api/models?capability", ""), Told(400, r#""field":"capability""#)),
        row("nothing but line ends", "\r\n\r\n\r\n", Closed),
        row("headers that never end", "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-", Closed),
        row("half of the HTTP/2 preface", "PRI * HTTP/2.0\r\n", Closed),
        row("nothing at all", "", Closed),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_input_is_told_what_is_wrong_and_the_server_goes_on() {
    let settings = Settings {
        body_limit: BODY_LIMIT,
        header_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_millis(500),
        body_timeout: Duration::from_millis(300),
        ..Settings::default()
    };
    let stage = Stage::start(settings).await;
    let rows: Vec<Row> = bodies().into_iter().chain(heads()).collect();
    assert!(rows.len() >= 40, "only {}", rows.len());

    let mut wrong = Vec::new();
    for Row { name, sent, expected } in &rows {
        let answer = String::from_utf8_lossy(&stage.raw(sent).await).into_owned();
        let right = match expected {
            Told(status, words) => answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(words),
            Closed => answer.is_empty(),
        };
        if !right {
            wrong.push(format!("{name}: {answer}"));
        }
        // What follows a refused or ambiguous request is never taken for another request.
        let answers = if name.starts_with("garbage after") { 2 } else { 1 };
        assert!(answer.matches("HTTP/1.1 ").count() <= answers, "{name}: {answer}");
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n\n"));

    let (status, answer) = stage.post("/api/route", &json!({"prompt": "still there?"})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["response"], "answer to: still there?");
    println!("{} hostile inputs refused", rows.len());
}

#[tokio::test]
async fn bodies_together_take_no_more_memory_than_they_may_and_give_it_back() {
    let settings = Settings { body_limit: 1_000, body_memory_limit: 1_000, ..Settings::default() };
    let stage = Stage::start(settings).await;
    let silent = json!({"prompt": "silence", "metadata": {"padding": "x".repeat(600)}});
    let other = json!({"prompt": "hi", "metadata": {"padding": "x".repeat(600)}});
    // Announced and never sent: takes nothing.
    let mut idle = TcpStream::connect(stage.address).await.unwrap();
    let head =
        "POST /api/route HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n";
    idle.write_all(head.as_bytes()).await.unwrap();
    let client = reqwest::Client::new();
    let held = tokio::spawn(client.post(stage.url("/api/route")).json(&silent).send());
    stage.provider.until_waiting(1).await;
    let refused = client.post(stage.url("/api/route")).json(&other).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert!(refused.text().await.unwrap().contains("body_memory_full"));
    held.abort();
    stage.provider.until_waiting(0).await;
    assert_eq!(stage.post("/api/route", &other).await.0, 200);
}
