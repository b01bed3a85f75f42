//! Which calls are counted together, as a bucket key.
//!
//! Invariants: two subjects never share a key; a key is short, whatever name a caller chose.

use sha2::{Digest, Sha256};

use crate::config::Key;

/// The key of a call under the rule with this index.
pub fn key(
    by: Key,
    rule: usize,
    event: &str,
    tool: &dyn Fn() -> Option<String>,
    attribute: &dyn Fn(&str) -> Option<String>,
) -> String {
    let known = |kind: &str, name: Option<String>| name.map(|name| format!("{kind}={}", short(&name)));
    let session = || known("session", attribute("session-id"));
    let subject = match by {
        Key::Principal => {
            let anonymous = attribute("principal.kind").is_none_or(|kind| kind == "anonymous");
            let id = attribute("principal.id").filter(|_| !anonymous);
            // A user and a service may have the same id.
            let kind = attribute("principal.kind").unwrap_or_default();
            known(&kind, id).or_else(session)
        }
        Key::Session => session(),
        Key::Route => known("route", attribute("route")),
        Key::Tool => known("tool", tool()).or_else(|| known("event", Some(event.to_owned()))),
        Key::Global => None,
    };
    format!("{rule}:{}", subject.as_deref().unwrap_or("all"))
}

/// A short name unchanged; the digest of a long one.
fn short(name: &str) -> String {
    const MOST: usize = 96;
    if name.len() <= MOST {
        return format!("'{name}'");
    }
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(by: Key, attributes: &[(&str, &str)], tool: Option<&str>) -> String {
        let attribute =
            |wanted: &str| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
        key(by, 0, "tools/call", &|| tool.map(str::to_owned), &attribute)
    }

    #[test]
    fn whoever_is_not_known_counts_by_session() {
        let ann = [("principal.kind", "user"), ("principal.id", "ann"), ("session-id", "s1")];
        assert_eq!(of(Key::Principal, &ann, None), "0:user='ann'");
        let anonymous = [("principal.kind", "anonymous"), ("principal.id", "ann"), ("session-id", "s1")];
        assert_eq!(of(Key::Principal, &anonymous, None), "0:session='s1'");
        assert_eq!(of(Key::Principal, &[], None), "0:all");
        assert_eq!(of(Key::Tool, &[], Some("read")), "0:tool='read'");
        assert_eq!(of(Key::Tool, &[], None), "0:event='tools/call'");
        assert_eq!(of(Key::Global, &ann, None), "0:all");
    }

    #[test]
    fn keys_stay_short() {
        let long = "x".repeat(100_000);
        let key = of(Key::Tool, &[], Some(&long));
        assert!(key.len() < 128);
        assert_ne!(key, of(Key::Tool, &[], Some(&long[1..])));
    }
}
