//! Handoffs: an agent tells another what it did, each claim beside the record that can prove it.
//!
//! Invariants: evaluation never fails on content, it says `ERROR`; a difference is `CAUGHT` only if the comparison
//! could be made; claims are held against the store, never against what the handoff itself says was stored; nothing
//! in a handoff carries a credential that a record's request named as one.
//!
//! Not here: looking records up, and JSON Schema. Both are handed in, so that everything here is a pure function.

mod build;
mod claim;
mod evaluate;
mod path;

pub use build::{BuildError, BuildRequest, build};
pub use claim::{Claim, ClaimError, Lookup, Mode};
pub use evaluate::{Evaluation, Handoff, Outcome, SchemaPort, TrustGate, evaluate};
pub use path::{Path, PathError};

/// Most claims in one handoff. Each costs a look into the store.
pub const MAX_CLAIMS: usize = 1000;

/// What is stored about a claimed call.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The exchange's reference.
    pub call_ref: String,
    /// Where the call went.
    pub source_url: String,
    /// The column `request_payload`.
    pub request: serde_json::Value,
    /// The column `raw_response`.
    pub response: serde_json::Value,
}

impl Stored {
    /// Takes the row's part in a handoff. `None` where its JSON was damaged in the store.
    pub fn of(row: &crate::record::Row) -> Option<Self> {
        Some(Self {
            call_ref: row.call_ref.clone(),
            source_url: row.source_url.clone(),
            request: serde_json::from_str(&row.request_payload).ok()?,
            response: serde_json::from_str(&row.raw_response).ok()?,
        })
    }
}
