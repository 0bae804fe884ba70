//! docs/PROVIDERS.md says what the code does.

use std::path::PathBuf;

use router_providers::fault_table::{Says, Status, TABLE};
use router_providers::kinds::KINDS;

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
