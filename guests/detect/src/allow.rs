//! Known values that the operator does not want reported.

use serde::Deserialize;

/// A list of known values. An entry matches exactly that text, or with a final `*` every text with that prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Allow(pub Vec<String>);

impl Allow {
    /// Whether a text is a known value.
    #[must_use]
    pub fn covers(&self, found: &str) -> bool {
        self.0.iter().any(|entry| match entry.strip_suffix('*') {
            Some(prefix) => found.starts_with(prefix),
            None => found == entry,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_literal_or_prefixes() {
        let allow = Allow(vec!["exact".to_owned(), "start-*".to_owned()]);
        assert!(allow.covers("exact") && allow.covers("start-") && allow.covers("start-more"));
        assert!(!allow.covers("exactly") && !allow.covers("start") && !allow.covers("no start-"));
    }
}
