//! The format of the configuration.

use serde::Deserialize;
use weir_detect::{Allow, Formats, HighEntropy};
use weir_glob::Glob;
use weir_sdk::Severity;

/// The configuration.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The known secret formats to look for.
    pub formats: Formats,
    /// Whether random-looking text counts as a secret.
    pub high_entropy: HighEntropy,
    /// Custom formats.
    pub patterns: Vec<Pattern>,
    /// Values that are not secrets.
    pub allow: Allow,
    /// Which server's secrets may go to which other server.
    pub pairs: Vec<Pair>,
    /// The severity of a crossing.
    pub severity: Gravity,
    /// What to remember for calls without a session.
    pub without_session: WithoutSession,
    /// Maximum secrets checked in one payload.
    pub max_secrets: usize,
    /// Maximum secrets remembered per server and session.
    pub max_remembered: i64,
    /// Larger payloads are not scanned.
    pub max_bytes: u32,
}

/// A custom format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Its name in findings.
    pub name: String,
    /// A regular expression; the secret is its first group, or else the whole match.
    pub regex: String,
}

/// A pair of servers between which secrets may go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    from: Glob,
    to: Glob,
}

/// The severity of a crossing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// It blocks.
    #[default]
    Error,
    /// It is recorded.
    Warn,
}

/// What to remember for calls without a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutSession {
    /// Nothing: such calls pass.
    #[default]
    Nothing,
    /// The secrets of each principal with an id.
    Principal,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            formats: Formats::default(),
            high_entropy: HighEntropy::default(),
            patterns: Vec::new(),
            allow: Allow::default(),
            pairs: Vec::new(),
            severity: Gravity::default(),
            without_session: WithoutSession::default(),
            max_secrets: 64,
            max_remembered: 1_000,
            max_bytes: 4 * 1024 * 1024,
        }
    }
}

impl Config {
    /// Whether one server's secrets may go to another.
    pub fn allows(&self, origin: &str, server: &str) -> bool {
        self.pairs.iter().any(|pair| pair.from.matches(origin) && pair.to.matches(server))
    }
}

impl From<Gravity> for Severity {
    fn from(gravity: Gravity) -> Self {
        match gravity {
            Gravity::Error => Self::Error,
            Gravity::Warn => Self::Warn,
        }
    }
}
