//! Which endpoints may be called: normal forms of URLs, patterns over them, and the decision over a registry.
//!
//! Invariants: what has no normal form is not trusted; a pattern matches a whole URL, anchored at both ends; nothing
//! in a pattern but its placeholders is more than the text that it is.
//!
//! Not here: where the registry is kept, and which calls are checked.

mod index;
mod pattern;
mod url;

pub use index::{Decision, TrustIndex, is_in_snapshot, untrusted_message};
pub use pattern::{Pattern, PatternError};
pub use url::normalise;

use serde::Serialize;

/// What a match with an endpoint of the registry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Trusted. The usual tier: whatever matches nothing is blocked.
    Block,
    /// Tolerated: the call passes, and that it did is told as a warning.
    Warn,
}

/// One entry of the registry. In JSON its names are camelCase, and absent fields are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its identifier.
    pub id: String,
    /// The organisation whose calls it is for.
    pub org: String,
    /// The URL or pattern as it was given.
    pub url: String,
    /// Its normal form, which is what is compared.
    pub normalized_url: String,
    /// What people call it.
    pub label: Option<String>,
    /// What a match means.
    pub tier: Tier,
    /// When it was added: RFC 3339 in UTC.
    pub created_at: String,
    /// When it was revoked, if it was.
    pub revoked_at: Option<String>,
    /// Who added it, as far as that is known.
    pub created_by: Option<String>,
}

impl Tier {
    /// The word used in JSON and stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
        }
    }

    /// Reads the word that [`Tier::as_str`] writes.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "block" => Some(Self::Block),
            "warn" => Some(Self::Warn),
            _ => None,
        }
    }
}
