//! What can be seen in a prompt in one bounded pass: its words, for whoever has a lexicon or a model of them, and its structure.
//!
//! Of a long text only the beginning and the end are read: instructions stand there, and what is between them is material.
//! So the work per prompt is bounded, and the same for 20 kB and 20 MB.

use crate::conversation::{Content, Conversation, Message, Role};

/// Bytes read at the beginning of the task, and as many at its end.
const VIEW_BYTES: usize = 2_048;
/// Words this close (in bytes) to an end of the task are taken for instructions, those further in for material.
const INSTRUCTION_BYTES: usize = 256;
/// Bytes read of the system prompt, and of the user turn before the last.
const CONTEXT_BYTES: usize = 512;
/// A last turn shorter than this ("and in French?", "continue") hardly stands alone.
const FOLLOW_UP_BYTES: usize = 64;
/// Images, documents, tool calls and results are counted in at most this many of the latest turns.
const RECENT_TURNS: usize = 16;

/// How much a word counts by where it stands.
const MATERIAL_WEIGHT: f32 = 0.3;
const CONTEXT_WEIGHT: f32 = 0.3;
const FOLLOWED_WEIGHT: f32 = 0.7;

/// A word of the prompt.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// Of its lower-case letters: see [`hash`].
    pub hash: u64,
    /// How much it counts, in (0, 1].
    pub weight: f32,
    /// Whether it begins a text, so that it does not follow the word reported before it.
    pub begins: bool,
}

/// The structure of the task (the last user turn) and of what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Features {
    /// Bytes of the whole task, read or not.
    pub bytes: usize,
    /// Words read.
    pub words: u32,
    /// Lines read.
    pub lines: u32,
    /// Digits read.
    pub digits: u32,
    /// Question marks read.
    pub questions: u32,
    /// The task ends with a question mark.
    pub ends_with_question: bool,
    /// Marks that are rare in prose and common in programs.
    pub code_marks: u32,
    /// Fences of three backticks.
    pub code_fences: u32,
    /// Backslashes and dollar signs: `LaTeX`.
    pub formula_marks: u32,
    /// Lines or items that look like the options of a multiple-choice question.
    pub options: u32,
    /// Other list items: lines that begin with a number or a dash.
    pub items: u32,
    /// Tools the model may call.
    pub tools: usize,
    /// Tool calls and results in the latest turns: an agent at work.
    pub tool_turns: usize,
    /// Images and documents in the latest turns.
    pub attachments: usize,
    /// User turns.
    pub user_turns: usize,
}

impl Features {
    /// Reads `conversation`, reporting its words to `word`: first those of the system prompt and of the user turn before
    /// the last, which count less, then those of the last user turn.
    pub fn read(conversation: &Conversation, mut word: impl FnMut(Word)) -> Self {
        let mut features = Self { tools: conversation.tools.len(), ..Self::default() };
        features.count_turns(&conversation.messages);

        let mut users = conversation.messages.iter().rev().filter(|message| message.role == Role::User);
        let task = users.next().or(conversation.messages.last()).map(Task::of).unwrap_or_default();
        let followed = users.next().map(Task::of).unwrap_or_default();
        let system = conversation.messages.iter().find(|message| message.role == Role::System);
        let system = system.map(Task::of).unwrap_or_default();

        let followed_weight = if task.bytes < FOLLOW_UP_BYTES { FOLLOWED_WEIGHT } else { CONTEXT_WEIGHT };
        for (text, weight) in [(system.head, CONTEXT_WEIGHT), (followed.head, followed_weight)] {
            words(head(text, CONTEXT_BYTES), |hash, _, begins| word(Word { hash, weight, begins }));
        }
        features.read_task(&task, &mut word);
        features
    }

    fn read_task(&mut self, task: &Task<'_>, word: &mut impl FnMut(Word)) {
        self.bytes = task.bytes;
        for (text, starts_at) in [(task.head, 0), (task.tail, task.bytes.saturating_sub(task.tail.len()))] {
            let count = &mut self.words;
            words(text, |hash, offset, begins| {
                let from_start = starts_at + offset;
                let instruction =
                    from_start < INSTRUCTION_BYTES || task.bytes.saturating_sub(from_start) <= INSTRUCTION_BYTES;
                *count += 1;
                word(Word { hash, weight: if instruction { 1.0 } else { MATERIAL_WEIGHT }, begins });
            });
            self.read_marks(text.as_bytes());
        }
        let end = if task.tail.is_empty() { task.head } else { task.tail };
        self.ends_with_question = end.trim_end().ends_with(['?', '？', '؟']);
    }

    fn count_turns(&mut self, messages: &[Message]) {
        self.user_turns = messages.iter().filter(|message| message.role == Role::User).count();
        let recent = messages.iter().rev().take(RECENT_TURNS).flat_map(|message| &message.parts);
        for part in recent {
            match part.content {
                Content::Image { .. } | Content::Document { .. } => self.attachments += 1,
                Content::ToolCall(_) | Content::ToolResult { .. } => self.tool_turns += 1,
                _ => {}
            }
        }
    }

    fn read_marks(&mut self, text: &[u8]) {
        let mut line_start = true;
        for (at, &byte) in text.iter().enumerate() {
            if line_start {
                self.read_line_start(&text[at..]);
                line_start = false;
            }
            if !MARKS[usize::from(byte)] {
                continue;
            }
            match byte {
                b'\n' => {
                    self.lines += 1;
                    line_start = true;
                }
                b'0'..=b'9' => self.digits += 1,
                b'?' => self.questions += 1,
                b'{' | b'}' | b';' | b'=' | b'_' | b'<' | b'>' | b'#' | b'|' => self.code_marks += 1,
                b'(' if text.get(at + 1) == Some(&b')') => self.code_marks += 1,
                b'`' if text[at..].starts_with(b"```") => self.code_fences += 1,
                b'\\' | b'$' => self.formula_marks += 1,
                // `['a', 'b']`: options in the notation of many exam sets.
                b'\'' if text[at..].starts_with(b"', '") => self.options += 1,
                _ => {}
            }
        }
    }

    /// `A) …`, `(b) …`, `C. …` are options; `1. …`, `- …`, `* …` are items.
    fn read_line_start(&mut self, line: &[u8]) {
        match line {
            [b'(', b'a'..=b'e' | b'A'..=b'E', b')', ..] | [b'a'..=b'e' | b'A'..=b'E', b')' | b'.' | b':', b' ', ..] => {
                self.options += 1;
            }
            [b'0'..=b'9', b')' | b'.', ..] | [b'-' | b'*', b' ', ..] => self.items += 1,
            _ => {}
        }
    }
}

/// The bytes that [`Features::read_marks`] looks at. Most bytes of most prompts are letters.
const MARKS: [bool; 256] = {
    let (mut marks, mut at) = ([false; 256], 0);
    let looked_at = b"\n0123456789?{};=_<>#|(`\\$'";
    while at < looked_at.len() {
        marks[looked_at[at] as usize] = true;
        at += 1;
    }
    marks
};

/// What is read of one turn's text: the beginning of its first text and the end of its last, which do not overlap.
#[derive(Default, Clone, Copy)]
struct Task<'a> {
    head: &'a str,
    tail: &'a str,
    bytes: usize,
}

impl<'a> Task<'a> {
    fn of(message: &'a Message) -> Self {
        let mut texts = message.parts.iter().filter_map(|part| match &part.content {
            Content::Text(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        });
        let Some(first) = texts.next() else { return Self::default() };
        let (last, bytes) = texts.fold((None, first.len()), |(_, bytes), text| (Some(text), bytes + text.len()));
        let start = head(first, VIEW_BYTES);
        let end = last.unwrap_or(&first[start.len()..]);
        Self { head: start, tail: tail(end, VIEW_BYTES), bytes }
    }
}

/// At most the first `bytes` bytes, cut between characters.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// At most the last `bytes` bytes, cut between characters.
fn tail(text: &str, bytes: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes))..]
}

/// FNV-1a's offset basis and prime, 64 bits.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// One byte into a word's hash.
const fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

/// The hash that [`Word`] reports: FNV-1a of the lower-case word in UTF-8. At compile time, for lexicons.
#[must_use]
pub const fn hash(word: &[u8]) -> u64 {
    let (mut hash, mut at) = (FNV_BASIS, 0);
    while at < word.len() {
        hash = step(hash, word[at]);
        at += 1;
    }
    hash
}

/// Reports the words of `text`, lower-cased, with the byte offset of their end and whether they are the first one.
/// Letters and digits make words; a character of a script that does not put spaces between words is a word of its own.
fn words(text: &str, mut report: impl FnMut(u64, usize, bool)) {
    let (mut current, mut begins) = (FNV_BASIS, true);
    let mut flush = |current: &mut u64, offset: usize| {
        if *current != FNV_BASIS {
            report(std::mem::replace(current, FNV_BASIS), offset, std::mem::replace(&mut begins, false));
        }
    };
    let (bytes, mut offset) = (text.as_bytes(), 0);
    while let Some(&byte) = bytes.get(offset) {
        if byte.is_ascii() {
            match IN_WORDS[usize::from(byte)] {
                0 => flush(&mut current, offset),
                lower => current = step(current, lower),
            }
            offset += 1;
            continue;
        }
        let Some(character) = text[offset..].chars().next() else { break };
        if !character.is_alphanumeric() {
            flush(&mut current, offset);
        } else {
            let alone = is_unspaced(character);
            if alone {
                flush(&mut current, offset);
            }
            for lower in character.to_lowercase() {
                current = lower.encode_utf8(&mut [0; 4]).bytes().fold(current, step);
            }
            if alone {
                flush(&mut current, offset);
            }
        }
        offset += character.len_utf8();
    }
    flush(&mut current, text.len());
}

/// Letters and digits of ASCII, in lower case; 0 for the rest of it.
const IN_WORDS: [u8; 128] = {
    let (mut lower, mut byte) = ([0; 128], 0_u8);
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            lower[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

/// Thai and Lao, kana, ideographs, hangul (which has spaces, but glues particles to its words).
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0E00}'..='\u{0EFF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Part, Source};

    fn read(conversation: &Conversation) -> (Features, Vec<Word>) {
        let mut words = Vec::new();
        let features = Features::read(conversation, |word| words.push(word));
        (features, words)
    }

    fn hashes(words: &[&str]) -> Vec<u64> {
        words.iter().map(|word| hash(word.as_bytes())).collect()
    }

    #[test]
    fn words_are_lower_case_and_unspaced_scripts_go_by_character() {
        let (_, words) = read(&Conversation::prompt("Écris  a-Poem2, 翻訳して! 한국 Straße"));
        let expected = hashes(&["écris", "a", "poem2", "翻", "訳", "し", "て", "한", "국", "straße"]);
        assert_eq!(words.iter().map(|word| word.hash).collect::<Vec<_>>(), expected);
        assert_eq!(words.iter().filter(|word| word.begins).count(), 1);
    }

    #[test]
    fn of_a_long_text_both_ends_are_read_and_the_middle_counts_less() {
        let text = format!("summarise {} please", "word ".repeat(100_000));
        let (features, words) = read(&Conversation::prompt(text.clone()));
        assert_eq!(features.bytes, text.len());
        assert!(words.len() < 2 * VIEW_BYTES / 5 + 2, "{}", words.len());
        assert_eq!(words[0].hash, hash(b"summarise"));
        assert_eq!(words.last().map(|word| (word.hash, word.weight)), Some((hash(b"please"), 1.0)));
        assert_eq!(words[words.len() / 2].weight, MATERIAL_WEIGHT);
    }

    #[test]
    fn no_cut_splits_a_character() {
        for lead in 0..4 {
            let text = format!("{}{}", "x".repeat(lead), "🦀é語".repeat(2_000));
            let (features, _) = read(&Conversation::prompt(text.clone()));
            assert_eq!(features.bytes, text.len());
        }
    }

    #[test]
    fn the_turns_before_count_less_than_the_last() {
        let mut conversation = Conversation::prompt("translate this long letter of mine");
        conversation.messages.insert(0, Message::text(Role::System, "Be brief"));
        conversation.messages.push(Message::text(Role::Assistant, "Done, here it is in French"));
        conversation.messages.push(Message::text(Role::User, "and in Greek?"));
        let (features, words) = read(&conversation);
        let weights: Vec<_> = words.iter().map(|word| word.weight).collect();
        assert_eq!(weights, [&[CONTEXT_WEIGHT; 2][..], &[FOLLOWED_WEIGHT; 6], &[1.0; 3]].concat());
        assert_eq!((features.user_turns, features.words, features.ends_with_question), (2, 3, true));
    }

    #[test]
    fn structure_is_counted() {
        let text = "1. one\n- two\n(a) x\nB) y\n```rust\nfn f() {}\n```\n$\\frac$ 42? ['p', 'q', 'r']";
        let (features, _) = read(&Conversation::prompt(text));
        assert_eq!((features.items, features.options, features.code_fences), (2, 4, 2));
        assert_eq!((features.formula_marks, features.digits, features.questions), (3, 3, 1));
        assert_eq!((features.code_marks, features.lines), (3, 7));
    }

    #[test]
    fn attachments_and_tools_are_counted() {
        let mut conversation = Conversation::prompt("What is this?");
        let image = Content::Image { source: Source::Url("https://example.org/a.png".into()), detail: None };
        conversation.messages[0].parts.push(Part::from(image));
        let result = Content::ToolResult { call_id: "1".into(), parts: vec![], is_error: false };
        conversation.messages.push(Message { role: Role::Tool, parts: vec![result.into()] });
        let (features, _) = read(&conversation);
        assert_eq!((features.attachments, features.tool_turns, features.user_turns), (1, 1, 1));
    }
}
