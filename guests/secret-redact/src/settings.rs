//! The operator's configuration as written.

use serde::Deserialize;
use weir_detect::{Allow, Formats, HighEntropy};

/// The configuration; every key may be absent.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The formats to look for.
    pub formats: Formats,
    /// Whether strings that look random count, too.
    pub high_entropy: HighEntropy,
    /// Known values that stay.
    pub allow: Allow,
    /// Pointers to places that are not looked at.
    pub exclude: Vec<String>,
    /// What a secret is replaced by.
    pub placeholder: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            formats: Formats::default(),
            high_entropy: HighEntropy::default(),
            allow: Allow::default(),
            exclude: Vec::new(),
            placeholder: "[REDACTED:{format}]".to_owned(),
        }
    }
}
