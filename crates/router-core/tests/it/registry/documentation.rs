use std::path::Path;

use router_core::registry::{Registry, RegistryErrors, SourceFile};

/// The blocks of `docs/MODELS.md` that are fenced with exactly this tag.
fn blocks(tag: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MODELS.md");
    let page = std::fs::read_to_string(path).unwrap();
    let fence = format!("```{tag}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn over_shipped(text: &str) -> Result<Registry, RegistryErrors> {
    let own = SourceFile { name: "models.toml", text };
    Registry::parse(&Registry::shipped_files().into_iter().chain([own]).collect::<Vec<_>>())
}

#[test]
fn the_examples_of_the_page_are_valid() {
    let examples = blocks("toml");
    assert_eq!(examples.len(), 4);
    for example in examples {
        let read = over_shipped(&example);
        assert!(read.is_ok(), "{example}\n{}", read.unwrap_err());
    }
}

#[test]
fn the_errors_of_the_page_are_those_shown() {
    let (wrong, shown) = (blocks("toml wrong"), blocks("text"));
    assert_eq!(over_shipped(&wrong[0]).unwrap_err().to_string(), shown[0].trim_end());
}
