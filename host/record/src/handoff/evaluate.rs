//! Holding a handoff against what is stored.

use std::fmt;

use serde_json::{Value, json};

use super::claim::kind;
use super::{Claim, ClaimError, Found, MAX_CLAIMS, Missing, Mode, Stored};
use crate::canonical::equal;
use crate::trust::{Decision, Pattern, TrustIndex, is_in_snapshot};

/// How far a claimed number may lie from the stored one.
const TOLERANCE: f64 = 1e-9;

/// Most places in which a schema is not met that are told.
const MAX_VIOLATIONS: usize = 5;

/// What an evaluation, or one claim of it, came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// What was claimed is what is stored.
    Pass,
    /// It could not be compared.
    Error,
    /// It is not what is stored.
    Caught,
}

/// Checks a value against a JSON Schema: the places where it does not fit, or why the schema is none.
pub type SchemaPort<'a> = &'a (dyn Fn(&Value, &Value) -> Result<Vec<String>, String> + Sync);

/// What is known of trusted endpoints at the time of the evaluation.
#[derive(Debug, Clone, Copy)]
pub enum TrustGate<'a> {
    /// Trust is off: only the handoff's own snapshot counts, where it has one.
    Off,
    /// Trust is on: every claimed call must be in the snapshot and trusted now.
    On(&'a TrustIndex),
}

/// A handoff that was read. Claims that are none are kept with what is wrong with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Handoff {
    /// The claims in their order.
    pub claims: Vec<Result<Claim, ClaimError>>,
    raw: Vec<Value>,
    snapshot: Option<Vec<Pattern>>,
}

/// The answer to an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Over all claims: caught before error before pass.
    pub outcome: Outcome,
    /// One entry for each claim; none if the handoff was caught or malformed as a whole.
    pub per_claim: Vec<Value>,
    /// What went wrong, for people.
    pub errors: Vec<String>,
}

impl Outcome {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Error => "ERROR",
            Self::Caught => "CAUGHT",
        }
    }
}

impl Evaluation {
    /// What a text that is no handoff comes to.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Error, per_claim: Vec::new(), errors: vec![message.into()] }
    }

    /// `{outcome, perClaim, errors}`.
    pub fn to_json(&self) -> Value {
        json!({ "outcome": self.outcome.as_str(), "perClaim": self.per_claim, "errors": self.errors })
    }
}

impl Handoff {
    /// Reads a handoff: `{claims, trustedSnapshot?}`, by itself or as the member `handoff`.
    pub fn read(value: &Value) -> Result<Self, Evaluation> {
        let Value::Object(outer) = value else {
            return Err(Evaluation::malformed(format!("a handoff is an object, and this is {}", kind(value))));
        };
        let members = match outer.get("handoff") {
            Some(Value::Object(inner)) => inner,
            Some(other) => {
                return Err(Evaluation::malformed(format!("handoff is {}; give an object", kind(other))));
            }
            None => outer,
        };
        let raw = claims_of(members.get("claims")).map_err(Evaluation::malformed)?;
        let snapshot = match members.get("trustedSnapshot") {
            None | Some(Value::Null) => None,
            Some(Value::Array(entries)) => {
                // What cannot be read matches nothing.
                Some(entries.iter().filter_map(|entry| Pattern::parse(entry.as_str()?).ok()).collect())
            }
            Some(other) => {
                return Err(Evaluation::malformed(format!("trustedSnapshot is {}; give a list of URLs", kind(other))));
            }
        };
        Ok(Self { claims: raw.iter().map(Claim::read).collect(), raw: raw.to_vec(), snapshot })
    }
}

/// The claims of a handoff or of a request to build one.
pub(super) fn claims_of(member: Option<&Value>) -> Result<&[Value], String> {
    match member {
        Some(Value::Array(claims)) if claims.len() > MAX_CLAIMS => {
            Err(format!("there are {} claims; at most {MAX_CLAIMS} are allowed", claims.len()))
        }
        Some(Value::Array(claims)) => Ok(claims),
        Some(other) => Err(format!("claims is {}; give a list", kind(other))),
        None => Err("claims is not there; give a list".to_owned()),
    }
}

/// Evaluates a handoff. `stored` has what was found for each claim, in their order; a missing one is not found.
pub fn evaluate(handoff: &Handoff, stored: &[Found], gate: TrustGate<'_>, schema: SchemaPort<'_>) -> Evaluation {
    if handoff.claims.is_empty() {
        return Evaluation::malformed("the handoff has no claims, so there is nothing to check");
    }
    if let Some(error) = trust_gate(handoff, stored, gate) {
        return Evaluation { outcome: Outcome::Caught, per_claim: Vec::new(), errors: vec![error] };
    }
    let mut evaluation = Evaluation { outcome: Outcome::Pass, per_claim: Vec::new(), errors: Vec::new() };
    for (index, claim) in handoff.claims.iter().enumerate() {
        let found = stored.get(index).unwrap_or(&Err(Missing::NotFound));
        let (outcome, detail) = match (claim, found) {
            (Ok(claim), Ok(stored)) => check(claim, stored, schema),
            (Ok(claim), Err(missing)) => (Outcome::Error, missing.told(claim)),
            (Err(error), _) => (Outcome::Error, error.to_string()),
        };
        if outcome != Outcome::Pass {
            evaluation.errors.push(format!("claim {}: {detail}", index + 1));
        }
        evaluation.outcome = evaluation.outcome.max(outcome);
        evaluation.per_claim.push(entry(claim, &handoff.raw[index], found.as_deref().ok(), outcome, &detail));
    }
    evaluation
}

fn trust_gate(handoff: &Handoff, stored: &[Found], gate: TrustGate<'_>) -> Option<String> {
    let mut urls: Vec<&str> = Vec::new();
    for (index, claim) in handoff.claims.iter().enumerate() {
        let told = [
            claim.as_ref().ok().and_then(|claim| claim.url.as_deref()),
            handoff.raw[index].pointer("/request/url").and_then(Value::as_str),
            stored.get(index).and_then(|found| found.as_ref().ok()).map(|stored| stored.source_url.as_str()),
        ];
        for url in told.into_iter().flatten() {
            // A server that is a process has no endpoint to trust.
            if !url.starts_with("stdio://") && !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    let listed = |urls: Vec<&str>| urls.into_iter().map(crate::scrub_url).collect::<Vec<_>>().join(", ");
    let none = Vec::new();
    let snapshot = match (&handoff.snapshot, gate) {
        (None, TrustGate::Off) => None,
        // With trust on, a handoff without a snapshot vouches for nothing.
        (None, TrustGate::On(_)) => Some(&none),
        (Some(snapshot), _) => Some(snapshot),
    };
    if let Some(snapshot) = snapshot {
        let outside: Vec<&str> = urls.iter().copied().filter(|url| !is_in_snapshot(url, snapshot)).collect();
        if !outside.is_empty() {
            return Some(format!(
                "trust gate: handoff has endpoints missing from trusted snapshot: {}",
                listed(outside)
            ));
        }
    }
    let TrustGate::On(index) = gate else { return None };
    let untrusted: Vec<&str> = urls.iter().copied().filter(|url| index.decide(url) == Decision::Untrusted).collect();
    (!untrusted.is_empty()).then(|| format!("trust gate: handoff has untrusted endpoints: {}", listed(untrusted)))
}

fn check(claim: &Claim, stored: &Stored, schema: SchemaPort<'_>) -> (Outcome, String) {
    let Some(found) = claim.path.find(&stored.response) else {
        return (Outcome::Error, format!("the stored response has nothing at {:?}", claim.path.as_str()));
    };
    match claim.mode {
        Mode::Verbatim | Mode::FieldExtraction => match &claim.claimed {
            Some(claimed) if equal(claimed, found) => (Outcome::Pass, "equal".to_owned()),
            Some(_) => (Outcome::Caught, "the claimed value is not the stored one".to_owned()),
            None => (Outcome::Error, "nothing is claimed".to_owned()),
        },
        Mode::SchemaType => match claim.schema().map(|wanted| schema(wanted, found)) {
            Some(Ok(violations)) if violations.is_empty() => (Outcome::Pass, "it fits the schema".to_owned()),
            Some(Ok(violations)) => {
                let told = violations.into_iter().take(MAX_VIOLATIONS).collect::<Vec<_>>().join("; ");
                (Outcome::Caught, format!("the stored value does not fit the schema: {told}"))
            }
            Some(Err(reason)) => (Outcome::Error, format!("the schema cannot be used: {reason}")),
            None => (Outcome::Error, "there is no schema".to_owned()),
        },
        Mode::RangeThreshold => range(claim, found).unwrap_or_else(|reason| (Outcome::Error, reason)),
    }
}

fn range(claim: &Claim, found: &Value) -> Result<(Outcome, String), String> {
    let stored = Number::read("the stored value", found)?;
    let read = |what, value: &Option<Value>| value.as_ref().map(|value| Number::read(what, value)).transpose();
    let (min, max) = (read("min", &claim.min)?, read("max", &claim.max)?);
    let claimed = read("the claimed value", &claim.claimed)?;
    if let (Some(min), Some(max)) = (min, max)
        && max.is_below(min)
    {
        return Err(format!("min {min} is above max {max}"));
    }
    let caught = |detail: String| Ok((Outcome::Caught, detail));
    match (min, max, claimed) {
        (Some(min), ..) if stored.is_below(min) => caught(format!("the stored {stored} is below {min}")),
        (_, Some(max), _) if max.is_below(stored) => caught(format!("the stored {stored} is above {max}")),
        (.., Some(claimed)) if !claimed.is_about(stored) => {
            caught(format!("the claimed {claimed} is not the stored {stored}"))
        }
        _ => Ok((Outcome::Pass, "within the bounds".to_owned())),
    }
}

/// A number of JSON. Whole ones are compared as such: a binary fraction does not tell two large ones apart.
#[derive(Clone, Copy)]
struct Number {
    whole: Option<i128>,
    fraction: f64,
}

impl Number {
    /// A boolean is no number, and neither is one that a binary fraction cannot hold.
    fn read(what: &str, value: &Value) -> Result<Self, String> {
        let Value::Number(number) = value else { return Err(format!("{what} is {}, not a number", kind(value))) };
        let fraction = number.as_f64().filter(|fraction| fraction.is_finite());
        let fraction = fraction.ok_or_else(|| format!("{what} is a number beyond all bounds"))?;
        Ok(Self { whole: number.to_string().parse().ok(), fraction })
    }

    fn is_below(self, other: Self) -> bool {
        match (self.whole, other.whole) {
            (Some(one), Some(other)) => one < other,
            _ => self.fraction < other.fraction,
        }
    }

    fn is_about(self, other: Self) -> bool {
        match (self.whole, other.whole) {
            (Some(one), Some(other)) => one == other,
            _ => (self.fraction - other.fraction).abs() <= TOLERANCE,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole {
            Some(whole) => whole.fmt(f),
            None => self.fraction.fmt(f),
        }
    }
}

fn entry(
    claim: &Result<Claim, ClaimError>,
    raw: &Value,
    stored: Option<&Stored>,
    outcome: Outcome,
    detail: &str,
) -> Value {
    let told = |member: &str| raw.get(member).cloned().unwrap_or_default();
    let path = claim.as_ref().ok().map(|claim| &claim.path);
    json!({
        "actionName": told("actionName"),
        "mode": claim.as_ref().map_or_else(|_| told("mode"), |claim| json!(claim.mode.as_str())),
        "claimed": told("claimed"),
        "path": told("path"),
        "stored": stored.map(|stored| &stored.response),
        "storedAtPath": stored.zip(path).and_then(|(stored, path)| path.find(&stored.response)),
        "result": outcome.as_str(),
        "detail": detail,
        "callRef": stored.map_or_else(|| told("callRef"), |stored| json!(stored.call_ref)),
    })
}
