//! The protocol's own members of params and results: the claimed revision, and the members that no policy may change.
//!
//! Invariant: whatever a mutator returns, the members that the two peers need to correlate messages (the progress
//! token, reserved keys of `_meta`, the state of a round, a result's type and how long it may be cached) keep their
//! original values.

use std::sync::Arc;

use weir_core::payload::escape;
use weir_core::{Edit, Payload};

use crate::json;
use crate::revision::Era;

const META: &str = "_meta";
const PROGRESS_TOKEN: &str = "progressToken";
const RESERVED: &str = "io.modelcontextprotocol/";
/// The member for the revision of a stateless request.
pub const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// The member for the client's capabilities.
pub const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const TRACEPARENT: &str = "traceparent";
const REQUEST_STATE: &[&str] = &["requestState"];
const OF_A_RESULT: &[&str] = &["resultType", "ttlMs", "cacheScope", "requestState"];

/// The revision that a request claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// None: it belongs to a session, or to none.
    Nothing,
    /// This one, for this request only.
    Revision(String),
    /// Ambiguous, or not a string.
    Unreadable,
}

/// What `_meta` of a message tells the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The claimed revision.
    pub claim: Claim,
    /// Whether it has the client's capabilities.
    pub has_capabilities: bool,
    /// The trace that the message belongs to.
    pub traceparent: Option<String>,
}

impl Meta {
    const NOTHING: Self = Self { claim: Claim::Nothing, has_capabilities: false, traceparent: None };

    /// Reads it from the params of a message.
    pub fn of(params: Option<&str>) -> Self {
        let Some(params) = params else { return Self::NOTHING };
        let Ok(members) = json::members(params) else { return Self::NOTHING };
        let mut metas = members.into_iter().filter(|member| member.name == META);
        let text = match (metas.next(), metas.next()) {
            (None, _) => return Self::NOTHING,
            (Some(meta), None) => &params[meta.value],
            (Some(_), Some(_)) => return Self { claim: Claim::Unreadable, ..Self::NOTHING },
        };
        let Ok(members) = json::members(text) else { return Self::NOTHING };
        let named = |name: &str| {
            let mut named = members.iter().filter(|member| member.name == name);
            (named.next().map(|member| json::string(&text[member.value.clone()])), named.next().is_some())
        };
        let claim = match named(VERSION) {
            (None, _) => Claim::Nothing,
            (Some(Some(version)), false) => Claim::Revision(version),
            (Some(_), _) => Claim::Unreadable,
        };
        let traceparent = match named(TRACEPARENT) {
            (Some(parent), false) => parent,
            _ => None,
        };
        Self { claim, has_capabilities: named(CAPABILITIES).0.is_some(), traceparent }
    }
}

/// Params changed by a policy, with protected members restored. The reason if they cannot be used.
pub fn keep_params(before: &Payload, after: &Arc<Payload>, era: Era) -> Result<Arc<Payload>, String> {
    let kept: &[&str] = if era == Era::Stateless { REQUEST_STATE } else { &[] };
    keep(before, after, kept, "params")
}

/// A result changed by a policy, with protected members restored. The reason if it cannot be used.
pub fn keep_result(before: &Payload, after: &Arc<Payload>, era: Era) -> Result<Arc<Payload>, String> {
    let kept = if era == Era::Stateless { OF_A_RESULT } else { &[] };
    keep(before, after, kept, "result")
}

/// The result marked private: a result that policies changed for one caller may not be served to another.
pub fn made_private(result: &Payload) -> Result<Arc<Payload>, String> {
    edited(result, &[set("/cacheScope".to_owned(), "\"private\"")])
}

/// The payload with the edits applied.
pub fn edited(payload: &Payload, edits: &[Edit]) -> Result<Arc<Payload>, String> {
    payload.edited(edits).map(Arc::new).map_err(|error| error.to_string())
}

/// The edit that sets a member.
pub fn set(pointer: String, value: &str) -> Edit {
    Edit { pointer, value: Some(value.to_owned()) }
}

fn keep(before: &Payload, after: &Arc<Payload>, kept: &[&str], what: &str) -> Result<Arc<Payload>, String> {
    if !after.text().trim_ascii_start().starts_with('{') {
        return Err(format!("the changed {what} are no object"));
    }
    let mut edits: Vec<Edit> = kept
        .iter()
        .filter_map(|name| {
            restore(format!("/{name}"), json::member(before.text(), name), json::member(after.text(), name))
        })
        .collect();
    let (old, new) = (json::member(before.text(), META), json::member(after.text(), META));
    let reserved = reserved(old);
    match new.filter(|meta| meta.starts_with('{')) {
        None if reserved.is_empty() => {}
        None => {
            edits.push(set(format!("/{META}"), "{}"));
            edits.extend(reserved.iter().map(|(name, value)| set(place(name), value)));
        }
        Some(meta) => {
            let changed = self::reserved(Some(meta));
            let of = |members: &[(String, &str)], name: &str| {
                members.iter().find(|(other, _)| other == name).map(|(_, value)| (*value).to_owned())
            };
            let names = reserved.iter().chain(changed.iter().filter(|(name, _)| of(&reserved, name).is_none()));
            edits.extend(names.filter_map(|(name, _)| {
                restore(place(name), of(&reserved, name).as_deref(), of(&changed, name).as_deref())
            }));
        }
    }
    if edits.is_empty() { Ok(Arc::clone(after)) } else { edited(after, &edits) }
}

fn place(name: &str) -> String {
    format!("/{META}/{}", escape(name))
}

/// The edit that restores a member; `None` if it is unchanged.
fn restore(pointer: String, before: Option<&str>, after: Option<&str>) -> Option<Edit> {
    match (before, after) {
        (before, after) if before == after => None,
        (Some(before), _) => Some(set(pointer, before)),
        (None, _) => Some(Edit { pointer, value: None }),
    }
}

fn reserved(meta: Option<&str>) -> Vec<(String, &str)> {
    let Some(meta) = meta else { return Vec::new() };
    let members = json::members(meta).unwrap_or_default().into_iter();
    members
        .filter(|member| member.name == PROGRESS_TOKEN || member.name.starts_with(RESERVED))
        .filter_map(|member| Some((member.name, meta.get(member.value)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_in_one_way_or_not_at_all() {
        for (params, expected) in [
            (
                r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#,
                Claim::Revision("2026-07-28".into()),
            ),
            (r#"{"_meta":{"io.modelcontextprotocol\/protocolVersion":"x"}}"#, Claim::Revision("x".into())),
            (r#"{"_meta":{}}"#, Claim::Nothing),
            (r#"{"_meta":1}"#, Claim::Nothing),
            (r#"[1]"#, Claim::Nothing),
            (r#"{}"#, Claim::Nothing),
            (r#"{"_meta":{},"_meta":{}}"#, Claim::Unreadable),
            (r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}"#, Claim::Unreadable),
        ] {
            assert_eq!(Meta::of(Some(params)).claim, expected, "{params}");
        }
        assert_eq!(Meta::of(None), Meta::NOTHING);
        assert_eq!(Meta::of(Some(r#"{"_meta":{"traceparent":"x"}}"#)).traceparent.as_deref(), Some("x"));
    }

    #[test]
    fn what_the_protocol_keeps_is_kept() {
        let before =
            r#"{"_meta":{"progressToken":7,"io.modelcontextprotocol/a":{"x":1.0},"own":1},"requestState":"s","a":1}"#;
        let before = Payload::parse(before).unwrap();
        for (after, expected) in [
            (
                r#"{"a":2}"#,
                r#"{"a":2,"requestState":"s","_meta":{"progressToken":7,"io.modelcontextprotocol/a":{"x":1.0}}}"#,
            ),
            (
                r#"{"_meta":{"progressToken":8,"io.modelcontextprotocol/b":1,"own":2},"requestState":"t"}"#,
                r#"{"_meta":{"progressToken":7,"own":2,"io.modelcontextprotocol/a":{"x":1.0}},"requestState":"s"}"#,
            ),
            (
                r#"{"_meta":[],"requestState":"s"}"#,
                r#"{"_meta":{"progressToken":7,"io.modelcontextprotocol/a":{"x":1.0}},"requestState":"s"}"#,
            ),
        ] {
            let after = Arc::new(Payload::parse(after).unwrap());
            assert_eq!(keep_params(&before, &after, Era::Stateless).unwrap().text(), expected);
        }
        let unchanged = Arc::new(before.clone());
        assert!(Arc::ptr_eq(&keep_params(&before, &unchanged, Era::Stateless).unwrap(), &unchanged));
        let list = Arc::new(Payload::parse("[]").unwrap());
        assert!(keep_params(&before, &list, Era::Session).is_err());
    }

    #[test]
    fn what_a_result_is_stays() {
        let before = Payload::parse(r#"{"resultType":"complete","ttlMs":5,"cacheScope":"public","tools":[]}"#).unwrap();
        let after = Arc::new(Payload::parse(r#"{"resultType":"input_required","requestState":"x"}"#).unwrap());
        let kept = keep_result(&before, &after, Era::Stateless).unwrap();
        assert_eq!(kept.text(), r#"{"resultType":"complete","ttlMs":5,"cacheScope":"public"}"#);
        assert!(made_private(&kept).unwrap().text().ends_with(r#""cacheScope":"private"}"#));
        assert!(Arc::ptr_eq(&keep_result(&before, &after, Era::Session).unwrap(), &after));
    }
}
