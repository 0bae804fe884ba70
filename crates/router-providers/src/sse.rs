//! Server-sent events, read as bytes arrive.
//!
//! Nothing is copied as long as a line lies within one read: names and data are slices of what was read. What is text is the
//! business of whoever reads the data, so that characters may be torn apart by reads as they like.

use bytes::{Bytes, BytesMut};

/// The largest event, and the longest line of any kind. Images in base64 come in one event.
pub const LARGEST_EVENT: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What `event:` says; empty where it says nothing.
    pub name: Bytes,
    /// What `data:` says, its lines joined by line feeds.
    pub data: Bytes,
}

/// An event or a line is larger than [`LARGEST_EVENT`]. The stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {LARGEST_EVENT} bytes")]
pub struct TooLarge;

/// Reads a stream in whatever pieces it comes: the same bytes give the same events.
///
/// Lines end in LF, CR LF or CR. Comments, `id:`, `retry:` and unknown fields are passed over, and events without data are
/// none.
#[derive(Debug, Default)]
pub struct Parser {
    /// What is left of the last read.
    unread: Bytes,
    /// The beginning of a line whose end is still to come.
    line: BytesMut,
    name: Bytes,
    data: Data,
    /// Whether the last line ended in CR, so that a LF belongs to it.
    after_cr: bool,
    /// Whether a line was seen: a byte-order mark stands before the first.
    begun: bool,
}

/// The data of an event so far.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    Line(Bytes),
    Lines(BytesMut),
}

impl Parser {
    /// Takes what one read brought. Call [`Parser::next`] until it has no more before the next.
    pub fn feed(&mut self, bytes: Bytes) {
        if self.unread.is_empty() {
            self.unread = bytes;
        } else {
            self.unread = [&*self.unread, &*bytes].concat().into();
        }
    }

    /// The next event, if it is there whole.
    ///
    /// # Errors
    /// It is too large.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator that ended is over; this goes on with the next read"
    )]
    pub fn next(&mut self) -> Result<Option<Event>, TooLarge> {
        while let Some(line) = self.next_line()? {
            if let Some(event) = self.take(&line)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The event that the end of the stream left without the empty line after it. It may be cut.
    pub fn end(&mut self) -> Option<Event> {
        let rest = std::mem::take(&mut self.line).freeze();
        let last = if rest.is_empty() { None } else { self.take(&rest).ok()? };
        last.or_else(|| self.dispatch())
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, TooLarge> {
        if self.after_cr && !self.unread.is_empty() {
            self.after_cr = false;
            if self.unread[0] == b'\n' {
                let _ = self.unread.split_to(1);
            }
        }
        let Some(end) = memchr::memchr2(b'\n', b'\r', &self.unread) else {
            // A short piece is copied, so that it does not keep the whole read alive.
            let rest = std::mem::take(&mut self.unread);
            self.line.extend_from_slice(&rest);
            return if self.line.len() > LARGEST_EVENT { Err(TooLarge) } else { Ok(None) };
        };
        let mut line = self.unread.split_to(end + 1);
        self.after_cr = line[end] == b'\r';
        line.truncate(end);
        if !self.line.is_empty() {
            let mut whole = std::mem::take(&mut self.line);
            whole.extend_from_slice(&line);
            line = whole.freeze();
        }
        if line.len() > LARGEST_EVENT { Err(TooLarge) } else { Ok(Some(line)) }
    }

    /// Takes a line; the empty one ends an event.
    fn take(&mut self, line: &Bytes) -> Result<Option<Event>, TooLarge> {
        let mut line = line.clone();
        if !std::mem::replace(&mut self.begun, true) && line.starts_with(BYTE_ORDER_MARK) {
            let _ = line.split_to(BYTE_ORDER_MARK.len());
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        if let Some(value) = field(&line, b"data") {
            self.data.push(value)?;
        } else if let Some(value) = field(&line, b"event") {
            self.name = value;
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let data = match std::mem::take(&mut self.data) {
            Data::None => return None,
            Data::Line(line) => line,
            Data::Lines(lines) => lines.freeze(),
        };
        Some(Event { name, data })
    }
}

impl Data {
    fn push(&mut self, line: Bytes) -> Result<(), TooLarge> {
        let mut lines = match std::mem::take(self) {
            Self::None => {
                *self = Self::Line(line);
                return Ok(());
            }
            Self::Line(first) => BytesMut::from(first),
            Self::Lines(lines) => lines,
        };
        if lines.len() + 1 + line.len() > LARGEST_EVENT {
            return Err(TooLarge);
        }
        lines.extend_from_slice(b"\n");
        lines.extend_from_slice(&line);
        *self = Self::Lines(lines);
        Ok(())
    }
}

/// The value of a line with this field: what comes after the colon, and after one space.
fn field(line: &Bytes, name: &[u8]) -> Option<Bytes> {
    let rest = line.strip_prefix(name)?;
    match rest {
        [] => Some(Bytes::new()),
        [b':', b' ', ..] => Some(line.slice(name.len() + 2..)),
        [b':', ..] => Some(line.slice(name.len() + 1..)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Read = (Vec<(String, String)>, Option<(String, String)>);

    /// The events of a text that comes in these pieces, and what is left at its end.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.feed(Bytes::copy_from_slice(piece));
            while let Some(event) = parser.next().unwrap() {
                events.push(words(&event));
            }
        }
        (events, parser.end().as_ref().map(words))
    }

    fn words(event: &Event) -> (String, String) {
        let word = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        (word(&event.name), word(&event.data))
    }

    fn event(name: &str, data: &str) -> (String, String) {
        (name.into(), data.into())
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        let text = "\u{feff}: comment\nevent: one\ndata: {}\n\ndata:tight\r\n\r\ndata: a\rdata\rdata:  b\r\rid: 7\nretry: 1\n\
            datum: x\nevent: lost\n\nevent: named\nevent: again\ndata:\n\n:\n\n\n";
        let events = [event("one", "{}"), event("", "tight"), event("", "a\n\n b"), event("again", "")];
        assert_eq!(read([text.as_bytes()]), (events.to_vec(), None));
    }

    #[test]
    fn the_end_leaves_what_was_not_finished() {
        for (text, left) in [
            ("data: a\n\ndata: b\n", Some("b")),
            ("data: a\n\ndata: b", Some("b")),
            ("data: a\n\n", None),
            ("data: a\n\n: b", None),
        ] {
            assert_eq!(read([text.as_bytes()]), (vec![event("", "a")], left.map(|data| event("", data))), "{text:?}");
        }
    }

    #[test]
    fn what_lies_within_one_read_is_not_copied() {
        let bytes = Bytes::from_static(b"event: name\ndata: some data\n\n");
        let mut parser = Parser::default();
        parser.feed(bytes.clone());
        let event = parser.next().unwrap().unwrap();
        assert_eq!(event.data.as_ptr(), bytes[18..].as_ptr());
        assert_eq!(event.name.as_ptr(), bytes[7..].as_ptr());
    }

    #[test]
    fn what_is_too_large_is_refused_whole_or_in_pieces() {
        let line = [b"data: ".as_slice(), &vec![b'x'; LARGEST_EVENT]].concat();
        let mut parser = Parser::default();
        parser.feed([line.as_slice(), b"\n\n"].concat().into());
        assert_eq!(parser.next(), Err(TooLarge));
        let mut parser = Parser::default();
        let refused = line.chunks(1 << 20).position(|piece| {
            parser.feed(Bytes::copy_from_slice(piece));
            parser.next().is_err()
        });
        assert_eq!(refused, Some(LARGEST_EVENT >> 20));
        let mut parser = Parser::default();
        let half = [b"data:".as_slice(), &vec![b'x'; LARGEST_EVENT / 2], b"\n"].concat();
        parser.feed([half.as_slice(), half.as_slice()].concat().into());
        assert_eq!(parser.next(), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            text in proptest::collection::vec(
                prop_oneof![
                    Just("data"), Just("event"), Just(":"), Just(": "), Just("\n"), Just("\r"), Just("\r\n"), Just("é"),
                    Just("{}"), Just("\u{feff}"), Just("\n\n"), Just("data: x\n"),
                ],
                0..60,
            ),
            cuts in proptest::collection::vec(0_usize..200, 0..20),
        ) {
            let bytes = text.concat().into_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
            prop_assert_eq!(read(pieces), read([bytes.as_slice()]));
        }
    }
}
