//! The operator's configuration as written.

use serde::Deserialize;
use weir_detect::{Allow, Formats, HighEntropy};
use weir_sdk::Severity;

/// The configuration; every key may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The formats to look for.
    pub formats: Formats,
    /// Whether strings that look random count, too.
    pub high_entropy: HighEntropy,
    /// Known values that do not count.
    pub allow: Allow,
    /// Pointers to places that are not looked at.
    pub exclude: Vec<String>,
    /// How grave a finding is.
    pub severity: Gravity,
}

/// A severity as written.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// Blocks.
    #[default]
    Error,
    /// Is recorded and passes.
    Warn,
    /// Is recorded and passes.
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
