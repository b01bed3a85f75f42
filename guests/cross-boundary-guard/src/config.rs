//! The configuration's form.

use serde::Deserialize;
use weir_detect::{Allow, Formats, HighEntropy};
use weir_glob::Glob;
use weir_sdk::Severity;

/// What the operator wants.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which known shapes of secrets are looked for.
    pub formats: Formats,
    /// Whether text that looks random counts as a secret.
    pub high_entropy: HighEntropy,
    /// Further shapes.
    pub patterns: Vec<Pattern>,
    /// Values that are no secrets.
    pub allow: Allow,
    /// From which server secrets may go to which other one.
    pub pairs: Vec<Pair>,
    /// How grave a crossing is.
    pub severity: Gravity,
    /// What is remembered where a call belongs to no session.
    pub without_session: WithoutSession,
    /// Secrets that are looked at in one payload.
    pub max_secrets: usize,
    /// Secrets that are remembered of one server in one session.
    pub max_remembered: i64,
    /// Payloads that are larger are not looked at.
    pub max_bytes: u32,
}

/// A shape that the operator knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// What it is called in findings.
    pub name: String,
    /// A regular expression; its first group, or else all of it, is the secret.
    pub regex: String,
}

/// Two servers between which secrets may go.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    from: Glob,
    to: Glob,
}

/// How grave a crossing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// It blocks.
    #[default]
    Error,
    /// It is recorded.
    Warn,
}

/// What is remembered where a call belongs to no session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutSession {
    /// Nothing: such calls pass.
    #[default]
    Nothing,
    /// The secrets of each principal that is known by an id.
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
    /// Whether secrets of one server may go to another.
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
