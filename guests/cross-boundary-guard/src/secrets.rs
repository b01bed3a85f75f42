//! Finds secrets in the strings of a payload: known formats, and the operator's own patterns.
//!
//! Invariants: values covered by `allow` are not secrets; the number of secrets checked per payload is limited.

use regex_lite::{Regex, RegexBuilder};
use weir_detect::{Allow, Detectors};
use weir_sdk::Document;
use weir_sdk::walk::{Malformed, Walk};

use crate::config::{Config, Pattern};

/// The scanner's settings.
pub struct Searcher {
    detectors: Detectors,
    patterns: Vec<(String, Regex)>,
    allow: Allow,
    most: usize,
}

/// A secret and its location.
pub struct Secret<'a> {
    /// Its format, for display.
    pub kind: &'a str,
    /// The secret itself.
    pub text: &'a str,
    /// Returns the pointer of the string that contains it.
    pub pointer: &'a dyn Fn() -> String,
}

impl Searcher {
    /// Compiles the operator's patterns.
    pub fn new(config: &Config) -> Result<Self, String> {
        let patterns = config.patterns.iter().enumerate().map(|(index, pattern)| {
            let regex = compiled(pattern).map_err(|error| format!("patterns[{index}]: {error}"))?;
            Ok::<_, String>((pattern.name.clone(), regex))
        });
        Ok(Self {
            detectors: Detectors::new(&config.formats, config.high_entropy),
            patterns: patterns.collect::<Result<_, _>>()?,
            allow: config.allow.clone(),
            most: config.max_secrets,
        })
    }

    /// Passes each secret to `visit` until it returns false. Returns false only if the limit ended the search.
    pub fn find(&self, json: &str, mut visit: impl FnMut(Secret<'_>) -> bool) -> Result<bool, Malformed> {
        let mut walk = Walk::new(json);
        let mut left = self.most;
        let mut go_on = true;
        while let Some(item) = walk.advance()? {
            let text = item.text();
            let key = item.key();
            let mut show = |kind: &str, found: &str| {
                if !go_on || self.allow.covers(found) {
                    return;
                }
                match left.checked_sub(1) {
                    Some(fewer) => left = fewer,
                    None => return go_on = false,
                }
                go_on = visit(Secret { kind, text: found, pointer: &|| item.pointer() });
            };
            self.detectors.find_named(key.as_deref(), &text, |found| show(found.format.name(), &text[found.range]));
            for (name, regex) in &self.patterns {
                for found in regex.captures_iter(&text) {
                    if let Some(secret) = found.get(1).or_else(|| found.get(0)).filter(|secret| !secret.is_empty()) {
                        show(name, secret.as_str());
                    }
                }
            }
            if !go_on {
                return Ok(left > 0);
            }
        }
        Ok(true)
    }
}

/// All strings of a document, separately.
pub fn texts(document: &Document) -> String {
    strings(&document.json()).unwrap_or_default()
}

fn strings(json: &str) -> Result<String, Malformed> {
    let mut walk = Walk::new(json);
    let mut texts = String::new();
    while let Some(item) = walk.advance()? {
        texts.push_str(&item.text());
        texts.push('\0');
    }
    Ok(texts)
}

fn compiled(pattern: &Pattern) -> Result<Regex, String> {
    /// Limits the size of compiled patterns, for example with counted repetitions.
    const LARGEST: usize = 64 * 1024;
    let regex = RegexBuilder::new(&pattern.regex).size_limit(LARGEST).build();
    let regex = regex.map_err(|error| format!("`{}` is not a regular expression: {error}", pattern.regex))?;
    if regex.is_match("") {
        return Err(format!("`{}` matches the empty text: a secret has at least one character", pattern.regex));
    }
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(config: &str, json: &str) -> (Vec<(String, String)>, bool) {
        let searcher = Searcher::new(&serde_json::from_str(config).unwrap()).unwrap();
        let mut found = Vec::new();
        let complete = searcher.find(json, |secret| {
            found.push(((secret.pointer)(), secret.text.to_owned()));
            true
        });
        (found, complete.unwrap())
    }

    #[test]
    fn patterns_of_the_operator_are_found() {
        let config = r#"{"patterns":[{"name":"corp","regex":"corp-([a-z]{4})"}],"allow":["test*"]}"#;
        let (found, complete) = find(config, r#"{"a":["x corp-abcd corp-test","corp-efgh"]}"#);
        assert_eq!(found, [("/a/0".into(), "abcd".into()), ("/a/1".into(), "efgh".into())]);
        assert!(complete);
    }

    #[test]
    fn the_bound_is_told() {
        let config = r#"{"patterns":[{"name":"digit","regex":"[0-9]"}],"max_secrets":3}"#;
        assert!(find(config, r#"["123"]"#).1);
        let (found, complete) = find(config, r#"["12","34","5"]"#);
        assert_eq!(found.len(), 3);
        assert!(!complete);
    }

    #[test]
    fn a_pattern_that_is_none_is_an_error() {
        for (regex, words) in
            [("(", "not a regular expression"), ("a*", "empty text"), ("(a{1000}){1000}", "not a regular")]
        {
            let pattern = Pattern { name: "p".into(), regex: regex.into() };
            assert!(compiled(&pattern).unwrap_err().contains(words), "{regex}");
        }
    }
}
