//! Reading handoffs and requests to build them, claim by claim: a claim that is none does not hide the others.

use super::{Claim, ClaimError, Evaluation, MAX_CLAIMS};
use crate::trust::Pattern;
use crate::{Json, Part};

/// A request to build a handoff, with claims that can and others that cannot be built.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildRequest {
    /// The claims in their order.
    pub claims: Vec<Result<Claim, ClaimError>>,
    pub(super) said: Vec<Said>,
}

/// A handoff that was read. Claims that are none are kept with what is wrong with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Handoff {
    /// The claims in their order.
    pub claims: Vec<Result<Claim, ClaimError>>,
    pub(super) said: Vec<Said>,
    pub(super) snapshot: Option<Vec<Pattern>>,
}

/// What a claim says of itself, whatever that is, to be told beside what it came to. `null` is what it does not say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) action_name: Json,
    pub(super) mode: Json,
    pub(super) claimed: Json,
    pub(super) path: Json,
    pub(super) call_ref: Json,
    /// Where the call went, as the request beside the claim has it.
    pub(super) request_url: Option<String>,
}

impl BuildRequest {
    /// Reads `{claims: […]}`. What is wrong with the request as a whole is the error; the caller answers it with 400.
    pub fn read(request: &Json) -> Result<Self, String> {
        let request = request.part();
        if !request.is_object() {
            return Err(format!("a request for a handoff is an object, and this is {}", request.kind()));
        }
        let (claims, said) = claims(request)?;
        Ok(Self { claims, said })
    }
}

impl Handoff {
    /// Reads the text of a handoff.
    pub fn parse(text: &[u8]) -> Result<Self, Evaluation> {
        let none = |error| Evaluation::malformed(format!("a handoff is JSON, and this is none: {error}"));
        Self::read(&serde_json::from_slice(text).map_err(none)?)
    }

    /// Reads a handoff: `{claims, trustedSnapshot?}`, by itself or as the member `handoff`.
    pub fn read(handoff: &Json) -> Result<Self, Evaluation> {
        let outer = handoff.part();
        if !outer.is_object() {
            return Err(Evaluation::malformed(format!("a handoff is an object, and this is {}", outer.kind())));
        }
        let inner = outer.member("handoff").unwrap_or(outer);
        if !inner.is_object() {
            return Err(Evaluation::malformed(format!("handoff is {}; give an object", inner.kind())));
        }
        let (claims, said) = claims(inner).map_err(Evaluation::malformed)?;
        let snapshot = inner.present("trustedSnapshot").map(snapshot).transpose()?;
        Ok(Self { claims, said, snapshot })
    }
}

fn snapshot(written: Part<'_>) -> Result<Vec<Pattern>, Evaluation> {
    let wrong = || Evaluation::malformed(format!("trustedSnapshot is {}; give a list of URLs", written.kind()));
    let entries = written.items().ok_or_else(wrong)?;
    // What cannot be read matches nothing.
    Ok(entries.filter_map(|entry| Pattern::parse(entry.text()?).ok()).collect())
}

type Claims = (Vec<Result<Claim, ClaimError>>, Vec<Said>);

fn claims(of: Part<'_>) -> Result<Claims, String> {
    let written = of.member("claims").ok_or("claims is not there; give a list")?;
    let claims = written.items().ok_or_else(|| format!("claims is {}; give a list", written.kind()))?;
    if claims.len() > MAX_CLAIMS {
        return Err(format!("there are {} claims; at most {MAX_CLAIMS} are allowed", claims.len()));
    }
    Ok(claims.map(|claim| (Claim::read(claim), Said::of(claim))).unzip())
}

impl Said {
    fn of(claim: Part<'_>) -> Self {
        let member = |name: &str| claim.member(name).map(Json::from).unwrap_or_default();
        let url = claim.member("request").and_then(|request| request.member("url")?.text());
        Self {
            action_name: member("actionName"),
            mode: member("mode"),
            claimed: member("claimed"),
            path: member("path"),
            call_ref: member("callRef"),
            request_url: url.map(str::to_owned),
        }
    }
}
