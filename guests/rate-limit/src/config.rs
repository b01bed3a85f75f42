//! The configuration: one general limit, and others in its place for some events and tools.

use serde::Deserialize;
use weir_glob::Globs;

/// What the operator wants.
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

/// How often, in which time, counted by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Calls that may pass.
    pub limit: i64,
    /// The time in which they may.
    pub window_ms: i64,
    /// What is counted apart.
    pub key: Key,
    /// How windows follow one another.
    pub algorithm: Algorithm,
}

/// A limit for some events, instead of the general one; what is absent is as in the general one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    events: Option<Globs>,
    tools: Option<Globs>,
    limit: Option<i64>,
    window_ms: Option<i64>,
    key: Option<Key>,
    algorithm: Option<Algorithm>,
    /// The rule with the general limit's values where its own are absent.
    #[serde(skip)]
    resolved: Limit,
}

/// What is counted apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// Each principal; whoever is not known by an id, by the session.
    #[default]
    Principal,
    /// Each session.
    Session,
    /// Each route.
    Route,
    /// Each tool, or event where no tool is named.
    Tool,
    /// Everything together.
    Global,
}

/// How windows follow one another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Each window starts from nothing.
    Fixed,
    /// The window before counts by the part of it that still lies within the time.
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
    /// Checks what the types do not, and fills in what rules leave to the general limit.
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

    /// The limit for a call and the place of its rule: 0 is the general one.
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
    /// Bounds keep every product of the arithmetic within 64 bits.
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
    /// The word for people.
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
