//! docs/PROVIDERS.md says what the code does.

use std::path::PathBuf;

use router_providers::dialect::Dialect;
use router_providers::fault_table::{Says, Status, TABLE};
use router_providers::kinds::KINDS;
use router_providers::loss_table::{Fate, Loss, Side, TABLE as TABLE_OF_LOSSES};

fn document() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/PROVIDERS.md");
    std::fs::read_to_string(path).unwrap()
}

fn holds(table: &str) {
    assert!(document().contains(table), "docs/PROVIDERS.md has to contain this:\n{table}");
}

#[test]
fn the_error_table_is_the_codes() {
    let mut table = String::from("| status | says | kind | seen at |\n|---|---|---|---|\n");
    for row in TABLE {
        let status = match row.status {
            Status::Any => "any".to_owned(),
            Status::Of(statuses) => statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
            Status::Within(first, last) => format!("{first}–{last}"),
        };
        let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let says = match row.says {
            Says::Anything => "anything".to_owned(),
            Says::Code(codes) => format!("code {}", quoted(codes)),
            Says::Message(phrases) => format!("message with {}", quoted(phrases)),
        };
        table.push_str(&format!("| {status} | {says} | `{}` | {} |\n", row.kind, row.seen_at));
    }
    holds(&table);
}

#[test]
fn the_kinds_are_the_codes() {
    let mut table = String::from("| kind | base URL | key variable | URL variable | key |\n|---|---|---|---|---|\n");
    let code = |word: Option<&str>| word.map_or_else(|| "–".to_owned(), |word| format!("`{word}`"));
    for kind in KINDS {
        let (base_url, need) = (code(kind.base_url), if kind.key.required { "required" } else { "optional" });
        let (key, url) = (code(kind.api_key_variable), code(kind.base_url_variable));
        let header = format!("`{}: {}…`", kind.key.name, kind.key.prefix);
        table.push_str(&format!("| `{}` | {base_url} | {key} | {url} | {header}, {need} |\n", kind.name));
    }
    holds(&table);
}

const LOSSES: [&str; 2] = ["<!-- losses -->\n", "<!-- end of losses -->\n"];

/// `UPDATE_DOCS=1 cargo test -p router-providers documentation` writes the tables anew.
#[test]
fn the_losses_are_the_codes() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/WIRE.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let [begin, end] = LOSSES;
    let (before, rest) = document.split_once(begin).unwrap();
    let (committed, after) = rest.split_once(end).unwrap();
    let mut current = String::new();
    let mut last = None;
    for Loss { field, side, fate, what } in TABLE_OF_LOSSES {
        if last != Some(*side) {
            last = Some(*side);
            let heading = match side {
                Side::Caller(Dialect::OpenAiChat) => "Of a request in chat completions, for Anthropic's models",
                Side::Caller(Dialect::AnthropicMessages) => "Of a request in Messages, for all but Anthropic's models",
                Side::Caller(_) => "Of a request in Responses",
                Side::Target(Dialect::OpenAiChat) => "Of a translated request to a chat provider",
                Side::Target(_) => "Of a translated request to Anthropic",
            };
            current.push_str(&format!("\n### {heading}\n\n| field | what becomes of it | |\n|---|---|---|\n"));
        }
        let fate = match fate {
            Fate::Refused => "refused",
            Fate::LeftOut => "left out",
            Fate::Adapted => "adapted",
        };
        current.push_str(&format!("| `{field}` | {fate} | {what} |\n"));
    }
    current.push('\n');
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{current}{end}{after}")).unwrap();
        return;
    }
    assert!(
        committed == current,
        "docs/WIRE.md is out of date: UPDATE_DOCS=1 cargo test -p router-providers documentation"
    );
}

/// A row that nothing is named after would be a promise that nobody keeps.
#[test]
fn every_loss_of_the_table_is_found_in_the_codecs() {
    fn sources(folder: &std::path::Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if !path.ends_with("loss_table.rs") {
                all.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut all = String::new();
    sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    for Loss { field, .. } in TABLE_OF_LOSSES {
        assert!(all.contains(&format!("\"{field}\"")), "{field} is never lost");
    }
}
