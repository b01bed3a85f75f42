//! What an evaluation comes to, over all claims and for each of them.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::read::Said;
use super::{Claim, ClaimError, Mode, Path, Stored};
use crate::{Json, Part};

/// What an evaluation, or one claim of it, came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// What was claimed is what is stored.
    Pass,
    /// It could not be compared.
    Error,
    /// It is not what is stored.
    Caught,
}

/// The answer to an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// Over all claims: caught before error before pass.
    pub outcome: Outcome,
    /// One entry for each claim; none if the handoff was caught or malformed as a whole.
    pub per_claim: Vec<Judgement>,
    /// What went wrong, for people.
    pub errors: Vec<String>,
}

/// What one claim came to, beside what it says and what is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) detail: String,
    said: Said,
    read: Option<(Mode, Path)>,
    stored: Option<Arc<Stored>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JudgementForm<'j> {
    action_name: &'j Json,
    mode: OrSaid<'j, Mode>,
    claimed: &'j Json,
    path: &'j Json,
    stored: Option<&'j Json>,
    stored_at_path: Option<Part<'j>>,
    result: Outcome,
    detail: &'j str,
    call_ref: OrSaid<'j, &'j str>,
}

/// What is known, or what the claim says instead.
#[derive(Serialize)]
#[serde(untagged)]
enum OrSaid<'j, T> {
    Known(T),
    Said(&'j Json),
}

impl Evaluation {
    /// What a text that is no handoff comes to.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Error, per_claim: Vec::new(), errors: vec![message.into()] }
    }
}

impl Judgement {
    pub(super) fn new(
        claim: &Result<Claim, ClaimError>,
        said: &Said,
        stored: Option<&Arc<Stored>>,
        (outcome, detail): (Outcome, String),
    ) -> Self {
        let read = claim.as_ref().ok().map(|claim| (claim.mode, claim.path.clone()));
        Self { outcome, detail, said: said.clone(), read, stored: stored.map(Arc::clone) }
    }
}

impl Serialize for Judgement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { outcome, detail, said, read, stored } = self;
        let at_path =
            stored.as_ref().zip(read.as_ref()).and_then(|(stored, (_, path))| path.find(stored.response.part()));
        let form = JudgementForm {
            action_name: &said.action_name,
            mode: read.as_ref().map_or(OrSaid::Said(&said.mode), |(mode, _)| OrSaid::Known(*mode)),
            claimed: &said.claimed,
            path: &said.path,
            stored: stored.as_ref().map(|stored| &stored.response),
            stored_at_path: at_path,
            result: *outcome,
            detail,
            call_ref: stored.as_ref().map_or(OrSaid::Said(&said.call_ref), |stored| OrSaid::Known(&stored.call_ref)),
        };
        form.serialize(serializer)
    }
}
