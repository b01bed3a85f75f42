//! `weir policy test`: a component against cases that are data.
//!
//! Invariants: every case starts with empty buckets; a policy is judged by what it answers, so it runs as if it were
//! active and fail-closed, whatever it declares.
//!
//! Not here: chains of several policies, and what a gateway makes of a verdict.

mod case;
mod compare;
mod find;
mod report;
mod run;
mod state;

pub use find::find;
pub use report::{CaseReport, Report, text};
pub use run::{engine, run};
