//! Putting a handoff together: each claim with what is stored about its call.

use serde::Serialize;

use super::{BuildRequest, Claim, Found, Missing, Mode, Stored};
use crate::{Json, scrub_json};

/// The answer to a request to build a handoff.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Built {
    /// What can be handed over.
    pub handoff: BuiltHandoff,
    /// Which claims were dropped.
    pub errors: Vec<BuildError>,
}

/// A handoff as it is handed over.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuiltHandoff {
    /// Whose trusted endpoints these are.
    pub org: Option<String>,
    /// When it was built.
    pub created_at: String,
    /// The trusted endpoints at that time; `None` where trust is off.
    pub trusted_snapshot: Option<Vec<String>>,
    /// The claims in their order.
    pub claims: Vec<BuiltClaim>,
}

/// A claim as it is handed over, with what is stored of its call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuiltClaim {
    action_name: String,
    agent_id: Option<String>,
    call_ref: String,
    url: String,
    mode: Mode,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Json>,
    request: Json,
    response: Json,
}

/// Why a claim was dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildError {
    /// Its place among the claims, from 0.
    pub index: usize,
    /// The action that it names, whatever that is.
    pub action_name: Json,
    /// The name by which programs know the error.
    pub error: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

/// Builds the handoff. `stored` has what was found for each claim, in their order. The snapshot is `None` where trust
/// is off.
pub fn build(
    request: &BuildRequest,
    stored: &[Found],
    org: Option<&str>,
    snapshot: Option<&[String]>,
    created_at: &str,
) -> Built {
    let mut claims = Vec::new();
    let mut errors = Vec::new();
    for (index, (claim, said)) in request.claims.iter().zip(&request.said).enumerate() {
        let (error, message) = match (claim, stored.get(index).unwrap_or(&Err(Missing::NotFound))) {
            (Ok(claim), Ok(stored)) => {
                claims.push(BuiltClaim::of(claim, stored));
                continue;
            }
            (Ok(claim), Err(missing)) => (missing.name(), missing.told(claim)),
            (Err(error), _) => (error.name(), error.to_string()),
        };
        errors.push(BuildError { index, action_name: said.action_name.clone(), error, message });
    }
    let handoff = BuiltHandoff {
        org: org.map(str::to_owned),
        created_at: created_at.to_owned(),
        trusted_snapshot: snapshot.map(<[String]>::to_vec),
        claims,
    };
    Built { handoff, errors }
}

impl BuiltClaim {
    /// Copies only what is known: whatever else a caller wrote into a claim does not travel on.
    fn of(claim: &Claim, stored: &Stored) -> Self {
        let Claim { agent_id, action_name, call_ref: _, url: _, mode, path, claimed, schema, min, max } = claim.clone();
        let (mut request, mut response) = (stored.request.clone(), stored.response.clone());
        // Of the request this was done before it was stored; the response is stored as it came, but travels without.
        scrub_json(&mut request);
        scrub_json(&mut response);
        Self {
            action_name,
            agent_id,
            // From now on it is about this call, whatever is recorded later.
            call_ref: stored.call_ref.clone(),
            url: stored.source_url.clone(),
            mode,
            path: path.as_str().to_owned(),
            claimed,
            schema,
            min,
            max,
            request,
            response,
        }
    }
}
