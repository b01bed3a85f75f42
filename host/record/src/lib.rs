//! The rules of what is kept of exchanges: rows and the chain of hashes over them, the registry of trusted endpoints,
//! and handoffs, whose claims are held against rows.
//!
//! Invariants: headers and cookies have no place in a row; credentials in URLs and in what a caller sent are gone
//! before a row exists; a row that exists can be written by every store, byte for byte; the same inputs give the same
//! row, the same decision and the same evaluation.
//!
//! Not here: sockets, clocks, tasks, files, the environment; storing, and the decision which exchanges are recorded.

mod canonical;
pub mod chain;
mod decision;
mod form;
pub mod handoff;
mod json;
mod mode;
mod payload;
mod record;
mod row;
mod scrub;
pub mod trust;

pub use decision::{Decision, decision};
pub use form::{LatestForm, RowForm, latest_form, row_form};
pub use json::{Json, Part};
pub use mode::RecordMode;
pub use payload::{Body, Excerpt, Parameters, RequestPayload, parameters};
pub use record::{MAX_LABEL, Record, RecordParts, Status};
pub use row::{Cell, Column, FIRST_PREVIOUS_HASH, Row};
pub use scrub::{REDACTED, scrub_json, scrub_url};
