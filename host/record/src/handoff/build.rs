//! Putting a handoff together: each claim with what is stored about its call.

use serde_json::{Map, Value, json};

use super::claim::kind;
use super::evaluate::claims_of;
use super::{Claim, ClaimError, Found, Missing, Stored};
use crate::scrub_json;

/// A request to build a handoff, with claims that can and others that cannot be built.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildRequest {
    /// The claims in their order.
    pub claims: Vec<Result<Claim, ClaimError>>,
    raw: Vec<Value>,
}

/// Why a claim was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    /// Its place among the claims, from 0.
    pub index: usize,
    /// The name by which programs know the error.
    pub error: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

impl BuildRequest {
    /// Reads `{claims: […]}`. What is wrong with the request as a whole is the error; the caller answers it with 400.
    pub fn read(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else {
            return Err(format!("a request for a handoff is an object, and this is {}", kind(value)));
        };
        let raw = claims_of(members.get("claims"))?;
        Ok(Self { claims: raw.iter().map(Claim::read).collect(), raw: raw.to_vec() })
    }
}

/// Builds the handoff: `{handoff: {org, createdAt, trustedSnapshot, claims}, errors}`. `stored` has what was found
/// for each claim, in their order. The snapshot is `None` where trust is off.
pub fn build(
    request: &BuildRequest,
    stored: &[Found],
    org: Option<&str>,
    snapshot: Option<&[String]>,
    created_at: &str,
) -> Value {
    let mut claims = Vec::new();
    let mut errors = Vec::new();
    for (index, claim) in request.claims.iter().enumerate() {
        match (claim, stored.get(index).unwrap_or(&Err(Missing::NotFound))) {
            (Ok(claim), Ok(stored)) => claims.push(built(claim, stored)),
            (Ok(claim), Err(missing)) => {
                errors.push(BuildError { index, error: missing.name(), message: missing.told(claim) });
            }
            (Err(error), _) => errors.push(BuildError { index, error: error.name(), message: error.to_string() }),
        }
    }
    let errors: Vec<Value> = errors
        .into_iter()
        .map(|BuildError { index, error, message }| {
            let action = request.raw[index].get("actionName").cloned().unwrap_or_default();
            json!({ "index": index, "actionName": action, "error": error, "message": message })
        })
        .collect();
    json!({
        "handoff": { "org": org, "createdAt": created_at, "trustedSnapshot": snapshot, "claims": claims },
        "errors": errors,
    })
}

/// Copies only what is known: whatever else a caller wrote into a claim does not travel on.
fn built(claim: &Claim, stored: &Stored) -> Value {
    let Claim { agent_id, action_name, call_ref: _, url: _, mode, path, claimed, schema, min, max } = claim;
    let mut members = Map::new();
    members.insert("actionName".into(), json!(action_name));
    members.insert("agentId".into(), json!(agent_id));
    // From now on it is about this call, whatever is recorded later.
    members.insert("callRef".into(), json!(stored.call_ref));
    members.insert("url".into(), json!(stored.source_url));
    members.insert("mode".into(), json!(mode.as_str()));
    members.insert("path".into(), json!(path.as_str()));
    for (name, value) in [("claimed", claimed), ("schema", schema), ("min", min), ("max", max)] {
        if let Some(value) = value {
            members.insert(name.into(), value.clone());
        }
    }
    let (mut request, mut response) = (stored.request.clone(), stored.response.clone());
    // Of the request this was done before it was stored; the response is stored as it came, but travels without.
    scrub_json(&mut request);
    scrub_json(&mut response);
    members.insert("request".into(), request);
    members.insert("response".into(), response);
    Value::Object(members)
}
