//! Makes the parser's messages say what to do.

/// How alike (Jaro–Winkler, 1 is equal) a name must be to be suggested: finds swapped, missing and doubled letters in
/// names of this length, and rarely a name of another meaning.
const ALIKE: f64 = 0.8;

/// The message for a refused `field`: with the name that was meant, and without anything that could be a secret.
pub(super) fn explain(field: &str, message: &str) -> String {
    let name = field.rsplit('.').next().unwrap_or(field);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((&unknown, known)) = quoted.split_first()
        && message.starts_with("unknown field")
    {
        if looks_like_a_key(unknown) {
            return "a key does not belong in this file; put it into a variable or a file of its own, and name that \
                    with api_key_env or api_key_file"
                .to_owned();
        }
        return match nearest(unknown, known) {
            Some(meant) => format!("there is no such field; did you mean `{meant}`?"),
            None => format!("there is no such field; allowed: {}", known.join(", ")),
        };
    }
    if looks_like_a_key(name) {
        return "is not text in quotes (value not shown)".to_owned();
    }
    if message.starts_with("unknown variant") {
        return message.replacen("unknown variant", "not known:", 1);
    }
    // The names of Rust's types mean nothing to who writes a configuration.
    let plain = [("a nonzero u32", "a whole number above 0"), ("expected u32", "expected a whole number, 0 or more")];
    plain.iter().fold(message.to_owned(), |message, (rust, plain)| message.replace(rust, plain))
}

/// Whether a value of that name may be a secret: of `api_key_env` too, when the key itself was put there.
fn looks_like_a_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["api_key", "apikey", "secret", "password", "token"].iter().any(|word| name.contains(word)) || name == "key"
}

fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike = known.iter().map(|&known| (strsim::jaro_winkler(name, known), known));
    alike.filter(|(alike, _)| *alike >= ALIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, known)| known)
}
