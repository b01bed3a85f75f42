//! The decision over all active endpoints of one organisation.

use std::collections::HashMap;

use super::{Endpoint, Pattern, Tier, normalise};

/// What a call to a URL may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may go.
    Trusted,
    /// It may go, and that is told.
    Warn,
    /// It may not.
    Untrusted,
}

/// The active endpoints, ready to be compared with many calls.
#[derive(Debug, Clone, Default)]
pub struct TrustIndex {
    literal: HashMap<String, Tier>,
    patterns: Vec<(Pattern, Tier)>,
    snapshot: Vec<String>,
}

impl TrustIndex {
    /// Takes the endpoints that are not revoked. One whose URL cannot be read matches nothing.
    pub fn new<'a>(endpoints: impl IntoIterator<Item = &'a Endpoint>) -> Self {
        let mut index = Self::default();
        for endpoint in endpoints.into_iter().filter(|endpoint| endpoint.revoked_at.is_none()) {
            let Ok(pattern) = Pattern::parse(&endpoint.url) else { continue };
            index.snapshot.push(pattern.as_str().to_owned());
            if pattern.is_literal() {
                let tier = index.literal.entry(pattern.as_str().to_owned()).or_insert(endpoint.tier);
                *tier = (*tier).min(endpoint.tier);
            } else {
                index.patterns.push((pattern, endpoint.tier));
            }
        }
        index.snapshot.sort_unstable();
        index.snapshot.dedup();
        index
    }

    /// What a call to this URL may do. Where endpoints of both tiers match, trust wins.
    pub fn decide(&self, url: &str) -> Decision {
        let Some(normalised) = normalise(url) else { return Decision::Untrusted };
        let patterns = self.patterns.iter().filter(|(pattern, _)| pattern.matches(&normalised)).map(|(_, tier)| *tier);
        match self.literal.get(&normalised).copied().into_iter().chain(patterns).min() {
            Some(Tier::Block) => Decision::Trusted,
            Some(Tier::Warn) => Decision::Warn,
            None => Decision::Untrusted,
        }
    }

    /// The normal forms of all of them, sorted: what a handoff carries along.
    pub fn snapshot(&self) -> &[String] {
        &self.snapshot
    }
}

/// Whether a URL is one of those that a handoff carries along.
pub fn is_in_snapshot(url: &str, snapshot: &[Pattern]) -> bool {
    normalise(url).is_some_and(|normalised| snapshot.iter().any(|pattern| pattern.matches(&normalised)))
}

/// What a caller is told whose endpoint is not trusted. User information and query are left out: they may be secrets.
pub fn untrusted_message(url: &str, org: &str) -> String {
    let shown = normalise(url).unwrap_or_else(|| {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let start = url[..end].rfind('@').map_or(0, |at| at + 1);
        url[start..end].chars().filter(|c| !c.is_control()).take(256).collect()
    });
    format!("BLOCKED: endpoint {shown} not in trusted index for org {org}")
}
