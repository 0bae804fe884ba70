//! Words and phrases that tell what a prompt asks for, found by hash.

use crate::features::{self, Word};
use crate::prompt_type::PromptType::{
    self, Analysis, CodeGeneration, CreativeWriting, General, QuestionAnswering, Summarization, Translation,
};

/// What a phrase hints at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// A type.
    Type(PromptType),
    /// Hard work, whatever the type.
    Hard,
}

/// One phrase of up to [`LONGEST`] words, lower case; characters of unspaced scripts stand apart, as they are read.
type Phrases = &'static [&'static str];

/// How many words a phrase has at most.
const LONGEST: usize = 3;

/// Phrases by what they hint at and how strongly, in units of log-odds. English first, then a few of the commonest
/// imperatives of other languages. Written by hand from the definitions of [`PromptType`].
#[rustfmt::skip]
const LEXICON: &[(Cue, f32, Phrases)] = &[
    (Cue::Type(Summarization), 3.5, &[
        "summarize", "summarise", "summarizing", "summarising", "summarization", "summary of", "a summary", "brief summary",
        "tl dr", "tldr", "sum up", "sums up", "recap", "recapped", "in a nutshell", "condense", "boil down", "boils down",
        "key points", "main points", "key takeaways", "main takeaways", "executive summary", "synopsis",
        "write an abstract", "shorten", "summary", "essentials", "highlights of", "distill", "synthesize",
        "resume este", "resumir", "resumen", "résume", "résumer", "résumé de", "fasse zusammen", "zusammenfassung",
        "zusammenfassen", "resuma", "resumo", "riassumi", "riassunto", "резюмируй", "краткое содержание", "кратко изложи",
        "总 结", "摘 要", "概 括", "要 約", "요 약", "لخص", "ملخص",
    ]),
    (Cue::Type(Summarization), 1.5, &["in brief", "abstract", "outline", "sum the", "main idea", "gist", "the above document", "few words", "short version"]),
    (Cue::Type(Summarization), 1.0, &["article", "meeting notes", "transcript", "minutes of", "dialogue"]),

    (Cue::Type(CodeGeneration), 3.0, &[
        "python", "javascript", "typescript", "rust", "golang", "java", "kotlin", "swift", "sql", "html", "css",
        "bash script", "shell script", "regex", "regular expression", "dockerfile", "kubernetes", "react component",
        "source code", "pull request", "code review", "unit test", "unit tests", "stack trace", "traceback",
        "write a function", "write function", "write a program", "write a script", "write code", "a python function",
        "implement a", "implement the", "refactor", "debug", "segfault", "compile error", "compiler error",
        "this code", "the code", "my code", "following code", "код на", "напиши функцию", "напиши код", "programa en",
        "código", "quellcode", "schreibe eine funktion", "代 码", "函 数", "コ ー ド", "関 数", "코 드", "함 수",
    ]),
    (Cue::Type(CodeGeneration), 1.5, &[
        "def", "assert", "elif", "println", "printf", "const", "struct", "async", "await", "docstring", "import", "return",
        "function", "class", "method", "algorithm", "api", "endpoint", "json", "yaml", "query", "database", "compile",
        "exception", "null", "boolean", "array", "int", "bug", "git", "npm", "pip", "django", "linux command", "leetcode",
    ]),

    (Cue::Type(Translation), 4.0, &[
        "translate", "translation of", "translated into", "translate into", "translating", "translation", "do you say",
        "traduce", "traducir", "traducción", "traduis", "traduire", "traduction", "übersetze", "übersetzen", "übersetzung",
        "traduza", "tradução", "traduci", "traduzione", "переведи", "перевод", "переведите", "翻 译", "翻 訳", "번 역",
        "ترجم", "ترجمة", "अनुवाद",
    ]),
    (Cue::Type(Translation), 1.5, &[
        "into english", "into french", "into german", "into spanish", "into italian", "into portuguese", "into russian",
        "into chinese", "into japanese", "into korean", "into arabic", "to english", "to french", "to german", "to spanish",
        "in french", "in german", "in spanish", "in italian", "in japanese", "in chinese", "in greek", "in english",
    ]),

    (Cue::Type(QuestionAnswering), 2.0, &[
        "answer the question", "answer the following", "answer this question", "following question", "question below",
        "based on the", "multiple choice", "best answer", "correct answer", "what is", "what are", "who is", "who was",
        "when did", "when was", "where is", "where was", "why do", "why does", "why is", "how does", "how do", "which of",
        "explain how", "explain why", "explain what", "tell me about", "difference between", "qué es", "quién", "cuál es",
        "qu est ce", "was ist", "wer ist", "warum", "что такое", "почему", "кто такой", "什 么 是", "为 什 么", "と は",
        "무 엇", "ما هو", "ما هي",
    ]),
    (Cue::Type(QuestionAnswering), 1.2, &[
        "question", "answer", "explain", "define", "meaning of", "how to", "passage", "paragraph", "context", "background",
        "known as",
    ]),
    (Cue::Type(QuestionAnswering), 0.7, &["who", "whose", "when", "where", "why", "which", "what", "how long", "how old"]),

    (Cue::Type(CreativeWriting), 3.5, &[
        "story", "poem", "haiku", "sonnet", "lyrics", "a song", "limerick", "screenplay", "novel", "fairy tale", "fan fiction",
        "roleplay", "role play", "pretend to be", "pretend you", "imagine you", "you are a", "you are an", "act as",
        "blog post", "advertisement", "slogan", "tagline", "cover letter", "a speech", "an email", "a letter",
        "write a dialogue", "product description", "press release", "write an essay", "expanded news",
        "cuento", "poema", "poème", "histoire", "gedicht", "geschichte", "стихотворение", "рассказ", "сказку", "письмо",
        "故 事", "诗", "詩", "物 語", "이 야 기", "قصة", "قصيدة",
    ]),
    (Cue::Type(CreativeWriting), 1.5, &[
        "take the role", "describe your", "your character", "narrate", "in the style", "creative", "compose", "monologue", "scene",
        "tale", "fictional", "write an article", "headline", "plot", "imagine", "describe how you", "your experience",
        "your thoughts", "would you", "your journey", "perspective", "caption", "invitation",
    ]),
    (Cue::Type(CreativeWriting), 0.8, &["write", "draft", "you are", "generate", "as a", "as an"]),

    (Cue::Type(Analysis), 2.5, &[
        "classify", "categorize", "categorise", "category", "categories", "sentiment", "label", "extract", "rank", "rate the",
        "star rating", "positive or negative", "negative or positive", "good or bad", "evaluate", "assess", "compare",
        "analyze", "analyse", "analysis", "critique", "solve", "calculate", "compute", "prove", "proof", "derive",
        "simplify", "boxed", "equation", "probability", "integral", "derivative", "polynomial", "triangle", "theorem",
        "logic puzzle", "clues", "pros and cons", "plan for", "project plan", "swot", "true or false", "paraphrase",
        "same meaning", "same thing", "duplicate", "duplicates", "entailment", "contradict", "mean the same",
        "analiza", "calcula", "resuelve", "analyser", "calcule", "analysiere", "berechne", "löse", "реши", "вычисли",
        "проанализируй", "分 析", "计 算", "证 明", "計 算", "分 類", "분 석", "계 산", "حلل", "احسب",
    ]),
    (Cue::Type(Analysis), 1.5, &[
        "how many", "how much", "percent", "percentage", "total", "sum of", "average", "ratio", "per hour", "times as",
        "twice as", "find the", "find all", "step by step", "area of", "perimeter", "this review", "the review", "reviewer",
        "topic", "which section", "choose the best", "decide", "judge", "does this", "do they", "sentence", "sentences",
        "angle", "radius", "coefficient", "digits", "factors of", "integer", "integers", "estimate", "trend", "data set", "dataset", "table below", "schedule",
    ]),

    (Cue::Type(General), 2.0, &[
        "hello", "hi", "hey", "thanks", "thank you", "good morning", "how are you", "brainstorm", "advice", "should i",
        "recommend", "suggest", "suggestions", "ideas for", "rewrite", "rephrase", "proofread", "improve this",
        "make it", "correct the grammar", "fix the grammar", "polish", "help me", "can you help", "tips", "give me ideas",
        "hola", "gracias", "bonjour", "merci", "hallo", "danke", "привет", "спасибо", "посоветуй", "你 好", "谢 谢",
        "こ ん に", "あ り が", "안 녕", "مرحبا", "شكرا",
    ]),
    (Cue::Type(General), 0.8, &["i feel", "i am", "my friend", "my boss", "chat", "talk", "what do you", "feel"]),

    (Cue::Hard, 1.0, &[
        "prove", "proof", "theorem", "derive", "derivation", "integral", "rigorous", "rigorously", "optimal", "optimize",
        "optimise", "architecture", "distributed", "concurrency", "concurrent", "deadlock", "race condition", "complexity",
        "research", "trade offs", "tradeoffs", "formal", "quantum", "differential", "eigenvalue", "bayesian", "asymptotic",
        "step by step", "in depth", "comprehensive", "thorough", "critically", "edge cases", "backwards compatible",
        "thread safe", "migration", "scalable", "hypothesis", "statistically", "multi step", "legal", "diagnosis",
        "relativistic", "polynomial", "enzyme", "molecule", "reaction", "constraints", "puzzle", "clues", "demuestra",
        "beweise", "докажи", "证 明", "証 明", "증 명",
    ]),
];

/// Phrases in [`LEXICON`].
const COUNT: usize = {
    let (mut count, mut group) = (0, 0);
    while group < LEXICON.len() {
        count += LEXICON[group].2.len();
        group += 1;
    }
    count
};

/// Slots of the hash table: a power of two, at most a quarter full, so that a probe nearly always ends at once.
const SLOTS: usize = 4_096;

/// The lexicon, laid out for lookup.
struct Index {
    /// Hash of each phrase.
    hashes: [u64; COUNT],
    /// Its group in [`LEXICON`].
    groups: [u8; COUNT],
    /// Phrase number plus one, by hash with linear probing; 0 is empty.
    slots: [u16; SLOTS],
}

/// Built by the compiler.
static INDEX: Index = build();

const fn build() -> Index {
    assert!(COUNT * 4 <= SLOTS && LEXICON.len() <= u8::MAX as usize, "the lexicon has outgrown its index");
    let mut index = Index { hashes: [0; COUNT], groups: [0; COUNT], slots: [0; SLOTS] };
    let (mut group, mut number) = (0, 0);
    while group < LEXICON.len() {
        let phrases = LEXICON[group].2;
        let mut at = 0;
        while at < phrases.len() {
            let hash = phrase_hash(phrases[at].as_bytes());
            index.hashes[number] = hash;
            index.groups[number] = group as u8;
            let mut slot = slot_of(hash);
            while index.slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            number += 1;
            index.slots[slot] = number as u16;
            at += 1;
        }
        group += 1;
    }
    index
}

const fn slot_of(hash: u64) -> usize {
    (hash >> 32) as usize % SLOTS
}

/// The hash of a phrase: each word's hash, folded in order.
const fn phrase_hash(phrase: &[u8]) -> u64 {
    let (mut hash, mut word_start, mut at) = (0, 0, 0);
    while at <= phrase.len() {
        if at == phrase.len() || phrase[at] == b' ' {
            let (_, rest) = phrase.split_at(word_start);
            let (word, _) = rest.split_at(at - word_start);
            hash = extend(hash, features::hash(word));
            word_start = at + 1;
        }
        at += 1;
    }
    hash
}

/// A phrase's hash with one more word. Multiplied so that the order of words matters.
const fn extend(phrase: u64, word: u64) -> u64 {
    (phrase.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Adds up what the phrases of a text hint at. A phrase counts once, at its greatest weight: repeating it proves nothing.
///
/// Phrases are told apart by 64-bit hash alone; a collision (one in 10¹⁶ words) would only move a score.
pub(super) struct Hints {
    /// Log-odds per type.
    pub(super) types: [f32; PromptType::COUNT],
    /// Weight of the hints at hard work.
    pub(super) hard: f32,
    counted: [f32; COUNT],
    before: [u64; LONGEST - 1],
    before_len: usize,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self {
            types: [0.0; PromptType::COUNT],
            hard: 0.0,
            counted: [0.0; COUNT],
            before: [0; LONGEST - 1],
            before_len: 0,
        }
    }

    /// Counts the phrases that end with `word`.
    pub(super) fn read(&mut self, word: Word) {
        if word.begins {
            self.before_len = 0;
        }
        let [two_before, one_before] = self.before;
        self.count(extend(0, word.hash), word.weight);
        if self.before_len >= 1 {
            self.count(extend(extend(0, one_before), word.hash), word.weight);
        }
        if self.before_len >= 2 {
            self.count(extend(extend(extend(0, two_before), one_before), word.hash), word.weight);
        }
        self.before = [one_before, word.hash];
        self.before_len = (self.before_len + 1).min(LONGEST - 1);
    }

    fn count(&mut self, hash: u64, weight: f32) {
        let mut slot = slot_of(hash);
        while let Some(number) = INDEX.slots[slot].checked_sub(1).map(usize::from) {
            // A phrase may stand under several cues: equal hashes follow each other.
            if INDEX.hashes[number] == hash && weight > self.counted[number] {
                let (cue, strength, _) = LEXICON[usize::from(INDEX.groups[number])];
                let more = strength * (weight - self.counted[number]);
                self.counted[number] = weight;
                match cue {
                    Cue::Type(kind) => self.types[kind.index()] += more,
                    Cue::Hard => self.hard += more,
                }
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::conversation::Conversation;
    use crate::features::Features;

    fn hints(text: &str) -> Hints {
        let mut hints = Hints::new();
        Features::read(&Conversation::prompt(text), |word| hints.read(word));
        hints
    }

    #[test]
    fn every_phrase_of_the_lexicon_is_found_when_it_is_read() {
        for (cue, strength, phrases) in LEXICON {
            for phrase in *phrases {
                let hints = hints(phrase);
                let heard = match cue {
                    Cue::Type(kind) => hints.types[kind.index()],
                    Cue::Hard => hints.hard,
                };
                assert!(heard >= *strength, "{phrase}: {heard}");
            }
        }
    }

    #[test]
    fn no_phrase_stands_twice_under_one_cue() {
        let mut seen = HashSet::new();
        for (cue, _, phrases) in LEXICON {
            for phrase in *phrases {
                assert!(seen.insert((format!("{cue:?}"), phrase)), "{phrase}");
                assert!(phrase.split(' ').count() <= LONGEST, "{phrase}");
            }
        }
    }

    #[test]
    fn a_phrase_counts_once_and_words_of_two_texts_do_not_join() {
        assert_eq!(hints("poem").types, hints("poem poem poem").types);
        let mut apart = Conversation::prompt("points");
        apart.messages.insert(0, crate::conversation::Message::text(crate::conversation::Role::User, "key"));
        let mut hints = Hints::new();
        Features::read(&apart, |word| hints.read(word));
        assert_eq!(hints.types, [0.0; PromptType::COUNT]);
    }
}
