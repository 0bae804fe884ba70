//! The course of a stream, part by part, in no wire's words.

use std::time::Duration;

use crate::answer::{Answer, Content, thought};
use crate::wire::Wire;

/// The longest delta of a text, in characters; longer words come in several.
const LONGEST_DELTA: usize = 32;

/// The longest delta of a call's arguments: short, so that small arguments too can end in the middle.
const LONGEST_ARGUMENTS_DELTA: usize = 6;

/// A step of a stream, before a wire puts it into its events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// The answer begins.
    Start,
    /// Something new within it begins.
    Open(Block),
    /// A delta of what is open.
    Delta(Delta),
    /// What is open ends.
    Close,
    /// Why the answer ends.
    Finish,
    /// What it cost; on Anthropic's wire the finish says so too.
    Usage,
    /// The last event.
    Done,
    /// An error in the wire's words, and what belongs after it.
    Error,
    /// An event whose data is not JSON.
    Malformed,
    /// An event of a kind nobody has heard of.
    Unknown,
    /// Lines that clients skip.
    Comment,
    /// Nothing, for so long.
    Wait(Duration),
    /// Nothing, for as long as the caller stays.
    Stall,
    /// The connection closes in the middle of the body.
    Cut,
    /// The connection is reset.
    Reset,
}

/// What deltas belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Thought,
    Text,
    Refusal,
    Call { place: usize, name: String },
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) text: String,
    /// Whether a token begins here; only words too long for one delta have others.
    pub(crate) token: bool,
}

impl Part {
    /// How many tokens it brings; a call's name is one.
    pub(crate) fn tokens(&self) -> u64 {
        match self {
            Self::Open(Block::Call { .. }) => 1,
            Self::Delta(delta) => u64::from(delta.token),
            _ => 0,
        }
    }
}

/// A stream without faults.
pub(crate) fn parts(wire: Wire, answer: &Answer) -> Vec<Part> {
    let mut parts = Vec::new();
    if wire == Wire::OpenRouter {
        parts.push(Part::Comment);
    }
    parts.push(Part::Start);
    // OpenAI keeps thought to itself.
    if wire != Wire::OpenAi && answer.usage.reasoning > 0 {
        push_block(&mut parts, Block::Thought, &thought(answer.usage.reasoning), LONGEST_DELTA);
    }
    match &answer.content {
        Content::Text(text) if text.is_empty() => {}
        Content::Text(text) => push_block(&mut parts, Block::Text, text, LONGEST_DELTA),
        // Anthropic's model says nothing; the finish does.
        Content::Refusal(_) if wire == Wire::Anthropic => {}
        Content::Refusal(text) => push_block(&mut parts, Block::Refusal, text, LONGEST_DELTA),
        Content::Calls(calls) => {
            for (place, call) in calls.iter().enumerate() {
                let arguments = match call.arguments.to_string() {
                    // Anthropic's way to say that there are none.
                    none if wire == Wire::Anthropic && none == "{}" => String::new(),
                    arguments => arguments,
                };
                let block = Block::Call { place, name: call.name.clone() };
                push_block(&mut parts, block, &arguments, LONGEST_ARGUMENTS_DELTA);
            }
        }
    }
    parts.push(Part::Finish);
    if wire != Wire::Anthropic {
        parts.push(Part::Usage);
    }
    parts.push(Part::Done);
    parts
}

fn push_block(parts: &mut Vec<Part>, block: Block, text: &str, longest: usize) {
    parts.push(Part::Open(block));
    parts.extend(deltas(text, longest).map(Part::Delta));
    parts.push(Part::Close);
}

/// Cuts a text before each white space that a word follows, and into pieces of at most `longest` characters.
fn deltas(text: &str, longest: usize) -> impl Iterator<Item = Delta> {
    let mut deltas: Vec<Delta> = Vec::new();
    let mut length = 0;
    let (mut in_word, mut any_word) = (false, false);
    for letter in text.chars() {
        let begins_space = letter.is_whitespace() && in_word;
        in_word = !letter.is_whitespace();
        if deltas.is_empty() || begins_space || length == longest {
            deltas.push(Delta { text: String::new(), token: false });
            length = 0;
            any_word = any_word && !begins_space;
        }
        if let Some(delta) = deltas.last_mut() {
            delta.text.push(letter);
            delta.token |= in_word && !any_word;
            any_word |= in_word;
        }
        length += 1;
    }
    deltas.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, longest: usize) -> Vec<(String, bool)> {
        deltas(text, longest).map(|delta| (delta.text, delta.token)).collect()
    }

    fn pieces(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
        expected.iter().map(|(text, token)| ((*text).to_owned(), *token)).collect()
    }

    #[test]
    fn a_delta_is_a_word_with_the_space_before_it() {
        assert_eq!(cut("one two  three", 16), pieces(&[("one", true), (" two", true), ("  three", true)]));
        assert_eq!(cut(" one ", 16), pieces(&[(" one", true), (" ", false)]));
        assert_eq!(cut("", 16), []);
    }

    #[test]
    fn a_long_word_is_one_token_in_several_deltas() {
        assert_eq!(cut("abcdef gh", 4), pieces(&[("abcd", true), ("ef", false), (" gh", true)]));
        // Its white space alone fills a delta: the token begins with the word.
        assert_eq!(cut("a    b", 4), pieces(&[("a", true), ("    ", false), ("b", true)]));
    }

    #[test]
    fn tokens_are_words() {
        let text = "[simulated] claude-haiku-4-5-20251001 on the wire  answers: naïve 日本語 …";
        assert_eq!(deltas(text, 16).filter(|delta| delta.token).count() as u64, crate::asked::tokens(text));
        assert_eq!(deltas(text, 16).map(|delta| delta.text).collect::<String>(), text);
    }
}
