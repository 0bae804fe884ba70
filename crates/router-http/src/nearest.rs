//! Did you mean?

/// Longer names are no typing errors, and comparing them costs more than the hint is worth.
const LONGEST: usize = 64;

/// The candidate that `name` is most likely a misspelling of: at most a third of its letters differ.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    candidates
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= candidate.len().max(name.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance over bytes, whatever the case.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(!from.eq_ignore_ascii_case(&to));
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_insertions_deletions_and_substitutions() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("Same", "sAME"), 0);
    }

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let known = ["prompt", "promptType", "maxTokens"];
        assert_eq!(nearest("promt", known.into_iter()), Some("prompt"));
        assert_eq!(nearest("max_tokens", known.into_iter()), Some("maxTokens"));
        assert_eq!(nearest("stream", known.into_iter()), None);
    }
}
