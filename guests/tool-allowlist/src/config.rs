//! The format of the configuration, and checks a deserializer cannot do.

use serde::Deserialize;
use serde_json::Value;
use weir_glob::{Glob, Globs};
use weir_sdk::pointer;

/// The configuration.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the built-in list of dangerous names applies.
    pub builtin_deny: bool,
    /// Tools that everyone may call; if absent, all that are not denied.
    pub allow: Option<Globs>,
    /// Tools that nobody may call.
    pub deny: Globs,
    /// Additional rules for some callers.
    pub rules: Vec<Rule>,
}

/// Patterns for the callers that `when` describes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The callers the rule applies to.
    pub when: When,
    /// Tools they may call.
    pub allow: Option<Globs>,
    /// Tools they may not call.
    #[serde(default)]
    pub deny: Globs,
}

/// Conditions on a call; all must match.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The principal's kind.
    pub kind: Option<Kind>,
    /// The principal's id.
    pub id: Option<Glob>,
    /// A condition on the principal's claims.
    pub claim: Option<Claim>,
    /// The server being called.
    pub server: Option<Glob>,
}

/// The kinds of principals.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person.
    User,
    /// A program.
    Service,
    /// Not identified.
    Anonymous,
}

/// A condition on the principal's claims.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The pointer into the claims.
    pub pointer: String,
    /// The required value, by itself or in a list.
    pub value: Value,
}

impl Default for Config {
    fn default() -> Self {
        Self { builtin_deny: true, allow: None, deny: Globs::default(), rules: Vec::new() }
    }
}

impl Config {
    /// Checks what the types cannot.
    pub fn check(&self) -> Result<(), String> {
        for (index, rule) in self.rules.iter().enumerate() {
            if let Some(claim) = &rule.when.claim {
                pointer::check(&claim.pointer).map_err(|error| format!("rules[{index}].when.claim: {error}"))?;
            }
            if rule.allow.is_none() && rule.deny.iter().next().is_none() {
                return Err(format!("rules[{index}] says nothing: give it `allow` or `deny`"));
            }
        }
        Ok(())
    }
}
