//! What a translation loses: one table, which the codecs take their names from and docs/WIRE.md is written from.
//!
//! A name that is not in it does not compile: `Listed` is made from the table alone.

use crate::dialect::Dialect;

/// Where something is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// While a caller's request is read that is written in this dialect: whoever does not speak it is not told.
    Caller(Dialect),
    /// While a request is written in this dialect: it has no words for it, or its models refuse them.
    Target(Dialect),
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Without it the answer would be another one: only a target that speaks the caller's dialect is asked, else it is 400.
    Refused,
    /// It is left out, and named.
    LeftOut,
    /// Something close to it is sent, and it is named.
    Adapted,
}

/// One thing that is lost.
#[derive(Debug, Clone, Copy)]
pub struct Loss {
    /// Its name in `x-router-dropped`, or in the error. `*` stands for any name.
    pub field: &'static str,
    /// Where.
    pub side: Side,
    /// What becomes of it.
    pub fate: Fate,
    /// What it is, or what is sent instead.
    pub what: &'static str,
}

/// A name of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed(&'static str);

impl Listed {
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}

/// The table's name for a field. For the compiler alone, through `listed!`.
#[expect(clippy::panic, reason = "it is the compiler that panics")]
pub(crate) const fn find(field: &'static str) -> Listed {
    let mut at = 0;
    while at < TABLE.len() {
        if is_same(TABLE[at].field.as_bytes(), field.as_bytes()) {
            return Listed(field);
        }
        at += 1;
    }
    panic!("the field is not in the table of losses");
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The name of a field as the table of losses has it; a name that it has not does not compile.
macro_rules! listed {
    ($field:expr) => {
        const { $crate::loss_table::find($field) }
    };
}
pub(crate) use listed;

const CHAT: Side = Side::Caller(Dialect::OpenAiChat);
const MESSAGES: Side = Side::Caller(Dialect::AnthropicMessages);
const RESPONSES: Side = Side::Caller(Dialect::OpenAiResponses);
const TO_CHAT: Side = Side::Target(Dialect::OpenAiChat);
const TO_MESSAGES: Side = Side::Target(Dialect::AnthropicMessages);

const fn refused(side: Side, field: &'static str, what: &'static str) -> Loss {
    Loss { field, side, fate: Fate::Refused, what }
}

const fn left_out(side: Side, field: &'static str, what: &'static str) -> Loss {
    Loss { field, side, fate: Fate::LeftOut, what }
}

const fn adapted(side: Side, field: &'static str, what: &'static str) -> Loss {
    Loss { field, side, fate: Fate::Adapted, what }
}

/// The table, by side.
pub const TABLE: &[Loss] = &[
    refused(CHAT, "n", "more than one choice"),
    refused(CHAT, "modalities", "answers in sound"),
    refused(CHAT, "audio", "the voice of an answer"),
    refused(CHAT, "web_search_options", "a search that the provider runs"),
    refused(CHAT, "functions", "tools by their older name: the answer is to be in the same words"),
    refused(CHAT, "response_format", "grammars and regular expressions"),
    refused(CHAT, "tools.custom", "tools that take text or a grammar"),
    refused(CHAT, "tools.type", "other tools than functions"),
    refused(CHAT, "tool_choice", "a choice of such tools"),
    refused(CHAT, "tool_choice.allowed_tools.tools", "a choice among such tools"),
    refused(CHAT, "messages.audio", "an earlier answer in sound"),
    refused(CHAT, "messages.tool_calls.type", "calls of other tools than functions"),
    refused(CHAT, "messages.content.input_audio", "sound"),
    refused(CHAT, "messages.content.file.file_id", "a file that was uploaded to the provider"),
    refused(CHAT, "messages.content.type", "parts of other kinds, such as video"),
    left_out(CHAT, "messages.reasoning_details", "details of reasoning that nobody here understands"),
    left_out(CHAT, "messages.*", "other fields of a message, such as `name`"),
    left_out(CHAT, "messages.content.*", "other fields of a part"),
    left_out(CHAT, "tools.*", "other fields of a tool"),
    left_out(CHAT, "tools.function.*", "other fields of a function"),
    left_out(CHAT, "response_format.*", "other fields of the format"),
    left_out(CHAT, "response_format.json_schema.*", "other fields of the schema, such as `description`"),
    left_out(CHAT, "reasoning", "OpenRouter's object, where it is none"),
    left_out(CHAT, "reasoning.*", "OpenRouter's other wishes for reasoning"),
    left_out(CHAT, "top_k", "what is no whole number"),
    left_out(CHAT, "user", "the older of two names for the end user, where they differ"),
    left_out(
        CHAT,
        "*",
        "every other field: `seed`, `logprobs`, `logit_bias`, penalties, `prediction`, `store`, `service_tier`, …",
    ),
    refused(MESSAGES, "max_tokens", "0, which only fills the prompt cache"),
    refused(MESSAGES, "tools.type", "tools of Anthropic's own"),
    refused(MESSAGES, "mcp_servers", "tools of servers that Anthropic asks"),
    refused(MESSAGES, "container", "a container with files and skills"),
    refused(
        MESSAGES,
        "messages.content.type",
        "blocks of other kinds: search results, and what tools of Anthropic's said",
    ),
    refused(MESSAGES, "messages.content.source.file_id", "a file that was uploaded to Anthropic"),
    refused(MESSAGES, "messages.content.source.type", "a source of another kind"),
    adapted(MESSAGES, "thinking.budget_tokens", "a level of effort: high from 4,096, medium from 2,048, low below"),
    left_out(MESSAGES, "anthropic-beta", "the betas that the header asks for"),
    left_out(MESSAGES, "thinking.display", "whether thoughts are shown"),
    left_out(MESSAGES, "thinking.type", "`between_tools`"),
    left_out(MESSAGES, "messages.content.caller", "who calls a tool, where it is not the model itself"),
    left_out(MESSAGES, "messages.*", "other fields of a message"),
    left_out(MESSAGES, "messages.content.*", "other fields of a block, such as `citations` and `context`"),
    left_out(MESSAGES, "tools.*", "other fields of a tool, such as `input_examples` and `defer_loading`"),
    left_out(MESSAGES, "output_config.*", "other fields of the output"),
    left_out(MESSAGES, "metadata.*", "other fields than `user_id`"),
    left_out(MESSAGES, "*", "every other field: `service_tier`, `speed`, `inference_geo`, `context_management`, …"),
    refused(RESPONSES, "previous_response_id", "an answer that OpenAI keeps"),
    refused(RESPONSES, "conversation", "a conversation that OpenAI keeps"),
    refused(RESPONSES, "prompt", "a prompt that OpenAI keeps"),
    refused(RESPONSES, "background", "an answer to be fetched later"),
    refused(RESPONSES, "input.type", "other items than messages, reasoning, function calls and their outputs"),
    refused(RESPONSES, "input.content.type", "parts of other kinds, such as sound"),
    refused(RESPONSES, "input.content.file_id", "a file that was uploaded to OpenAI"),
    refused(RESPONSES, "tools.type", "other tools than functions"),
    refused(RESPONSES, "tool_choice", "a choice of such tools"),
    refused(RESPONSES, "text.format.type", "grammars"),
    left_out(RESPONSES, "input.encrypted_content", "reasoning that only OpenAI can read"),
    left_out(RESPONSES, "store", "nothing is kept"),
    left_out(RESPONSES, "include.*", "what else is to be in the answer"),
    left_out(RESPONSES, "text.verbosity", "how much is to be said"),
    left_out(RESPONSES, "text.*", "other fields of the text"),
    left_out(RESPONSES, "text.format.*", "other fields of the format"),
    left_out(RESPONSES, "reasoning.*", "other wishes for reasoning"),
    left_out(RESPONSES, "input.*", "other fields of an item"),
    left_out(RESPONSES, "input.content.*", "other fields of a part"),
    left_out(RESPONSES, "tools.*", "other fields of a tool"),
    left_out(
        RESPONSES,
        "*",
        "every other field: `metadata` (it is repeated in the answer), `truncation`, `service_tier`, `max_tool_calls`, …",
    ),
    adapted(TO_CHAT, "effort", "the nearest level that the model has; nothing where it does not reason"),
    adapted(TO_CHAT, "cache", "marks for the prompt cache: at most four, and none where the provider has none"),
    adapted(TO_CHAT, "stop", "as many stop texts as the provider takes; models of OpenAI that reason take none"),
    left_out(TO_CHAT, "temperature", "where the model refuses it"),
    left_out(TO_CHAT, "top_p", "where the model refuses it"),
    left_out(TO_CHAT, "top_k", "where the model or OpenAI refuses it"),
    left_out(TO_CHAT, "user", "a name longer than OpenAI takes"),
    left_out(
        TO_CHAT,
        "reasoning",
        "reasoning of earlier turns, where the provider keeps its own or another model wrote it",
    ),
    left_out(TO_CHAT, "reasoning.signature", "a signature, where the provider takes the text alone"),
    adapted(TO_MESSAGES, "effort", "the nearest level or budget that the model has; nothing where it does not reason"),
    adapted(
        TO_MESSAGES,
        "cache",
        "marks for the prompt cache: at most four, and a long one after a short one becomes short",
    ),
    adapted(TO_MESSAGES, "temperature", "at most 1; nothing where the model refuses it, or thinks"),
    left_out(TO_MESSAGES, "top_p", "where the model refuses it, or thinks, or beside a temperature"),
    left_out(TO_MESSAGES, "top_k", "where the model refuses it, or thinks"),
    left_out(TO_MESSAGES, "stop", "stop texts of white space alone"),
    left_out(TO_MESSAGES, "user", "the name of an end user that is not opaque"),
    left_out(TO_MESSAGES, "reasoning", "reasoning of earlier turns that is not signed, or that another model signed"),
    left_out(TO_MESSAGES, "image.detail", "the resolution hint"),
    adapted(TO_MESSAGES, "response_format", "JSON without a schema: an instruction asks for it"),
    adapted(
        TO_MESSAGES,
        "response_format.schema",
        "a schema without the keywords that are refused, its objects closed",
    ),
    left_out(TO_MESSAGES, "response_format.name", "the schema's name"),
    adapted(TO_MESSAGES, "messages.position_of_system", "instructions in the middle go to the top"),
    adapted(TO_MESSAGES, "messages.trailing_space", "white space at the end of an answer that is begun is cut off"),
    adapted(TO_MESSAGES, "tool_call.arguments", "arguments that are no JSON object are put into one, as text"),
];
