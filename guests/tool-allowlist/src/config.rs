//! The configuration's form and what a deserializer cannot check.

use serde::Deserialize;
use serde_json::Value;
use weir_glob::{Glob, Globs};
use weir_sdk::pointer;

/// What the operator wants.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether the built-in list of dangerous names applies.
    pub builtin_deny: bool,
    /// Tools that everyone may call; absent: all that nothing denies.
    pub allow: Option<Globs>,
    /// Tools that nobody may call.
    pub deny: Globs,
    /// What holds for some callers in addition.
    pub rules: Vec<Rule>,
}

/// Patterns for the callers that `when` describes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Whom the rule is about.
    pub when: When,
    /// Tools that they may call.
    pub allow: Option<Globs>,
    /// Tools that they may not call.
    #[serde(default)]
    pub deny: Globs,
}

/// Conditions on a call, all of which have to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The principal's kind.
    pub kind: Option<Kind>,
    /// The principal's id.
    pub id: Option<Glob>,
    /// What the principal's claims say.
    pub claim: Option<Claim>,
    /// The server that the call goes to.
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
    /// Nobody that is known.
    Anonymous,
}

/// A condition on the principal's claims.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Where in the claims.
    pub pointer: String,
    /// What has to stand there, itself or in a list.
    pub value: Value,
}

impl Default for Config {
    fn default() -> Self {
        Self { builtin_deny: true, allow: None, deny: Globs::default(), rules: Vec::new() }
    }
}

impl Config {
    /// Checks what the types do not.
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
