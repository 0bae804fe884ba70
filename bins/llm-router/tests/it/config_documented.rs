//! What is written about the configuration is true: schema, documentation, template.

use std::collections::BTreeMap;
use std::path::PathBuf;

use llm_router::config::file::ConfigFile;
use llm_router::config::schema;
use llm_router::config::variables::{Effect, VARIABLES};
use serde::Deserialize;
use serde_json::Value;

use crate::config::loaded;

fn read(path: &str) -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The rows of the documentation's tables whose first cell is a name in code, by that name.
fn rows(text: &str) -> BTreeMap<String, Vec<String>> {
    let row = |line: &str| {
        let cells: Vec<String> = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().to_owned()).collect();
        Some((cells[0].trim_end_matches('`').to_owned(), cells[1..].to_vec()))
    };
    let mut rows = BTreeMap::new();
    for (name, cells) in text.lines().filter_map(row) {
        assert!(rows.insert(name.clone(), cells).is_none(), "{name} has two rows");
    }
    rows
}

/// Every leaf of the schema by its path, with its default.
fn leaves(schema: &Value, node: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    let target = node["$ref"].as_str().map(|reference| &schema["$defs"][reference.rsplit('/').next().unwrap()]);
    let below = target.unwrap_or(node);
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(properties) = below["properties"].as_object() {
        properties.iter().for_each(|(name, property)| leaves(schema, property, &join(name), found));
    } else if below["additionalProperties"].is_object() {
        leaves(schema, &below["additionalProperties"], &join("NAME"), found);
    } else {
        found.insert(path.to_owned(), node["default"].clone());
    }
}

#[test]
fn the_committed_schema_is_the_schema() {
    let committed = read("docs/config.schema.json");
    assert!(
        committed == schema::text().unwrap(),
        "docs/config.schema.json is out of date; write it anew: llm-router config-schema > docs/config.schema.json"
    );
}

#[test]
fn every_field_is_documented_with_its_default_and_no_other_is() {
    let schema: Value = serde_json::from_str(&schema::text().unwrap()).unwrap();
    let mut fields = BTreeMap::new();
    leaves(&schema, &schema, "", &mut fields);
    assert!(fields.len() > 50, "only {} fields found", fields.len());
    let mut rows = rows(&read("docs/CONFIGURATION.md"));
    for (field, default) in &fields {
        let Some(cells) = rows.remove(field) else { unreachable!("{field} is not in docs/CONFIGURATION.md") };
        assert!(["*restart*", "**yes**"].contains(&&*cells[2]), "{field}: says nothing of reloading: {cells:?}");
        if !default.is_null() {
            assert_eq!(cells[1], format!("`{default}`"), "{field}: another default is documented");
        }
    }
    let left: Vec<_> = rows.keys().filter(|name| name.contains('.')).collect();
    assert!(left.is_empty(), "documented, but not there: {left:?}");
}

#[test]
fn every_variable_is_documented_and_no_other_is() {
    let mut rows = rows(&read("docs/CONFIGURATION.md"));
    for variable in &VARIABLES {
        let Some(cells) = rows.remove(variable.name) else { unreachable!("{} is not documented", variable.name) };
        if let Some(old_name) = variable.old_name {
            assert!(cells[0].contains(&format!("`{old_name}`")), "{}: its old name is missing", variable.name);
        }
        match variable.effect {
            Effect::Sets { field, .. } => assert_eq!(cells[3], format!("`{field}`"), "{}", variable.name),
            Effect::NotYet(_) => assert!(cells[0].contains("*no effect in this version*"), "{}", variable.name),
            Effect::Special(_) => {}
        }
    }
    let left: Vec<_> = rows.keys().filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
    assert!(left.is_empty(), "documented, but not there: {left:?}");
}

#[test]
fn the_example_file_is_valid() {
    let documentation = read("docs/CONFIGURATION.md");
    let (_, example) = documentation.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let file = ConfigFile::deserialize(toml::Deserializer::parse(example).unwrap()).unwrap();
    assert!(file.providers.contains_key("ollama"));
}

#[test]
fn the_template_is_valid_and_changes_nothing() {
    let template = read(".env.example");
    let with = loaded(&[(".env", &template)], &[]);
    let placeholders = "OPENAI_API_KEY, ANTHROPIC_API_KEY, OPENROUTER_API_KEY";
    let expected = format!("empty or still as in the template, so taken as not set: {placeholders}");
    assert_eq!(with.warnings, [expected]);
    let mut config = with.config;
    let plain = loaded(&[], &[]).config;
    assert_eq!(config.server.app_url.take().unwrap().to_string(), "http://localhost:3000");
    assert_eq!(config.log.format.take(), Some(plain.log_format()));
    config.data = plain.data.clone();
    assert_eq!(config, plain, "the template shows the defaults");
}

#[test]
fn the_template_names_every_variable() {
    let template = read(".env.example");
    for variable in &VARIABLES {
        let assignment = format!("{}=", variable.name);
        let shown = |line: &str| line.trim_start_matches("# ").starts_with(&assignment);
        assert!(template.lines().any(shown), "{} is missing", variable.name);
    }
}
