//! Every fault of streams, on every wire.

use std::error::Error as _;
use std::time::{Duration, Instant};

use router_sim::{Fault, FaultKind, Outcome, Simulator, Wire};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{body, model, post, simulator, try_post};
use crate::stream_client::{Heard, hear, listen, streamed, with_call};

/// What comes of 60 tokens under a fault.
async fn sixty(wire: Wire, fault: &str) -> Heard {
    hear(&simulator().await, wire, &streamed(wire, &format!("+tokens:60+fault:{fault}"))).await
}

/// The error at the bottom.
fn io_error(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    let mut source = error.source()?;
    while let Some(next) = source.source() {
        source = next;
    }
    source.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

#[tokio::test]
async fn what_fails_before_the_headers_fails_as_ever() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        for fault in [
            "429",
            "429-after-2s",
            "500",
            "502",
            "503",
            "504",
            "529",
            "401",
            "403",
            "404",
            "400",
            "408",
            "413",
            "unsupported",
            "quota",
            "context",
            "policy",
            "error-in-200",
        ] {
            let suffixes = format!("+fault:{fault}");
            let (status, mut error) = post(&simulator, wire, &streamed(wire, &suffixes)).await;
            let (expected, mut whole) =
                post(&simulator, wire, &body(wire, &format!("{}{suffixes}", model(wire)))).await;
            error["request_id"] = Value::Null;
            whole["request_id"] = Value::Null;
            assert_eq!((status, error), (expected, whole), "{wire} {fault}");
        }
        for fault in ["garbage", "html"] {
            let response = try_post(&simulator, wire, &streamed(wire, &format!("+fault:{fault}"))).await.unwrap();
            assert!(!response.headers()["content-type"].to_str().unwrap().contains("event-stream"));
        }
        let reset = try_post(&simulator, wire, &streamed(wire, "+fault:reset")).await.unwrap_err();
        assert_eq!(io_error(&reset), Some(std::io::ErrorKind::ConnectionReset));
        let silent = streamed(wire, "+fault:silent");
        let waiting = tokio::time::timeout(Duration::from_millis(50), try_post(&simulator, wire, &silent));
        assert!(waiting.await.is_err());
    }
}

#[tokio::test]
async fn a_slow_stream_and_a_slow_first_event() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let asked = Instant::now();
        hear(&simulator, wire, &streamed(wire, "+fault:slow-50ms")).await;
        assert!(asked.elapsed() >= Duration::from_millis(50));

        let response = try_post(&simulator, wire, &streamed(wire, "+fault:slow-first-500ms")).await.unwrap();
        // The headers are here, and no token is.
        assert_eq!(simulator.attempts().last().unwrap().tokens, 0);
        assert!(listen(response).await.terminated());
        let attempt = simulator.attempts().pop().unwrap();
        assert!(attempt.ended.unwrap() - attempt.arrived >= Duration::from_millis(500));
        // Only OpenRouter has something to say meanwhile.
        let waited = attempt.first_byte.unwrap() - attempt.arrived;
        assert_eq!(waited < Duration::from_millis(500), wire == Wire::OpenRouter, "{waited:?}");
        assert_eq!(simulator.attempts().last().unwrap().outcome, Outcome::Answered);
    }
}

#[tokio::test]
async fn streams_that_end_too_early() {
    for wire in Wire::ALL {
        let cut = sixty(wire, "cut-after-40").await;
        assert_eq!(cut.broken.as_ref().and_then(io_error), Some(std::io::ErrorKind::ConnectionReset));
        let half = sixty(wire, "cut-body").await;
        assert!(half.broken.as_ref().is_some_and(|error| io_error(error) != Some(std::io::ErrorKind::ConnectionReset)));
        let ended = sixty(wire, "end-after-40").await;
        assert!(ended.broken.is_none());
        for (heard, tokens) in [(cut, 40), (half, 30), (ended, 40)] {
            assert_eq!(heard.texts().len(), tokens, "{wire}");
            assert!(heard.text().ends_with(&tokens.to_string()));
            assert!(heard.finishes().is_empty() && !heard.terminated());
        }
        // Never more than there is, and never the finish.
        let all = sixty(wire, "end-after-100").await;
        assert!(all.texts().len() == 60 && all.finishes().is_empty());
        let none = sixty(wire, "end-after-0").await;
        assert!(none.texts().is_empty() && none.events.len() == 1);
    }
}

#[tokio::test]
async fn a_cut_reaches_into_the_thought() {
    let simulator = simulator().await;
    let heard = hear(&simulator, Wire::Anthropic, &streamed(Wire::Anthropic, "+reasoning+fault:end-after-10")).await;
    assert_eq!((heard.strings("/delta/thinking").len(), heard.texts().len()), (10, 0));
}

#[tokio::test]
async fn a_malformed_event_is_one_among_good_ones() {
    for wire in Wire::ALL {
        let heard = sixty(wire, "malformed-after-20").await;
        let is_bad = |data: &&str| serde_json::from_str::<Value>(data).is_err() && *data != "[DONE]";
        assert_eq!(heard.data().into_iter().filter(is_bad).count(), 1);
        assert_eq!(heard.texts().len(), 60);
        assert!(heard.terminated() && heard.broken.is_none());
    }
}

#[tokio::test]
async fn errors_in_band() {
    for (fault, tokens) in [("error-first", 0), ("error-after-20", 20)] {
        let openai = sixty(Wire::OpenAi, fault).await;
        assert_eq!(openai.json().last().unwrap()["error"]["code"], "server_is_overloaded");
        assert!(!openai.terminated());
        let anthropic = sixty(Wire::Anthropic, fault).await;
        assert_eq!(anthropic.events.last().unwrap().0, "error");
        assert_eq!(anthropic.json().last().unwrap()["error"]["type"], "overloaded_error");
        let openrouter = sixty(Wire::OpenRouter, fault).await;
        let last = openrouter.json().pop().unwrap();
        assert_eq!((&last["error"]["code"], &last["choices"][0]["finish_reason"]), (&json!(529), &json!("error")));
        assert!(openrouter.terminated());
        for heard in [openai, anthropic, openrouter] {
            assert_eq!(heard.texts().len(), tokens);
            assert!(heard.broken.is_none());
            assert!(tokens > 0 || heard.json().len() == 1, "{:?}", heard.events);
        }
    }
}

#[tokio::test]
async fn no_terminator() {
    for wire in Wire::ALL {
        let heard = sixty(wire, "no-terminator").await;
        assert!(!heard.terminated() && heard.broken.is_none());
        assert_eq!((heard.texts().len(), heard.finishes().is_empty()), (60, false));
    }
}

#[tokio::test]
async fn a_call_that_ends_in_the_middle() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        for fault in ["tool-cut", "tool-length"] {
            let heard = hear(&simulator, wire, &with_call(wire, streamed(wire, &format!("+fault:{fault}")))).await;
            let pointer = match wire {
                Wire::Anthropic => "/delta/partial_json",
                _ => "/choices/0/delta/tool_calls/0/function/arguments",
            };
            let arguments = heard.strings(pointer).concat();
            assert!(arguments.starts_with("{\"city\"") && serde_json::from_str::<Value>(&arguments).is_err());
            assert!(!heard.raw.contains("content_block_stop"));
            if fault == "tool-cut" {
                assert_eq!(heard.broken.as_ref().and_then(io_error), Some(std::io::ErrorKind::ConnectionReset));
                assert!(heard.finishes().is_empty());
            } else {
                assert!(heard.terminated());
                assert_eq!(heard.finishes()[0], if wire == Wire::Anthropic { "max_tokens" } else { "length" });
            }
        }
    }
}

#[tokio::test]
async fn finish_and_usage_in_other_orders() {
    for wire in Wire::ALL {
        let usual = sixty(wire, "no-terminator").await.finishes().len();
        let heard = sixty(wire, "repeated-finish").await;
        assert_eq!(heard.finishes().len(), usual + 1);
        assert!(heard.terminated());

        let heard = sixty(wire, "usage-before-finish").await;
        let events = heard.json();
        let place = |has: &dyn Fn(&Value) -> bool| events.iter().position(has).unwrap();
        let usage = place(&|event| event["usage"].is_object());
        let finish = place(&|event| {
            event["choices"][0]["finish_reason"].is_string() || event["delta"]["stop_reason"].is_string()
        });
        assert!(usage < finish, "{wire}: {}", heard.raw);
        assert!(heard.terminated());
    }
}

#[tokio::test]
async fn other_forms_of_the_same_stream() {
    for wire in Wire::ALL {
        let plain = sixty(wire, "malformed-after-60").await.text();
        let crlf = sixty(wire, "crlf").await;
        assert_eq!(crlf.raw.matches('\n').count(), crlf.raw.matches("\r\n").count());
        let no_space = sixty(wire, "no-space").await;
        assert!(no_space.raw.contains("\ndata:{") && !no_space.raw.contains("data: "));
        let unknown = sixty(wire, "unknown-events").await;
        assert!(unknown.raw.matches("notice\"").count() >= 60);
        let comments = sixty(wire, "comments").await;
        assert!(comments.raw.lines().filter(|line| line.starts_with(": ")).count() >= 120);
        let huge = sixty(wire, "huge-event").await;
        assert!(huge.data().iter().any(|data| data.len() > 2 << 20));
        assert_eq!(huge.text().len(), plain.len() + (2 << 20));
        for heard in [crlf, no_space, unknown, comments, huge] {
            assert_eq!(heard.text().trim_end(), plain);
            assert!(heard.terminated() && heard.broken.is_none());
        }
    }
}

#[tokio::test]
async fn a_second_beginning() {
    for wire in Wire::ALL {
        let heard = sixty(wire, "two-message-starts").await;
        assert_eq!(heard.texts().len(), 20 + 60);
        let mut ids = heard.strings(if wire == Wire::Anthropic { "/message/id" } else { "/id" });
        ids.dedup();
        assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
        assert!(heard.terminated());
    }
}

/// How many reads of a raw connection ended within a character.
async fn tears(simulator: &Simulator, wire: Wire) -> usize {
    let path = if wire == Wire::Anthropic { "/v1/messages" } else { "/chat/completions" };
    let base = simulator.base_url(wire);
    let (address, base_path) = base.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let body = streamed(wire, "+fault:split-utf8").to_string();
    let request = format!(
        "POST /{base_path}{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer sk-test\r\n\
         anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let (mut torn, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        let read = connection.read(&mut buffer).await.unwrap();
        if read == 0 {
            return torn;
        }
        // What arrives at once ends with the first of the three bytes of 日, and the line that ends a chunk.
        torn += usize::from(buffer[..read].ends_with(b"\xe6\r\n"));
    }
}

#[tokio::test]
async fn characters_torn_apart() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        // On a busy machine a reader can be so late that it gets both halves at once; not every time.
        let mut tries = 0;
        while tears(&simulator, wire).await != 1 {
            tries += 1;
            assert!(tries < 20, "{wire}");
        }
        let heard = hear(&simulator, wire, &streamed(wire, "+fault:split-utf8")).await;
        assert!(heard.text().ends_with(" 日本語") && heard.terminated());
    }
}

#[tokio::test]
async fn a_fault_of_streams_leaves_other_requests_alone() {
    let simulator = simulator().await;
    for wire in Wire::ALL {
        let name = format!("{}+fault:cut-after-2-once", model(wire));
        assert_eq!(post(&simulator, wire, &body(wire, &name)).await.0, 200);
        let cut = hear(&simulator, wire, &streamed(wire, "+fault:cut-after-2-once")).await;
        assert!(cut.broken.is_some());
        assert!(hear(&simulator, wire, &streamed(wire, "+fault:cut-after-2-once")).await.terminated());
    }
    let outcomes: Vec<_> = simulator.attempts().iter().map(|attempt| (attempt.outcome, attempt.tokens)).collect();
    let (answered, cut) = (Outcome::Answered, Outcome::Played(FaultKind::CutAfter(2)));
    assert_eq!(outcomes[..2], [(answered, 0), (cut, 2)]);
    assert_eq!(outcomes[2].0, answered);
}

#[tokio::test]
async fn a_stream_recovers_when_its_fault_is_taken_away() {
    let simulator = simulator().await;
    simulator.set_fault("gpt-4o", Some(Fault::always(FaultKind::ErrorFirst)));
    assert!(hear(&simulator, Wire::OpenAi, &streamed(Wire::OpenAi, "")).await.texts().is_empty());
    simulator.set_fault("gpt-4o", None);
    assert!(hear(&simulator, Wire::OpenAi, &streamed(Wire::OpenAi, "")).await.terminated());
}
