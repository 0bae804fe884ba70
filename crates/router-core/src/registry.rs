//! The models the router knows, and the files they are described in (`docs/MODELS.md` has the format).
//!
//! ```
//! use router_core::registry::{Registry, SourceFile};
//!
//! // The shipped catalogue, with one model cheaper and one model more.
//! let own = SourceFile {
//!     name: "models.toml",
//!     text: r#"
//!         [[models]]
//!         id = "gpt-4o"
//!         price = { input = 2.0, output = 8.0 }
//!
//!         [[models]]
//!         id = "llama"
//!         provider = "ollama"
//!         contextTokens = 8192
//!         price = { input = 0, output = 0 }
//!     "#,
//! };
//! let files: Vec<_> = Registry::shipped_files().into_iter().chain([own]).collect();
//! let registry = Registry::parse(&files)?;
//! assert_eq!(registry.models().len(), Registry::shipped().models().len() + 1);
//! # Ok::<(), router_core::registry::RegistryErrors>(())
//! ```
//!
//! Reading goes through the parts below in this order: `fields` takes typed values out of TOML and keeps their lines,
//! `draft` reads one entry with `price_field`, `quality_field` and, for the original product's fields, `legacy`;
//! `assemble` lays later files over earlier ones and fills in defaults; `failover` looks at all models together.

mod assemble;
mod deadlines_field;
mod draft;
mod error;
mod failover;
mod fields;
mod fingerprint;
mod legacy;
mod price_field;
mod quality_field;
mod shipped;

use std::collections::HashMap;
use std::sync::Arc;

use toml::de::DeTable;

pub use error::{RegistryError, RegistryErrors, RegistryProblem};

use crate::id::ModelId;
use crate::model::Model;
use draft::Draft;
use fields::{Fields, Lines, Place, Report};

/// A file that describes models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFile<'a> {
    /// How errors name it: its path, most often.
    pub name: &'a str,
    /// Its contents: TOML.
    pub text: &'a str,
}

/// The models the router knows, in the order of the catalogue. Immutable: a reload makes a new one.
#[derive(Debug, Clone)]
pub struct Registry {
    models: Vec<Arc<Model>>,
    by_id: HashMap<ModelId, usize>,
    generation: u64,
}

impl Registry {
    /// From models that are known to be consistent with each other; of two with the same id the first stays.
    #[must_use]
    pub fn new(models: impl IntoIterator<Item = Model>) -> Self {
        let mut by_id = HashMap::new();
        let mut distinct = Vec::new();
        for model in models {
            if !by_id.contains_key(&model.id) {
                by_id.insert(model.id.clone(), distinct.len());
                distinct.push(Arc::new(model));
            }
        }
        let generation = fingerprint::fingerprint(&distinct);
        Self { models: distinct, by_id, generation }
    }

    /// From files. A model of a later file with the id of one of an earlier file changes that one: the fields it gives
    /// replace the earlier ones whole, the others stay.
    ///
    /// # Errors
    /// Everything that is wrong, at once, with file, line, model and field. Where a file is not TOML, its syntax errors
    /// alone: which models it would have had is not known.
    pub fn parse(sources: &[SourceFile<'_>]) -> Result<Self, RegistryErrors> {
        let mut report = Report::new(sources.iter().map(|source| source.name.to_owned()).collect());
        let mut entries = Vec::new();
        let mut readable = true;
        for (file, source) in sources.iter().enumerate() {
            let (document, syntax_errors) = DeTable::parse_recoverable(source.text);
            let lines = Lines::of(file, source.text);
            if syntax_errors.is_empty() {
                read_file(document.get_ref(), &lines, file, &mut entries, &mut report);
                continue;
            }
            readable = false;
            for error in syntax_errors {
                let place = lines.place(&error.span().unwrap_or_default());
                report.add(place, None, RegistryProblem::Syntax(error.message().to_owned()));
            }
        }
        let drafts = assemble::override_earlier(entries, &mut report);
        // With a file missing, models would seem to lack fields and failover to lead nowhere.
        let mut models = Vec::new();
        if readable {
            failover::check(&drafts, &mut report);
            models.extend(drafts.into_iter().filter_map(|draft| assemble::model(draft, &mut report)));
        }
        RegistryErrors::none_of(report.into_errors())?;
        Ok(Self::new(models))
    }

    /// All of them, active or not.
    #[must_use]
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// Where the model with that id stands in [`Registry::models`].
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The model with that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Model>> {
        self.position(id).and_then(|position| self.models.get(position))
    }

    /// A fingerprint of the contents, the same in every process: any change of any model, and of their order, changes
    /// it. Part of the key of cached answers and of whatever else is derived from a registry.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}

impl Default for Registry {
    /// No models.
    fn default() -> Self {
        Self::new([])
    }
}

/// Reads the entries of one file into `entries`.
fn read_file(document: &DeTable<'_>, lines: &Lines, file: usize, entries: &mut Vec<Draft>, report: &mut Report) {
    let mut top = Fields::new(document, lines, String::new(), Place { file, line: 1 });
    if let Some(models) = top.take("models") {
        for (index, model) in models.list("[[models]] tables", report).unwrap_or_default().iter().enumerate() {
            match model.value.as_table() {
                Some(table) => entries.extend(draft::read(table, index + 1, model.place, lines, report)),
                None => model.mistyped("a [[models]] table", report),
            }
        }
    }
    top.finish(report);
}
