//! The operator's configuration as written.

use serde::Deserialize;
use weir_detect::{Allow, Formats, HighEntropy};

/// The configuration; every key is optional.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The formats to look for.
    pub formats: Formats,
    /// Whether random-looking strings count too.
    pub high_entropy: HighEntropy,
    /// Known values to keep.
    pub allow: Allow,
    /// Pointers to places to skip.
    pub exclude: Vec<String>,
    /// The replacement for a secret.
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
