//! The configuration: a general limit, and rules that replace it for some events and tools.

use serde::Deserialize;
use weir_glob::Globs;

/// The configuration.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    limit: i64,
    window_ms: i64,
    key: Key,
    algorithm: Algorithm,
    rules: Vec<Rule>,
    /// The fields above as a limit.
    #[serde(skip)]
    general: Limit,
}

/// How many calls, in what time, counted by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The number of calls allowed.
    pub limit: i64,
    /// The time window.
    pub window_ms: i64,
    /// What each count is kept for.
    pub key: Key,
    /// How one window follows another.
    pub algorithm: Algorithm,
}

/// A limit for some events, replacing the general one; missing values are taken from the general limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    events: Option<Globs>,
    tools: Option<Globs>,
    limit: Option<i64>,
    window_ms: Option<i64>,
    key: Option<Key>,
    algorithm: Option<Algorithm>,
    /// The rule, with missing values taken from the general limit.
    #[serde(skip)]
    resolved: Limit,
}

/// What each count is kept for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// Each principal; without an id, each session.
    #[default]
    Principal,
    /// Each session.
    Session,
    /// Each route.
    Route,
    /// Each tool, or each event that names no tool.
    Tool,
    /// Everything together.
    Global,
}

/// How one window follows another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Each window starts at zero.
    Fixed,
    /// The previous window counts in proportion to its part that is still within the time.
    #[default]
    Sliding,
}

impl Default for Limit {
    fn default() -> Self {
        Self { limit: 120, window_ms: 60_000, key: Key::default(), algorithm: Algorithm::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        let general = Limit::default();
        let Limit { limit, window_ms, key, algorithm } = general;
        Self { limit, window_ms, key, algorithm, rules: Vec::new(), general }
    }
}

impl Config {
    /// Validates the configuration and fills in the values missing from rules.
    pub fn resolve(mut self) -> Result<Self, String> {
        self.general = Limit { limit: self.limit, window_ms: self.window_ms, key: self.key, algorithm: self.algorithm };
        self.general.check("the general limit")?;
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if rule.events.is_none() && rule.tools.is_none() {
                return Err(format!("rules[{index}] is for nothing: give it `events` or `tools`"));
            }
            rule.resolved = Limit {
                limit: rule.limit.unwrap_or(self.limit),
                window_ms: rule.window_ms.unwrap_or(self.window_ms),
                key: rule.key.unwrap_or(self.key),
                algorithm: rule.algorithm.unwrap_or(self.algorithm),
            };
            rule.resolved.check(&format!("rules[{index}]"))?;
        }
        Ok(self)
    }

    /// The limit for a call, and the index of its rule: 0 is the general one.
    pub fn limit(&self, event: &str, tool: &dyn Fn() -> Option<String>) -> (usize, &Limit) {
        let covers = |rule: &Rule| {
            rule.events.as_ref().is_none_or(|globs| globs.matches(event))
                && rule.tools.as_ref().is_none_or(|globs| tool().is_some_and(|name| globs.matches(&name)))
        };
        match self.rules.iter().enumerate().find(|(_, rule)| covers(rule)) {
            Some((index, rule)) => (index + 1, &rule.resolved),
            None => (0, &self.general),
        }
    }
}

impl Limit {
    /// These maximums keep every product within 64 bits.
    fn check(&self, place: &str) -> Result<(), String> {
        const MOST_CALLS: i64 = 1_000_000_000;
        const LONGEST: i64 = 24 * 60 * 60 * 1000;
        if !(1..=MOST_CALLS).contains(&self.limit) {
            return Err(format!("{place}: `limit` must be 1 to {MOST_CALLS}, not {}", self.limit));
        }
        if !(1..=LONGEST).contains(&self.window_ms) {
            return Err(format!("{place}: `window_ms` must be 1 to {LONGEST} (one day), not {}", self.window_ms));
        }
        Ok(())
    }
}

impl Key {
    /// Its name for display.
    pub fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Session => "session",
            Self::Route => "route",
            Self::Tool => "tool",
            Self::Global => "gateway",
        }
    }
}
