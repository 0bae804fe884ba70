//! The seven kinds of prompt, and a probability for each.

use serde::{Deserialize, Serialize};

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PromptType {
    /// Make a given text shorter.
    Summarization,
    /// Any programming request: write, explain, debug, review.
    CodeGeneration,
    /// From one language to another.
    Translation,
    /// Facts, explanations, how-to, exam and reading questions.
    QuestionAnswering,
    /// Compose text: stories, e-mail, advertisements, role-play.
    CreativeWriting,
    /// Maths, logic, classification, extraction, ranking, planning, judging.
    Analysis,
    /// Rewriting, brainstorming, advice, chat and everything else.
    General,
}

impl PromptType {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// All, in the order that [`TypeProbabilities`] is indexed by.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Summarization,
        Self::CodeGeneration,
        Self::Translation,
        Self::QuestionAnswering,
        Self::CreativeWriting,
        Self::Analysis,
        Self::General,
    ];

    /// Position in [`PromptType::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name used in JSON, TOML, metrics and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summarization => "summarization",
            Self::CodeGeneration => "code_generation",
            Self::Translation => "translation",
            Self::QuestionAnswering => "question_answering",
            Self::CreativeWriting => "creative_writing",
            Self::Analysis => "analysis",
            Self::General => "general",
        }
    }

    /// The type with that [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One figure per prompt type, indexed in the order of [`PromptType::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PerType<T>(pub [T; PromptType::COUNT]);

impl<T> PerType<T> {
    /// The figure for `kind`.
    pub const fn get(&self, kind: PromptType) -> &T {
        &self.0[kind as usize]
    }

    /// Pairs of type and figure.
    pub fn iter(&self) -> impl Iterator<Item = (PromptType, &T)> {
        PromptType::ALL.into_iter().zip(&self.0)
    }
}

impl<T: Serialize> Serialize for PerType<T> {
    /// A map from the type's name, so that a reader of the JSON need not know the order.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(kind, figure)| (kind.name(), figure)))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for PerType<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut figures: std::collections::HashMap<PromptType, T> = Deserialize::deserialize(deserializer)?;
        Ok(Self(PromptType::ALL.map(|kind| figures.remove(&kind).unwrap_or_default())))
    }
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for PerType<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("PerType_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let figure = generator.subschema_for::<T>();
        let properties: serde_json::Map<_, _> =
            PromptType::ALL.iter().map(|kind| (kind.name().to_owned(), figure.clone().to_value())).collect();
        schemars::json_schema!({"type": "object", "properties": properties})
    }
}

/// How likely the prompt is of each type. Sums to 1.
pub type TypeProbabilities = PerType<f32>;

impl TypeProbabilities {
    /// All the mass on one type: what the caller declared.
    #[must_use]
    pub fn certain(kind: PromptType) -> Self {
        let mut probabilities = [0.0; PromptType::COUNT];
        probabilities[kind.index()] = 1.0;
        Self(probabilities)
    }

    /// The likeliest type and its probability; the first in [`PromptType::ALL`] of those that tie.
    #[must_use]
    pub fn likeliest(&self) -> (PromptType, f32) {
        let mut best = (PromptType::ALL[0], self.0[0]);
        for (kind, &probability) in self.iter() {
            if probability > best.1 {
                best = (kind, probability);
            }
        }
        best
    }
}
