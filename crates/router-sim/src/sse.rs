//! Server-sent events as lines.

use std::fmt::Write as _;

/// What is sent at once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// `: TEXT`
    Comment(&'static str),
    /// `event: NAME` where it has one, and `data: DATA`, which is one line.
    Data { name: Option<&'static str>, data: String },
}

impl Event {
    /// An event without a name.
    pub(crate) fn data(data: impl ToString) -> Self {
        Self::Data { name: None, data: data.to_string() }
    }
}

/// The form of lines: all that the standard allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    /// How a line ends.
    pub(crate) end: &'static str,
    /// What is between a field's name and its value.
    pub(crate) colon: &'static str,
}

impl Lines {
    /// Adds an event.
    pub(crate) fn write(self, text: &mut String, event: &Event) {
        let Self { end, colon } = self;
        // Writing to a string cannot fail.
        let _ = match event {
            Event::Comment(comment) => write!(text, ": {comment}{end}{end}"),
            Event::Data { name: Some(name), data } => {
                write!(text, "event{colon}{name}{end}data{colon}{data}{end}{end}")
            }
            Event::Data { name: None, data } => write!(text, "data{colon}{data}{end}{end}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_both_forms() {
        let mut text = String::new();
        let named = Event::Data { name: Some("ping"), data: "{}".to_owned() };
        Lines { end: "\n", colon: ": " }.write(&mut text, &named);
        Lines { end: "\r\n", colon: ":" }.write(&mut text, &Event::data("[DONE]"));
        Lines { end: "\n", colon: ": " }.write(&mut text, &Event::Comment("wait"));
        assert_eq!(text, "event: ping\ndata: {}\n\ndata:[DONE]\r\n\r\n: wait\n\n");
    }
}
