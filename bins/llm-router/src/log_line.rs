//! A log line as a JSON object.

use std::fmt::{self, Debug, Write as _};

use jiff::Timestamp;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Most lines are shorter.
const USUAL: usize = 512;

/// Writes time, level, the event's fields in their order, and target. There is a line for every request: the subscriber's own
/// formatter, which knows spans and writes in many small pieces, takes three times as long for it.
pub(crate) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line(Vec::with_capacity(USUAL));
        line.0.push(b'{');
        line.member("timestamp", &format!("{:.6}", Timestamp::now()));
        line.member("level", event.metadata().level().as_str());
        event.record(&mut line);
        line.member("target", event.metadata().target());
        line.0.extend_from_slice(b"}\n");
        writer.write_str(str::from_utf8(&line.0).map_err(|_| fmt::Error)?)
    }
}

struct Line(Vec<u8>);

impl Line {
    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        let start = self.0.len();
        if start > 1 {
            self.0.push(b',');
        }
        // Text and numbers can always be written; were it otherwise, the member would be missing, not the line.
        let written = serde_json::to_writer(&mut self.0, name).and_then(|()| {
            self.0.push(b':');
            serde_json::to_writer(&mut self.0, value)
        });
        if written.is_err() {
            self.0.truncate(start);
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field.name(), &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // Writing to a string cannot fail; a `Debug` that does has written what it could.
        let _ = write!(text, "{value:?}");
        self.member(field.name(), &text);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_with_its_fields_in_order() {
        let written = Written::default();
        let writer = written.clone();
        let layer = fmt::layer().event_format(JsonLine).with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let missing: Option<&str> = None;
            tracing::info!(target: "here", text = "a\"b\nc", missing, count = 3, signed = -1, ms = 0.5, nan = f64::NAN, yes = true, shown = %"ü", "said");
            tracing::warn!(target: "there", "again");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let [first, second] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        let (time, rest) = first.split_at(r#"{"timestamp":"2026-11-24T04:11:08.905272Z""#.len());
        assert!(time.starts_with(r#"{"timestamp":"2"#) && time.ends_with("Z\""), "{time}");
        assert_eq!(
            rest,
            r#","level":"INFO","message":"said","text":"a\"b\nc","count":3,"signed":-1,"ms":0.5,"nan":null,"yes":true,"shown":"ü","target":"here"}"#
        );
        assert!(second.ends_with(r#","level":"WARN","message":"again","target":"there"}"#), "{second}");
    }
}
