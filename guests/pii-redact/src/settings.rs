//! The operator's configuration as written.

use serde::Deserialize;

use crate::kind::Kind;

/// The configuration; every key is optional.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The kinds to look for.
    pub kinds: Vec<Kind>,
    /// What replaces a match.
    pub mode: Mode,
    /// The key for pseudonyms in mode hash.
    pub hash_key: Option<String>,
    /// Pointers to places to skip.
    pub exclude: Vec<String>,
    /// Whether JSON numbers are scanned too.
    pub numbers: bool,
}

/// What replaces a match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The kind alone: `[REDACTED:card]`.
    #[default]
    Placeholder,
    /// The last characters: `**** **** **** 1111`.
    Mask,
    /// A pseudonym that is the same for the same value: `[card:6e1c08b7d2f4]`.
    Hash,
}

impl Default for Settings {
    fn default() -> Self {
        Self { kinds: Kind::ALL.to_vec(), mode: Mode::default(), hash_key: None, exclude: Vec::new(), numbers: false }
    }
}
