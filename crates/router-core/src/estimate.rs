//! How many tokens a prompt has and its answer will have, before anybody counted.
//!
//! No tokenizer: the candidates of one decision use a dozen different ones, and their spread is as wide as the error made here.

use std::io;

use crate::capability::Capability;
use crate::conversation::{Content, Conversation, Effort, ResponseFormat, Role};
use crate::model::Model;
use crate::prompt_type::{PerType, TypeProbabilities};
use crate::usage::Tokens;

/// Thousandths of a token per ASCII character: OpenAI's rule of thumb, "one token is about four characters of English".
const MILLI_PER_ASCII: u64 = 250;
/// Per character of two UTF-8 bytes (Cyrillic, Greek, Arabic, accented Latin): between the 0.3 of recent vocabularies
/// (the Russian sample sentence of the GPT-4o announcement) and the 0.5 of older ones.
const MILLI_PER_TWO_BYTES: u64 = 400;
/// Per character of three (Chinese, Japanese, Korean, Thai, Indic): between the 0.7 of recent vocabularies
/// (the Chinese sample of the same announcement) and the 1.0 and more of older ones.
const MILLI_PER_THREE_BYTES: u64 = 800;
/// Per character of four (emoji, rare scripts): usually split into two byte-level tokens.
const MILLI_PER_FOUR_BYTES: u64 = 2_000;

/// Role and separators of one turn: OpenAI's token-counting recipe says 3, plus 1 for a name.
const PER_MESSAGE: u64 = 4;
/// One image. A megapixel is 765 tokens at GPT-4o (85 + 4 tiles of 170) and 1,400 at Claude (pixels / 750).
const PER_IMAGE: u64 = 1_000;
/// One image at OpenAI's `detail: low`.
const PER_LOW_IMAGE: u64 = 85;
/// One document: Anthropic states 1,500 to 3,000 tokens a page; we do not open it, and assume six pages.
const PER_DOCUMENT: u64 = 15_000;

/// No estimate is above this: a thousand times the largest context window, and small enough that no price overflows.
const MOST_TOKENS: u64 = 1_000_000_000;

/// What an answer of ordinary difficulty has: tokens of its own, and tokens per token of the text it works on.
struct Length {
    own: f64,
    per_task_token: f64,
}

const fn length(own: f64, per_task_token: f64) -> Length {
    Length { own, per_task_token }
}

/// Visible answer length per type. Orders of magnitude chosen by hand, to be replaced by what the records show:
/// published answers to hard maths average 1,480 characters, about 370 tokens (`ZeroEval`, MATH level 5).
const ANSWER: PerType<Length> = PerType([
    length(150.0, 0.05), // summarization
    length(600.0, 0.0),  // code generation
    length(20.0, 1.0),   // translation: as long as the text
    length(250.0, 0.0),  // question answering
    length(700.0, 0.0),  // creative writing
    length(450.0, 0.0),  // analysis
    length(350.0, 0.0),  // general
]);

/// What there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputTokens {
    /// The whole conversation: turns, tools, schema, images and documents.
    pub all: Tokens,
    /// Of that, the text the model is asked to act on: that of the last user turn.
    pub task: Tokens,
}

/// Estimates the input tokens of `conversation`, in one pass over it.
#[must_use]
pub fn input_tokens(conversation: &Conversation) -> InputTokens {
    let (mut all, mut task) = (Counter::default(), Counter::default());
    let last_user_turn = conversation.messages.iter().rposition(|message| message.role == Role::User);
    for (turn, message) in conversation.messages.iter().enumerate() {
        all.fixed(PER_MESSAGE);
        for part in &message.parts {
            match &part.content {
                Content::Text(text) if Some(turn) == last_user_turn => task.text(text),
                content => all.content(content),
            }
        }
    }
    for tool in &conversation.tools {
        all.fixed(PER_MESSAGE);
        all.text(&tool.name);
        all.text(tool.description.as_deref().unwrap_or_default());
        all.json(&tool.parameters);
    }
    if let Some(ResponseFormat::JsonSchema { schema, .. }) = &conversation.response_format {
        all.json(schema);
    }
    all.milli = all.milli.saturating_add(task.milli);
    InputTokens { all: all.tokens(), task: task.tokens() }
}

/// Expected tokens of the visible answer: per type, weighed by the type's probability, half as long for the easiest
/// prompt and half as long again for the hardest; at most `max_output`.
#[must_use]
pub fn visible_tokens(
    probabilities: &TypeProbabilities,
    difficulty: f64,
    task: Tokens,
    max_output: Option<Tokens>,
) -> Tokens {
    let task = task.0 as f64;
    let by_type = probabilities.iter().map(|(kind, &probability)| {
        let length = ANSWER.get(kind);
        f64::from(probability) * (length.own * (0.5 + difficulty) + length.per_task_token * task)
    });
    let expected = Tokens(by_type.sum::<f64>().clamp(1.0, MOST_TOKENS as f64).round() as u64);
    max_output.map_or(expected, |most| expected.min(most))
}

/// Expected hidden reasoning of a model that reasons, for a prompt of that difficulty.
///
/// Half of the budgets that gateways commonly translate efforts into (1,024 low to 16,384 max), because a budget is a
/// ceiling, and from half to one and a half times that as the prompt is easy or hard. Without an effort: as `low`,
/// which lies between the providers' defaults (OpenAI `medium`, Anthropic off or adaptive).
#[must_use]
pub fn thinking_tokens(effort: Option<Effort>, difficulty: f64) -> Tokens {
    let usual = match effort.unwrap_or(Effort::Low) {
        Effort::None => 0.0,
        Effort::Minimal => 128.0,
        Effort::Low => 512.0,
        Effort::Medium => 1_024.0,
        Effort::High => 2_048.0,
        Effort::Xhigh => 4_096.0,
        Effort::Max => 8_192.0,
    };
    Tokens((usual * (0.5 + difficulty)).round() as u64)
}

/// Everything `model` will bill as output: the visible answer and, where it reasons, the thinking before it;
/// no more than the caller or the model allows.
#[must_use]
pub fn output_tokens(model: &Model, visible: Tokens, thinking: Tokens, max_output: Option<Tokens>) -> Tokens {
    let reasons = model.capabilities.has(Capability::Reasoning);
    let wanted = if reasons { visible + thinking } else { visible };
    wanted.min(max_output.unwrap_or(wanted)).min(model.max_output_tokens)
}

/// Tokens in a text that somebody else wrote: an answer whose provider did not count.
#[must_use]
pub fn text_tokens(text: &str) -> Tokens {
    let mut counter = Counter::default();
    counter.text(text);
    counter.tokens()
}

/// Adds up thousandths of tokens.
#[derive(Default)]
struct Counter {
    milli: u64,
}

impl Counter {
    fn fixed(&mut self, tokens: u64) {
        self.milli = self.milli.saturating_add(tokens.saturating_mul(1_000));
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Each character is counted at its first byte, whose value tells its length. Chunks keep the sums in bytes, which
    /// the compiler turns into vector instructions: prompts of 100 kB are ordinary.
    fn bytes(&mut self, text: &[u8]) {
        let (mut two, mut three, mut four, mut continuation) = (0_u64, 0_u64, 0_u64, 0_u64);
        for chunk in text.chunks(255) {
            let mut counts = [0_u8; 4];
            for &byte in chunk {
                counts[0] += u8::from((0x80..0xC0).contains(&byte));
                counts[1] += u8::from((0xC0..0xE0).contains(&byte));
                counts[2] += u8::from((0xE0..0xF0).contains(&byte));
                counts[3] += u8::from(byte >= 0xF0);
            }
            continuation += u64::from(counts[0]);
            two += u64::from(counts[1]);
            three += u64::from(counts[2]);
            four += u64::from(counts[3]);
        }
        let ascii = text.len() as u64 - continuation - two - three - four;
        let milli = ascii * MILLI_PER_ASCII
            + two * MILLI_PER_TWO_BYTES
            + three * MILLI_PER_THREE_BYTES
            + four * MILLI_PER_FOUR_BYTES;
        self.milli = self.milli.saturating_add(milli);
    }

    fn json(&mut self, value: &serde_json::Value) {
        // Writing to a counter cannot fail, and a `Value` always serialises.
        let _ = serde_json::to_writer(self, value);
    }

    fn content(&mut self, content: &Content) {
        match content {
            Content::Text(text)
            | Content::Refusal(text)
            | Content::Reasoning { text, .. }
            | Content::RedactedReasoning(text) => self.text(text),
            Content::Image { detail, .. } if detail.as_deref() == Some("low") => self.fixed(PER_LOW_IMAGE),
            Content::Image { .. } => self.fixed(PER_IMAGE),
            Content::Document { .. } => self.fixed(PER_DOCUMENT),
            Content::ToolCall(call) => {
                self.text(&call.name);
                self.text(&call.arguments);
            }
            Content::ToolResult { parts, .. } => parts.iter().for_each(|part| self.content(&part.content)),
        }
    }

    fn tokens(&self) -> Tokens {
        Tokens(self.milli.div_ceil(1_000).min(MOST_TOKENS))
    }
}

impl io::Write for &mut Counter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bytes(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Capabilities;
    use crate::conversation::{Message, Source, Tool};
    use crate::prompt_type::PromptType;
    use crate::test_models::model;

    #[test]
    fn text_is_counted_by_script() {
        let tokens = |text: &str| input_tokens(&Conversation::prompt(text)).all.0 - PER_MESSAGE;
        assert_eq!(tokens(&"a".repeat(400)), 100);
        assert_eq!(tokens(&"ж".repeat(400)), 160);
        assert_eq!(tokens(&"語".repeat(400)), 320);
        assert_eq!(tokens(&"🦀".repeat(400)), 800);
        assert_eq!(tokens("aж語🦀"), 4, "0.25 + 0.4 + 0.8 + 2.0, rounded up");
    }

    #[test]
    fn everything_the_provider_reads_is_counted() {
        let mut conversation = Conversation::prompt("");
        let image = |detail: Option<&str>| Content::Image {
            source: Source::Url("https://example.org/cat.png".into()),
            detail: detail.map(str::to_owned),
        };
        let document = Content::Document { source: Source::Url("https://example.org/a.pdf".into()), name: None };
        conversation.messages = vec![Message {
            role: Role::User,
            parts: vec![image(None).into(), image(Some("low")).into(), document.into()],
        }];
        conversation.tools = vec![Tool {
            name: "find".into(),
            description: Some("x".repeat(36)),
            parameters: serde_json::json!({"a": "b"}), // {"a":"b"}: 9 bytes
            strict: None,
            cache: None,
        }];
        // 4 + 1000 + 85 + 15000 for the turn; 4 + (4 + 36 + 9) / 4 for the tool, rounded up.
        assert_eq!(input_tokens(&conversation).all, Tokens(16_089 + 4 + 13));
    }

    #[test]
    fn the_task_is_the_text_of_the_last_user_turn() {
        let mut conversation = Conversation::prompt("x".repeat(400));
        conversation.messages.push(Message::text(Role::Assistant, "x".repeat(400)));
        conversation.messages.push(Message::text(Role::User, "x".repeat(40)));
        let expected = InputTokens { all: Tokens(100 + 100 + 10 + 3 * PER_MESSAGE), task: Tokens(10) };
        assert_eq!(input_tokens(&conversation), expected);
    }

    #[test]
    fn an_answer_is_as_long_as_its_type_and_difficulty_say() {
        let visible = |kind, difficulty, task, most| {
            visible_tokens(&TypeProbabilities::certain(kind), difficulty, Tokens(task), most)
        };
        assert_eq!(visible(PromptType::CodeGeneration, 0.5, 40, None), Tokens(600));
        assert_eq!(visible(PromptType::CodeGeneration, 1.0, 40, None), Tokens(900));
        assert_eq!(visible(PromptType::Translation, 0.5, 1_000, None), Tokens(1_020));
        assert_eq!(visible(PromptType::Translation, 0.5, 1_000, Some(Tokens(100))), Tokens(100));
    }

    #[test]
    fn only_models_that_reason_pay_for_thinking_and_nobody_exceeds_a_limit() {
        let plain = model("plain");
        let can = Capabilities::default().with(Capability::Reasoning);
        let reasons = Model { capabilities: can, max_output_tokens: Tokens(1_500), ..model("reasons") };
        let thinking = thinking_tokens(Some(Effort::Medium), 0.5);
        assert_eq!(thinking, Tokens(1_024));
        assert_eq!(output_tokens(&plain, Tokens(400), thinking, None), Tokens(400));
        assert_eq!(output_tokens(&reasons, Tokens(400), thinking, None), Tokens(1_424));
        assert_eq!(output_tokens(&reasons, Tokens(800), thinking, None), Tokens(1_500));
        assert_eq!(output_tokens(&reasons, Tokens(400), thinking, Some(Tokens(300))), Tokens(300));
    }
}
