//! `weir policy test`: runs a component against cases in JSON files.
//!
//! Invariants: every case starts with empty buckets; a policy always runs as active and fail-closed, whatever it
//! declares, so that its answers are tested.
//!
//! Not here: chains of several policies, and how a gateway acts on a verdict.

mod case;
mod compare;
mod find;
mod report;
mod run;
mod state;

pub use find::find;
pub use report::{CaseReport, Report, text};
pub use run::{engine, run};
