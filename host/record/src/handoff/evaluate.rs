//! Holding a handoff against what is stored.

use super::range::range;
use super::{Claim, Evaluation, Found, Handoff, Judgement, Missing, Mode, Outcome, Stored};
use crate::trust::{Decision, TrustIndex, is_in_snapshot};

/// Most places in which a schema is not met that are told.
const MAX_VIOLATIONS: usize = 5;

/// Checks a value against a JSON Schema, both in text: the places where it does not fit, or why the schema is none.
pub type SchemaPort<'a> = &'a (dyn Fn(&str, &str) -> Result<Vec<String>, String> + Sync);

/// What is known of trusted endpoints at the time of the evaluation.
#[derive(Debug, Clone, Copy)]
pub enum TrustGate<'a> {
    /// Trust is off: only the handoff's own snapshot counts, where it has one.
    Off,
    /// Trust is on: every claimed call must be in the snapshot and trusted now.
    On(&'a TrustIndex),
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
    for (index, (claim, said)) in handoff.claims.iter().zip(&handoff.said).enumerate() {
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
        evaluation.per_claim.push(Judgement::new(claim, said, found.as_ref().ok(), (outcome, detail)));
    }
    evaluation
}

fn trust_gate(handoff: &Handoff, stored: &[Found], gate: TrustGate<'_>) -> Option<String> {
    let mut urls: Vec<&str> = Vec::new();
    for (index, (claim, said)) in handoff.claims.iter().zip(&handoff.said).enumerate() {
        let told = [
            claim.as_ref().ok().and_then(|claim| claim.url.as_deref()),
            said.request_url.as_deref(),
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
    let Some(found) = claim.path.find(stored.response.part()) else {
        return (Outcome::Error, format!("the stored response has nothing at {:?}", claim.path.as_str()));
    };
    match claim.mode {
        Mode::Verbatim | Mode::FieldExtraction => match &claim.claimed {
            Some(claimed) if claimed.part() == found => (Outcome::Pass, "equal".to_owned()),
            Some(_) => (Outcome::Caught, "the claimed value is not the stored one".to_owned()),
            None => (Outcome::Error, "nothing is claimed".to_owned()),
        },
        Mode::SchemaType => match claim.schema().map(|wanted| schema(&wanted.to_string(), &found.to_string())) {
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
