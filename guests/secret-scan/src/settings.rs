//! The operator's configuration as written.

use serde::Deserialize;
use weir_detect::{Allow, Formats, HighEntropy};
use weir_sdk::Severity;

/// The configuration; every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The formats to look for.
    pub formats: Formats,
    /// Whether random-looking strings count too.
    pub high_entropy: HighEntropy,
    /// Known values to ignore.
    pub allow: Allow,
    /// Pointers to places to skip.
    pub exclude: Vec<String>,
    /// The severity of a finding.
    pub severity: Gravity,
}

/// A severity as written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// Blocks.
    #[default]
    Error,
    /// Recorded; passes.
    Warn,
    /// Recorded; passes.
    Info,
}

impl From<Gravity> for Severity {
    fn from(gravity: Gravity) -> Self {
        match gravity {
            Gravity::Error => Self::Error,
            Gravity::Warn => Self::Warn,
            Gravity::Info => Self::Info,
        }
    }
}
