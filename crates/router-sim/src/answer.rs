//! What is answered: a function of the request alone.

use serde_json::{Value, json};

use crate::asked::{Asked, Format, ToolChoice, tokens};
use crate::model_name::ModelName;
use crate::schema_instance::instance;
use crate::wire::Wire;

/// How many words of the question come back in the answer.
const ECHOED_WORDS: usize = 12;

/// The most tokens a text can be asked to have.
pub(crate) const MOST_TOKENS: u64 = 10_000;

/// What `+reasoning` thinks before it answers, in tokens: the steps of 64 in which OpenAI reports them.
const REASONING_TOKENS: u64 = 64;

/// An answer, before a wire puts it into its shape.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) content: Content,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Text(String),
    Calls(Vec<Call>),
    /// The model declines, in these words.
    Refusal(&'static str),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Finish {
    Stop,
    /// At one of the caller's stop sequences.
    StopSequence(String),
    Length,
    ToolCalls,
    Refusal,
}

/// Tokens by kind; no kind is part of another, wires add them up as they need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Of the prompt, neither read from the cache nor written to it.
    pub(crate) fresh: u64,
    pub(crate) cached: u64,
    pub(crate) written: u64,
    /// Of hidden thought.
    pub(crate) reasoning: u64,
    /// Of the visible answer; all choices together.
    pub(crate) visible: u64,
}

impl Usage {
    pub(crate) fn prompt(&self) -> u64 {
        self.fresh + self.cached + self.written
    }

    pub(crate) fn completion(&self) -> u64 {
        self.reasoning + self.visible
    }
}

/// What a provider signs its thought with.
pub(crate) const SIGNATURE: &str = "c2ltdWxhdGVk";

/// Hidden thought of so many tokens.
pub(crate) fn thought(tokens: u64) -> String {
    lengthen("[simulated] thought", tokens)
}

/// Answers a request, with a text of so many tokens where a number is given.
pub(crate) fn answer(wire: Wire, model: &ModelName<'_>, tokens: Option<u64>, asked: &Asked) -> Answer {
    let reasoning = if model.reasoning { REASONING_TOKENS } else { 0 };
    let reasoning = asked.max_tokens.map_or(reasoning, |most| reasoning.min(most));
    let room = asked.max_tokens.map(|most| most - reasoning);
    let calls = calls(asked);
    let (content, finish) = if calls.is_empty() {
        let mut text = text(wire, model.plain, tokens, asked);
        text.drain(..end_of_word(&text, asked.prefilled));
        let (text, finish) = cut(text, &asked.stop, room);
        (Content::Text(text), finish)
    } else {
        (Content::Calls(calls), Finish::ToolCalls)
    };
    let visible = asked.choices * content_tokens(&content);
    Answer { content, finish, usage: usage(model, asked.prompt_tokens, reasoning, visible) }
}

/// Declines a request.
pub(crate) fn refusal(model: &ModelName<'_>, asked: &Asked) -> Answer {
    let content = Content::Refusal("[simulated] I can't help with that.");
    let visible = asked.choices * content_tokens(&content);
    Answer { content, finish: Finish::Refusal, usage: usage(model, asked.prompt_tokens, 0, visible) }
}

fn usage(model: &ModelName<'_>, prompt: u64, reasoning: u64, visible: u64) -> Usage {
    // Fixed shares, so that tests can work them out: four fifths from the cache, a tenth into it.
    let cached = if model.cached { prompt * 4 / 5 } else { 0 };
    let written = if model.written { prompt / 10 } else { 0 };
    Usage { fresh: prompt - cached - written, cached, written, reasoning, visible }
}

fn content_tokens(content: &Content) -> u64 {
    match content {
        Content::Text(text) => tokens(text),
        Content::Refusal(text) => tokens(text),
        Content::Calls(calls) => calls.iter().map(|call| 1 + tokens(&call.arguments.to_string())).sum(),
    }
}

/// The calls a prompt asks for by `use tool NAME`, or that the request forces.
fn calls(asked: &Asked) -> Vec<Call> {
    let mut names: Vec<&str> = match &asked.tool_choice {
        ToolChoice::None => return Vec::new(),
        ToolChoice::Named(name) => vec![name],
        ToolChoice::Auto | ToolChoice::Any if asked.after_tools => Vec::new(),
        ToolChoice::Auto | ToolChoice::Any => asked.last_user.split("use tool ").skip(1).map(first_name).collect(),
    };
    names.retain(|name| asked.tools.iter().any(|tool| tool.name == *name));
    if names.is_empty() && matches!(asked.tool_choice, ToolChoice::Any) {
        names.extend(asked.tools.first().map(|tool| tool.name.as_str()));
    }
    if asked.one_call {
        names.truncate(1);
    }
    let call = |name: &str| {
        let schema = asked.tools.iter().find(|tool| tool.name == name).map(|tool| &tool.schema);
        Call { name: name.to_owned(), arguments: schema.map_or_else(|| json!({}), instance) }
    };
    names.into_iter().map(call).collect()
}

/// The tool's name at the start of a text.
fn first_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    &text[..end]
}

fn text(wire: Wire, model: &str, tokens: Option<u64>, asked: &Asked) -> String {
    match &asked.format {
        Format::Schema(schema) => instance(schema).to_string(),
        Format::JsonObject => json!({"simulated": true, "model": model, "wire": wire.to_string()}).to_string(),
        Format::Text => {
            let mut words = asked.last_user.split_whitespace();
            let echo: Vec<_> = words.by_ref().take(ECHOED_WORDS).collect();
            let more = if words.next().is_some() { " …" } else { "" };
            let text = format!("[simulated] {model} on the {wire} wire answers: {}{more}", echo.join(" "));
            match tokens {
                Some(tokens) => lengthen(&text, tokens.min(MOST_TOKENS)),
                None => text,
            }
        }
    }
}

/// Ends a text where the caller wants it to end: at a stop sequence, or after so many tokens.
fn cut(mut text: String, stop: &[String], room: Option<u64>) -> (String, Finish) {
    let mut finish = Finish::Stop;
    let first_stop =
        stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| Some((text.find(stop)?, stop))).min();
    if let Some((place, stop)) = first_stop {
        text.truncate(place);
        finish = Finish::StopSequence(stop.clone());
    }
    if let Some(room) = room
        && tokens(&text) > room
    {
        text.truncate(end_of_word(&text, room));
        finish = Finish::Length;
    }
    (text, finish)
}

/// A text of exactly so many words: its own first, and then the number of each, so that a gap or a repetition is seen.
fn lengthen(text: &str, words: u64) -> String {
    let own = tokens(text).min(words);
    let mut text = text[..end_of_word(text, own)].to_owned();
    for number in own + 1..=words {
        text.push(' ');
        text.push_str(&number.to_string());
    }
    text
}

/// Where the word with this number, from 1, ends; 0 for number 0, and the text's length where it has fewer.
fn end_of_word(text: &str, number: u64) -> usize {
    let mut rest = text;
    for _ in 0..number {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        rest = rest.trim_start_matches(|letter: char| !letter.is_whitespace());
    }
    text.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gets_as_many_words_as_wanted() {
        assert_eq!(lengthen("one two", 4), "one two 3 4");
        assert_eq!(lengthen("one two", 1), "one");
        assert_eq!(lengthen("one two", 0), "");
    }

    #[test]
    fn words_end_where_white_space_begins() {
        assert_eq!([0, 1, 2, 3].map(|number| end_of_word(" één  two ", number)), [0, 6, 11, 12]);
    }
}
