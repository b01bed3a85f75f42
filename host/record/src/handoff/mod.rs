//! Handoffs: an agent tells another what it did, each claim beside the record that can prove it.
//!
//! Invariants: evaluation never fails on content, it says `ERROR`; a difference is `CAUGHT` only if the comparison
//! could be made; claims are held against the store, never against what the handoff itself says was stored; nothing
//! in a handoff carries a credential that a record's request named as one; what is held of records is bounded.
//!
//! Not here: looking records up, and JSON Schema. Both are handed in, so that everything here is a pure function.

mod build;
mod claim;
mod evaluate;
mod evaluation;
mod path;
mod range;
mod read;

pub use build::{BuildError, Built, BuiltClaim, BuiltHandoff, build};
pub use claim::{Claim, ClaimError, Lookup, Mode};
pub use evaluate::{SchemaPort, TrustGate, evaluate};
pub use evaluation::{Evaluation, Judgement, Outcome};
pub use path::{Path, PathError};
pub use read::{BuildRequest, Handoff};

use std::sync::Arc;

use crate::Json;

/// Most claims in one handoff. Each costs a look into the store.
pub const MAX_CLAIMS: usize = 1000;

/// Most bytes of records that one handoff is about, each counted as often as it is claimed: they are held parsed, and
/// answered whole.
pub const MAX_STORED_BYTES: usize = 16 << 20;

/// What is stored about a claimed call.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The exchange's reference.
    pub call_ref: String,
    /// Where the call went.
    pub source_url: String,
    /// The column `request_payload`.
    pub request: Json,
    /// The column `raw_response`.
    pub response: Json,
}

/// What was found for a claim.
pub type Found = Result<Arc<Stored>, Missing>;

/// Why nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    /// There is no such record.
    NotFound,
    /// Its JSON was damaged in the store.
    Damaged,
    /// More than [`MAX_STORED_BYTES`] would be held.
    TooLarge,
}

impl Stored {
    /// Takes the row's part in a handoff.
    pub fn of(row: &crate::Row) -> Found {
        let parsed = |text: &str| serde_json::from_str(text).map_err(|_| Missing::Damaged);
        Ok(Arc::new(Self {
            call_ref: row.call_ref.clone(),
            source_url: row.source_url.clone(),
            request: parsed(&row.request_payload)?,
            response: parsed(&row.raw_response)?,
        }))
    }
}

impl Missing {
    /// The name by which programs know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "record_not_found",
            Self::Damaged => "record_damaged",
            Self::TooLarge => "records_too_large",
        }
    }

    /// What is told of a claim for which it is so.
    fn told(self, claim: &Claim) -> String {
        let of = |claim: &Claim| {
            let agent = claim.agent_id.as_ref().map(|agent| format!(" of the agent {agent:?}")).unwrap_or_default();
            let action = Some(&claim.action_name).filter(|name| !name.is_empty());
            action.map(|action| format!(" of the action {action:?}{agent}")).unwrap_or(agent)
        };
        match (self, &claim.call_ref) {
            (Self::NotFound, Some(call_ref)) => format!("no record{} has the call ref {call_ref:?}", of(claim)),
            (Self::NotFound, None) => format!("there is no record{}", of(claim)),
            (Self::Damaged, _) => "what is stored of the call is damaged".to_owned(),
            (Self::TooLarge, _) => format!(
                "the records of this handoff have more than {} MiB together; hand over fewer claims at a time",
                MAX_STORED_BYTES >> 20
            ),
        }
    }
}
