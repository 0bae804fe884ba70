//! Events that are the one before with other words in them: nearly all events of a stream.
//!
//! Such an event says what the one before said, but for its words. So it need not be parsed: it is compared with the one
//! before, byte for byte around the words, and only the words are read.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json_member::member_with_comma;

/// How many patterns in a row may turn out to be of no use before no more are made: a stream all of whose events differ is
/// not to be read twice.
const MOST_FUTILE: u8 = 4;

/// What the events of one stream have in common, as far as it was found out.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    pattern: Option<Pattern>,
    /// Patterns since the last one that an event followed.
    futile: u8,
}

/// An event without what may differ in the next: its words, and the random filling by which OpenAI hides their length.
#[derive(Debug)]
struct Pattern {
    /// What stands before, between and after the strings that may differ.
    pieces: Vec<Piece>,
    /// Which of these strings are the words.
    words: usize,
    /// Whether the caller sees all of it.
    whole: bool,
}

#[derive(Debug)]
struct Piece {
    read: Bytes,
    /// What of it the caller is to see: at most two slices, around what is left out.
    shown: [Bytes; 2],
}

/// What another event of the pattern says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// Its words.
    pub(super) words: String,
    /// The event without what the caller is not to see.
    pub(super) shown: Bytes,
}

impl Repeats {
    /// Learns from an event that said nothing but words, and left nothing to be remembered. `hidden` is the top-level member
    /// that the caller is not to see.
    pub(super) fn learn(&mut self, event: &Bytes, hidden: Option<&str>) {
        if self.futile < MOST_FUTILE {
            self.pattern = Pattern::of(event, hidden);
            self.futile += 1;
        }
    }

    /// Learns nothing: every event is parsed.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { pattern: None, futile: MOST_FUTILE }
    }

    /// Something else came: what it changed may change what the next event means.
    pub(super) fn forget(&mut self) {
        self.pattern = None;
    }

    /// What the event says, if it is of the pattern.
    pub(super) fn read(&mut self, event: &Bytes) -> Option<Again> {
        let again = self.pattern.as_ref()?.read(event)?;
        self.futile = 0;
        Some(again)
    }
}

impl Pattern {
    fn of(event: &Bytes, hidden: Option<&str>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(borrow)]
            choices: [Choice<'a>; 1],
            #[serde(borrow)]
            obfuscation: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Choice<'a> {
            #[serde(borrow)]
            delta: Delta<'a>,
        }
        #[derive(Deserialize)]
        struct Delta<'a> {
            #[serde(borrow)]
            content: &'a RawValue,
        }
        let Event { choices: [Choice { delta: Delta { content } }], obfuscation } =
            serde_json::from_slice(event).ok()?;
        let words = place(event, content)?;
        let mut differing = vec![words.clone()];
        if let Some(filling) = obfuscation {
            differing.push(place(event, filling)?);
        }
        differing.sort_by_key(|place| place.start);
        let gone = hidden.and_then(|member| member_with_comma(event, member));
        let mut pieces = Vec::with_capacity(differing.len() + 1);
        let mut from = 0;
        for to in differing.iter().map(|place| place.start).chain([event.len()]) {
            pieces.push(Piece::of(event, from..to, gone.as_ref()));
            from = differing.get(pieces.len() - 1).map_or(to, |place| place.end);
        }
        let words = differing.iter().position(|place| *place == words)?;
        Some(Self { pieces, words, whole: gone.is_none() })
    }

    fn read(&self, event: &Bytes) -> Option<Again> {
        let mut at = 0;
        let mut words = None;
        // As long as the event itself, which it is but for what is left out.
        let mut shown = BytesMut::new();
        if !self.whole {
            shown.reserve(event.len());
        }
        for (index, Piece { read, shown: [before, after] }) in self.pieces.iter().enumerate() {
            let rest = event.get(at..)?;
            if !rest.starts_with(read) {
                return None;
            }
            at += read.len();
            if !self.whole {
                shown.extend_from_slice(before);
                shown.extend_from_slice(after);
            }
            if index + 1 == self.pieces.len() {
                break;
            }
            let string = string_at(event.get(at..)?)?;
            if index == self.words {
                words = Some(string.text()?.into_owned());
            } else {
                string.text()?;
            }
            if !self.whole {
                shown.extend_from_slice(string.literal);
            }
            at += string.literal.len();
        }
        // An event without words is not like those with words.
        let words = words.filter(|words| at == event.len() && !words.is_empty())?;
        Some(Again { words, shown: if self.whole { event.clone() } else { shown.freeze() } })
    }
}

impl Piece {
    /// These bytes of the event, of which the caller does not see what is `gone`.
    fn of(event: &Bytes, place: Range<usize>, gone: Option<&Range<usize>>) -> Self {
        let gone = gone.map_or(place.end..place.end, |gone| {
            gone.start.clamp(place.start, place.end)..gone.end.clamp(place.start, place.end)
        });
        let slice = |range| Bytes::copy_from_slice(&event[range]);
        Self { read: slice(place.clone()), shown: [slice(place.start..gone.start), slice(gone.end..place.end)] }
    }
}

/// Where in the event this string of it stands; `None` if it is no string.
fn place(event: &[u8], value: &RawValue) -> Option<Range<usize>> {
    let text = value.get();
    let start = text.as_ptr().addr().checked_sub(event.as_ptr().addr())?;
    text.starts_with('"').then_some(start..start + text.len())
}

/// A string as JSON writes it.
struct JsonString<'a> {
    /// With its quotes.
    literal: &'a [u8],
    escaped: bool,
}

/// The string that begins here.
fn string_at(json: &[u8]) -> Option<JsonString<'_>> {
    if json.first() != Some(&b'"') {
        return None;
    }
    let (mut at, mut escaped) = (1, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(JsonString { literal: &json[..=at], escaped });
        }
        escaped = true;
        at += 2;
    }
}

impl<'a> JsonString<'a> {
    /// What it says; `None` if it is no valid string.
    fn text(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            return std::str::from_utf8(self.literal).ok().and_then(|text| serde_json::from_str(text).ok());
        }
        let text = std::str::from_utf8(&self.literal[1..self.literal.len() - 1]).ok()?;
        text.bytes().all(|byte| byte >= b' ').then_some(Cow::Borrowed(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(event: &str) -> Repeats {
        let mut repeats = Repeats::default();
        repeats.learn(&Bytes::copy_from_slice(event.as_bytes()), Some("usage"));
        repeats
    }

    fn read(repeats: &mut Repeats, event: &str) -> Option<(String, String)> {
        let again = repeats.read(&Bytes::copy_from_slice(event.as_bytes()))?;
        Some((again.words, String::from_utf8(again.shown.to_vec()).unwrap()))
    }

    #[test]
    fn only_the_words_and_the_filling_may_differ() {
        let event = |content: &str, rest: &str| {
            format!(r#"{{"id":"a","choices":[{{"index":0,"delta":{{"content":{content}}}}}]{rest}}}"#)
        };
        let mut repeats = learnt(&event(r#""one""#, r#","usage":null,"obfuscation":"xx""#));
        let same = event(r#"" t\"w\u00f6 語""#, r#","usage":null,"obfuscation":"""#);
        let shown = event(r#"" t\"w\u00f6 語""#, r#","obfuscation":"""#);
        assert_eq!(read(&mut repeats, &same), Some((" t\"wö 語".to_owned(), shown)));
        for other in [
            event("null", r#","usage":null,"obfuscation":"""#),
            event(r#""""#, r#","usage":null,"obfuscation":"""#),
            event(r#""a""#, r#","usage":null"#),
            event(r#""a""#, r#","usage":{},"obfuscation":"""#),
            event(r#""a""#, r#","usage":null,"obfuscation":"\x""#),
            event(r#""a","content":"b""#, r#","usage":null,"obfuscation":"""#),
            event(r#""\ud800""#, r#","usage":null,"obfuscation":"""#),
            event("\"a\nb\"", r#","usage":null,"obfuscation":"""#),
            event(r#""a""#, r#","usage":null,"obfuscation":"" "#),
            "{}".to_owned(),
        ] {
            assert_eq!(read(&mut repeats, &other), None, "{other}");
        }
        repeats.forget();
        assert_eq!(read(&mut repeats, &same), None);
    }

    #[test]
    fn what_the_caller_may_see_whole_is_not_copied() {
        let event = Bytes::from_static(br#"{"choices":[{"delta":{"content":"a"}}]}"#);
        let mut repeats = Repeats::default();
        repeats.learn(&event, Some("usage"));
        assert_eq!(repeats.read(&event).unwrap().shown.as_ptr(), event.as_ptr());
    }

    #[test]
    fn a_stream_whose_events_all_differ_is_soon_left_alone() {
        let event = |id: usize| format!(r#"{{"id":"{id}","choices":[{{"delta":{{"content":"a"}}}}]}}"#);
        let mut repeats = learnt(&event(0));
        for id in 1..9 {
            assert_eq!(read(&mut repeats, &event(id)), None);
            repeats.forget();
            repeats.learn(&event(id).into(), None);
        }
        assert_eq!((repeats.futile, repeats.pattern.is_none()), (MOST_FUTILE, true));
    }
}
