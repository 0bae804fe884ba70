//! Preferences in headers, for clients whose bodies are somebody else's format.

use http::{HeaderMap, HeaderName, HeaderValue};
use router_core::preferences::Preferences;
use router_core::prompt_type::PromptType;
use serde::de::DeserializeOwned;

use super::wishes::PreferencesBody;
use crate::error::ApiError;
use crate::json::Word;
use crate::nearest::nearest;

const PREFIX: &str = "x-router-";

/// The names after the prefix.
const KNOWN: [&str; 10] = [
    "cost-weight",
    "latency-weight",
    "quality-weight",
    "target",
    "min-quality",
    "max-cost-usd",
    "max-latency-ms",
    "prompt-type",
    "fallbacks",
    "cache",
];

/// The headers' wishes over `preferences`. One that is misspelt, given twice or of the wrong kind is refused by its name.
pub(super) fn over(headers: &HeaderMap, preferences: Preferences) -> Result<Preferences, ApiError> {
    let mut given = PreferencesBody::default();
    let (mut prompt_type, mut fallbacks) = (None::<PromptType>, None);
    for (name, value) in headers {
        let Some(wish) = name.as_str().strip_prefix(PREFIX) else { continue };
        if headers.get_all(name).iter().count() > 1 {
            return Err(ApiError::invalid(name.as_str(), "given twice"));
        }
        match wish {
            "cost-weight" => given.cost_weight = Some(number(name, value)?),
            "latency-weight" => given.latency_weight = Some(number(name, value)?),
            "quality-weight" => given.quality_weight = Some(number(name, value)?),
            "min-quality" => given.min_quality = Some(number(name, value)?),
            "max-cost-usd" => given.max_cost_usd = Some(number(name, value)?),
            "max-latency-ms" => given.max_latency_ms = Some(number(name, value)?),
            "target" => given.target = Some(Word(word(name, value)?)),
            "prompt-type" => prompt_type = Some(word(name, value)?),
            "fallbacks" => fallbacks = Some(flag(name, value)?),
            // Read where the answer is asked for: see `cache_wish`.
            "cache" => {}
            unknown => return Err(unknown_header(name, unknown)),
        }
    }
    let mut preferences = given.over(preferences, header_of)?;
    preferences.prompt_type = prompt_type.or(preferences.prompt_type);
    preferences.fallbacks = fallbacks.unwrap_or(preferences.fallbacks);
    Ok(preferences)
}

fn unknown_header(name: &HeaderName, wish: &str) -> ApiError {
    let problem = match nearest(wish, KNOWN.into_iter()) {
        Some(meant) => format!("unknown header; did you mean `{PREFIX}{meant}`?"),
        None => format!("unknown header; those with this beginning are {}", KNOWN.join(", ")),
    };
    ApiError::invalid(name.as_str().chars().take(100).collect::<String>(), problem)
}

/// `x-router-cost-weight` for `costWeight`.
fn header_of(field: &str) -> String {
    let mut name = PREFIX.to_owned();
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn text<'a>(name: &HeaderName, value: &'a HeaderValue) -> Result<&'a str, ApiError> {
    value.to_str().map(str::trim).map_err(|_| ApiError::invalid(name.as_str(), "must be visible ASCII"))
}

fn number(name: &HeaderName, value: &HeaderValue) -> Result<f64, ApiError> {
    text(name, value)?.parse().map_err(|_| ApiError::invalid(name.as_str(), "must be a number"))
}

fn flag(name: &HeaderName, value: &HeaderValue) -> Result<bool, ApiError> {
    text(name, value)?.parse().map_err(|_| ApiError::invalid(name.as_str(), "must be true or false"))
}

fn word<T: DeserializeOwned>(name: &HeaderName, value: &HeaderValue) -> Result<T, ApiError> {
    // serde lists the words there are.
    serde_json::from_value(text(name, value)?.into())
        .map_err(|error| ApiError::invalid(name.as_str(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use router_core::preferences::Target;

    use super::*;

    fn read(given: &[(&'static str, &str)]) -> Result<Preferences, ApiError> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        over(&headers, Preferences::default())
    }

    #[test]
    fn each_header_is_a_preference() {
        let read = read(&[
            ("x-router-cost-weight", "1"),
            ("x-router-latency-weight", "0"),
            ("x-router-quality-weight", " 2.5 "),
            ("x-router-target", "cheapest"),
            ("x-router-min-quality", "0.6"),
            ("x-router-max-cost-usd", "0.01"),
            ("x-router-max-latency-ms", "1500"),
            ("x-router-prompt-type", "analysis"),
            ("x-router-fallbacks", "false"),
            ("accept", "*/*"),
        ])
        .unwrap();
        assert_eq!((read.weights.cost, read.weights.latency, read.weights.quality), (1.0, 0.0, 2.5));
        assert_eq!((read.target, read.min_quality, read.max_latency_seconds), (Target::Cheapest, Some(0.6), Some(1.5)));
        assert_eq!(read.max_cost.map(|cost| cost.dollars()), Some(0.01));
        assert_eq!((read.prompt_type, read.fallbacks), (Some(PromptType::Analysis), false));
    }

    #[test]
    fn faults_name_the_header() {
        for (given, name, words) in [
            (&[("x-router-cost-weight", "much")][..], "x-router-cost-weight", "a number"),
            (&[("x-router-cost-weight", "-1")], "x-router-cost-weight", "at least 0"),
            (&[("x-router-cost-weight", "NaN")], "x-router-cost-weight", "at least 0"),
            (&[("x-router-max-cost-usd", "-1")], "x-router-max-cost-usd", "at least 0"),
            (&[("x-router-min-quality", "1.1")], "x-router-min-quality", "from 0 to 1"),
            (&[("x-router-target", "luck")], "x-router-target", "cheapest"),
            (&[("x-router-prompt-type", "")], "x-router-prompt-type", "analysis"),
            (&[("x-router-fallbacks", "no")], "x-router-fallbacks", "true or false"),
            (&[("x-router-costweight", "1")], "x-router-costweight", "did you mean `x-router-cost-weight`"),
            (&[("x-router-fallbacks", "true"), ("x-router-fallbacks", "false")], "x-router-fallbacks", "given twice"),
        ] {
            let Err(ApiError::Invalid { field, problem }) = read(given) else { panic!("{given:?} was taken") };
            assert!(field == name && problem.contains(words), "{field}: {problem}");
        }
    }
}
