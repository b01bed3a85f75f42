//! Glob patterns for names: `*` matches any characters, `?` one, everything else itself.
//!
//! Invariants: a pattern must match the whole name; the time is at most the product of both lengths; matching does not
//! allocate.
//!
//! Deliberately not here: character classes, alternatives and escapes. Names of tools, servers and users do not need
//! them, and patterns stay readable.

use std::fmt;

use serde::Deserialize;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

/// A list of patterns; any of them may match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Globs(Vec<Glob>);

impl Glob {
    /// Parses a pattern; every text is valid.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether the pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.0, name)
    }

    /// The name, if the pattern matches only one.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(self.0.as_str())
    }
}

impl Globs {
    /// The first pattern that matches the whole name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Glob> {
        self.0.iter().find(|glob| glob.matches(name))
    }

    /// Whether any pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The patterns in order.
    pub fn iter(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter()
    }
}

impl<T: Into<String>> FromIterator<T> for Globs {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self(texts.into_iter().map(Glob::new).collect())
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// On a mismatch, retries from the last `*`, one character later each time.
fn matches(pattern: &str, name: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut name = name.chars();
    let mut retry = None;
    loop {
        let mut ahead = pattern.clone();
        match (ahead.next(), name.clone().next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                pattern = ahead;
                retry = Some((pattern.clone(), name.clone()));
            }
            (Some(expected), Some(found)) if expected == '?' || expected == found => {
                pattern = ahead;
                name.next();
            }
            _ => {
                let Some((behind, later)) = &mut retry else { return false };
                if later.next().is_none() {
                    return false;
                }
                pattern = behind.clone();
                name = later.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_whole_names() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("?", "é", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("*ab*ab", "abaab", true),
            ("*_drop_*", "db_drop_table", true),
            ("*_drop_*", "db_drop", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = "*a".repeat(500) + "b";
        assert!(!Glob::new(pattern).matches(&"a".repeat(5_000)));
    }

    #[test]
    fn the_first_that_matches_is_named() {
        let globs = Globs::from_iter(["x", "ab*", "a*"]);
        assert_eq!(globs.find("abc").map(ToString::to_string).as_deref(), Some("ab*"));
        assert!(!globs.matches("b"));
    }
}
