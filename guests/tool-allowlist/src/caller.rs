//! Whether a rule's conditions match a call.
//!
//! Invariant: an unknown attribute matches no condition, so an allow rule never applies by accident. A deny rule may
//! then not apply either: instead, deny to all and allow to some.

use serde_json::Value;

use crate::config::{Claim, Kind, When};

/// Looks up an attribute of the call.
pub type Attributes<'a> = &'a dyn Fn(&str) -> Option<String>;

impl When {
    /// Whether every condition matches.
    pub fn holds(&self, attributes: Attributes<'_>) -> bool {
        self.kind.is_none_or(|kind| attributes("principal.kind").as_deref() == Some(kind.name()))
            && self.id.as_ref().is_none_or(|glob| attributes("principal.id").is_some_and(|id| glob.matches(&id)))
            && self.server.as_ref().is_none_or(|glob| attributes("server").is_some_and(|name| glob.matches(&name)))
            && self.claim.as_ref().is_none_or(|claim| claim.holds(attributes))
    }
}

impl Claim {
    fn holds(&self, attributes: Attributes<'_>) -> bool {
        let Some(claims) = attributes("principal.claims") else { return false };
        let Ok(claims) = serde_json::from_str::<Value>(&claims) else { return false };
        match claims.pointer(&self.pointer) {
            Some(Value::Array(values)) => values.contains(&self.value),
            // RFC 8693: the claim `scope` is a space-separated list in one string.
            Some(Value::String(text)) if self.pointer.ends_with("/scope") => {
                self.value.as_str().is_some_and(|value| text == value || text.split(' ').any(|word| word == value))
            }
            Some(value) => *value == self.value,
            None => false,
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Anonymous => "anonymous",
        }
    }
}
