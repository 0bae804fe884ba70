//! A streamed answer as server-sent events: what the engine says, in the words of whichever API was asked.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use router_core::id::RequestId;
use router_engine::error::RouteError;
use router_engine::routed::{RoutedStream, Speaker, StreamEvent};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::error::ApiError;
use crate::error_response::Told;
use crate::patience::Silence;
use crate::rate_headers;
use crate::response::{Reply, ReplyBody};
use crate::router_headers;
use crate::voice::Voice;

/// What is ready at once goes out at once, up to about this many bytes: more would only wait in memory.
const FRAME: usize = 16 * 1024;

/// What clients ignore, and what keeps them and proxies from giving up.
const COMMENT: &[u8] = b": waiting\n\n";

/// nginx, and what follows its example, passes a response with this header on as it comes.
pub(crate) const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What the engine says of a streamed answer, step by step.
type Steps = Pin<Box<dyn Stream<Item = Result<StreamEvent, RouteError>> + Send>>;

/// The body of a streamed answer. Asks the engine for more only when the connection asks it; dropped, it drops the answer.
pub(crate) struct Sse {
    id: RequestId,
    /// `None` once there is nothing more to come.
    events: Option<Steps>,
    voice: Box<dyn Voice>,
    /// Written, and not yet taken.
    out: BytesMut,
    error_code: Option<&'static str>,
    keep_alive: Duration,
    /// When something was last handed over.
    last: Instant,
    /// One for the whole stream: it is set anew when it rings, not at each event.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// Waits for the answer to begin and makes a response of it. An error before that is an error; when it takes too long the
/// response begins without it, and errors are said within.
pub(crate) async fn respond(stream: RoutedStream, voice: Box<dyn Voice>, silence: Silence) -> Result<Reply, ApiError> {
    let RoutedStream { id, first_choice: (model, provider), allowance, events, .. } = stream;
    let mut sse = Sse {
        id,
        events: Some(events),
        voice,
        out: BytesMut::new(),
        error_code: None,
        keep_alive: silence.keep_alive,
        last: Instant::now(),
        alarm: None,
    };
    sse.voice.open(&mut sse.out);
    let begun = timeout(silence.before_response, std::future::poll_fn(|cx| sse.poll_begin(cx))).await;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    rate_headers::insert(headers, sse.voice.dialect(), &allowance);
    match begun {
        Ok(Ok(Some(speaker))) => {
            router_headers::insert_model(headers, &speaker.model_id, &speaker.provider);
            router_headers::insert_edits(headers, &speaker.dropped, &speaker.changed);
            sse.write(StreamEvent::Speaking(speaker))?;
        }
        Ok(begun) => {
            begun?;
            router_headers::insert_model(headers, &model, &provider);
        }
        Err(_) => {
            router_headers::insert_model(headers, &model, &provider);
            sse.out.extend_from_slice(COMMENT);
        }
    }
    Ok(response.map(|()| ReplyBody::Stream(Box::new(sse))))
}

impl Sse {
    /// The code of the error with which it ended, if it did.
    pub(crate) fn error_code(&self) -> Option<&'static str> {
        self.error_code
    }

    /// Whether everything was taken.
    pub(crate) fn has_ended(&self) -> bool {
        self.events.is_none() && self.out.is_empty()
    }

    /// Returns when the first model speaks (its words are not written yet), or the answer is over.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Box<Speaker>>, ApiError>> {
        loop {
            match ready!(self.poll_event(cx))? {
                StreamEvent::Speaking(speaker) => return Poll::Ready(Ok(Some(speaker))),
                failed @ StreamEvent::Failed(_) => self.write(failed)?,
                other => {
                    self.write(other)?;
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    /// The next piece: all that is ready, or a comment when nothing was for a while.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while self.events.is_some() && self.out.len() < FRAME {
            match self.poll_event(cx) {
                Poll::Ready(event) => {
                    if let Err(error) = event.and_then(|event| self.write(event)) {
                        self.fail(error);
                    }
                }
                Poll::Pending if self.out.is_empty() => {
                    ready!(self.poll_alarm(cx));
                    self.out.extend_from_slice(COMMENT);
                }
                Poll::Pending => break,
            }
        }
        if self.out.is_empty() {
            return Poll::Ready(None);
        }
        self.last = Instant::now();
        Poll::Ready(Some(self.out.split().freeze()))
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<StreamEvent, ApiError>> {
        let Some(events) = &mut self.events else { return Poll::Ready(Err(ApiError::NoEnd)) };
        events.as_mut().poll_next(cx).map(|event| event.map_or(Err(ApiError::NoEnd), |event| event.map_err(Into::into)))
    }

    /// Ready when nothing was handed over for as long as a stream may be silent.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.last + self.keep_alive;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn write(&mut self, event: StreamEvent) -> Result<(), ApiError> {
        let (voice, out) = (&mut self.voice, &mut self.out);
        match event {
            StreamEvent::Failed(attempt) => voice.failed(&attempt, out),
            StreamEvent::Speaking(speaker) => voice.speaking(*speaker, out),
            StreamEvent::Said(events) => voice.said(events, out),
            StreamEvent::Done(routed) => {
                self.events = None;
                voice.done(*routed, out)
            }
        }
        .map_err(ApiError::Unwritable)
    }

    /// Ends the stream with an error.
    fn fail(&mut self, error: ApiError) {
        self.events = None;
        let Told { code, body, .. } = error.tell(self.id, self.voice.dialect());
        self.error_code = Some(code);
        self.voice.error(&body, &mut self.out);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::BodyExt;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use router_cache::quota::Left;
    use router_core::attempt::Attempt;
    use router_core::error_kind::ErrorKind;
    use router_core::id::{ModelId, ProviderId};
    use router_core::raw_json::RawJson;
    use router_engine::routed::Routed;
    use router_providers::answer::{AnswerEvent, Events};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;
    use uuid::Uuid;

    use super::*;
    use crate::dialect::Dialect;
    use crate::voice::Written;

    type Step = Result<StreamEvent, RouteError>;

    /// Says each event in a line.
    struct Plain;

    impl Voice for Plain {
        fn dialect(&self) -> Dialect {
            Dialect::OpenAi
        }
        fn failed(&mut self, _: &Attempt, out: &mut BytesMut) -> Written {
            out.extend_from_slice(b"failed;");
            Ok(())
        }
        fn speaking(&mut self, speaker: Speaker, out: &mut BytesMut) -> Written {
            out.extend_from_slice(format!("{} speaks;", speaker.model_id).as_bytes());
            Ok(())
        }
        fn said(&mut self, events: Events, out: &mut BytesMut) -> Written {
            for event in events {
                let AnswerEvent::Text(text) = event else { continue };
                out.extend_from_slice(text.as_bytes());
            }
            Ok(())
        }
        fn done(&mut self, _: Routed, out: &mut BytesMut) -> Written {
            out.extend_from_slice(b"done;");
            Ok(())
        }
        fn error(&mut self, error: &[u8], out: &mut BytesMut) {
            out.extend_from_slice(error);
        }
    }

    const SILENCE: Silence = Silence { before_response: Duration::from_secs(10), keep_alive: Duration::from_secs(15) };

    /// A stream that says what is sent, and the way to send.
    fn fed() -> (mpsc::UnboundedSender<Step>, RoutedStream) {
        let (steps, mut sent) = mpsc::unbounded_channel();
        let stream = RoutedStream {
            id: RequestId(Uuid::nil()),
            first_choice: (ModelId::from("planned"), ProviderId::from("somewhere")),
            decision: RawJson::default(),
            simulated: false,
            allowance: Left::default(),
            events: Box::pin(stream::poll_fn(move |cx| sent.poll_recv(cx))),
        };
        (steps, stream)
    }

    fn speaks(model: &str) -> Step {
        Ok(StreamEvent::Speaking(Box::new(Speaker {
            model_id: model.into(),
            provider: "somewhere".into(),
            upstream_model: None,
            upstream_id: None,
            dropped: vec!["seed".into()],
            changed: Vec::new(),
            original: false,
            continues: false,
        })))
    }

    fn says(text: &str) -> Step {
        Ok(StreamEvent::Said(vec![AnswerEvent::Text(text.into())]))
    }

    fn fails() -> Step {
        let (kind, message) = (ErrorKind::Overloaded, String::new());
        Err(RouteError::Failed { kind, message, attempts: Vec::new(), retry_after: None })
    }

    async fn next(body: &mut ReplyBody) -> Option<String> {
        let data = body.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(data.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_before_the_answer_begins_is_an_error() {
        let (steps, stream) = fed();
        steps.send(fails()).unwrap();
        let refused = respond(stream, Box::new(Plain), SILENCE).await.err().unwrap();
        assert_eq!(refused.verdict().2, "upstream_overloaded");

        let (steps, stream) = fed();
        drop(steps);
        assert!(matches!(respond(stream, Box::new(Plain), SILENCE).await, Err(ApiError::NoEnd)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_goes_out_in_one_piece_and_nothing_waits() {
        let (steps, stream) = fed();
        for step in [speaks("a"), says("one "), says("two ")] {
            steps.send(step).unwrap();
        }
        let response = respond(stream, Box::new(Plain), SILENCE).await.unwrap();
        assert_eq!(
            (&response.headers()["x-router-model"], &response.headers()["x-router-dropped"]),
            (&"a".parse().unwrap(), &"seed".parse().unwrap())
        );
        let mut body = response.into_body();
        assert_eq!(next(&mut body).await.as_deref(), Some("a speaks;one two "));
        steps.send(says("three")).unwrap();
        assert_eq!(next(&mut body).await.as_deref(), Some("three"));
        let large = "x".repeat(FRAME);
        for _ in 0..2 {
            steps.send(says(&large)).unwrap();
        }
        assert_eq!(next(&mut body).await.map(|piece| piece.len()), Some(FRAME));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_model_gets_its_200_and_comments_and_may_still_fail() {
        let (steps, stream) = fed();
        let begun = Instant::now();
        let response = respond(stream, Box::new(Plain), SILENCE).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 10);
        assert_eq!(response.headers()["x-router-model"], "planned");
        let mut body = response.into_body();
        for seconds in [10, 25, 40] {
            assert_eq!(next(&mut body).await.as_deref(), Some(": waiting\n\n"));
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
        steps.send(speaks("b")).unwrap();
        assert_eq!(next(&mut body).await.as_deref(), Some("b speaks;"));
        // The alarm counts from the last word, not from the last time it rang.
        tokio::time::advance(Duration::from_secs(12)).await;
        steps.send(says("hm")).unwrap();
        assert_eq!(next(&mut body).await.as_deref(), Some("hm"));
        assert_eq!(next(&mut body).await.as_deref(), Some(": waiting\n\n"));
        assert_eq!(begun.elapsed().as_secs(), 40 + 12 + 15);

        steps.send(fails()).unwrap();
        let last = next(&mut body).await.unwrap();
        assert!(last.starts_with("{\"error\":{") && last.contains("server_is_overloaded"), "{last}");
        assert_eq!(next(&mut body).await, None);
        let ReplyBody::Stream(stream) = body else { panic!() };
        assert_eq!((stream.has_ended(), stream.error_code()), (true, Some("upstream_overloaded")));
    }

    #[tokio::test(start_paused = true)]
    async fn an_impatient_caller_hears_something_in_time() {
        let (_steps, stream) = fed();
        let begun = Instant::now();
        let silence = SILENCE.within(Some(Duration::from_secs(4)));
        let mut body = respond(stream, Box::new(Plain), silence).await.unwrap().into_body();
        next(&mut body).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 2);
        next(&mut body).await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 4);
        assert_eq!(SILENCE.within(Some(Duration::from_secs(600))), SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_stops_without_an_end_says_so() {
        let (steps, stream) = fed();
        steps.send(speaks("a")).unwrap();
        let mut body = respond(stream, Box::new(Plain), SILENCE).await.unwrap().into_body();
        drop(steps);
        assert!(next(&mut body).await.unwrap().contains("stopped without an end"));
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_caller_that_leaves_takes_the_stream_along_at_once() {
        let (steps, stream) = fed();
        steps.send(speaks("a")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let response = respond(stream, Box::new(Plain), SILENCE).await.unwrap();
        let response = std::sync::Mutex::new(Some(response));
        let service = service_fn(|_| {
            let response = response.lock().unwrap().take().unwrap();
            async move { Ok::<_, Infallible>(response) }
        });
        let serving = http1::Builder::new().serve_connection(TokioIo::new(accepted), service);
        let leaving = async {
            caller.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            caller.read_exact(&mut [0; 12]).await.unwrap();
            drop(caller);
            let left = Instant::now();
            timeout(Duration::from_secs(5), steps.closed()).await.unwrap();
            left.elapsed()
        };
        let (_, took) = tokio::join!(serving, leaving);
        assert!(took < Duration::from_millis(100), "took {took:?}");
    }
}
