//! Storage, one module per backend: policy state, and records with related data.
//!
//! Invariants: every backend is bounded; every operation on one key is atomic; one task writes records, in groups that
//! are committed whole or not at all; every accepted record that was not written is known by its reference.
//!
//! Not here: access rules, which calls are recorded, and where the configuration puts the store.

mod address;
pub mod chain;
pub mod handoffs;
pub mod jobs;
mod journal;
mod memory;
mod open;
mod options;
mod port;
mod postgres;
mod sql;
mod sqlite;
mod tls;
mod worker;
mod writer;

pub use address::StoreAddress;
pub use journal::{Journal, JournalError};
pub use memory::{MemoryState, MemoryStateOptions};
pub use open::open;
pub use options::{Access, StoreOptions};
pub use port::{
    AddEndpoint, Added, Appended, Attempt, AuditEvent, AuditPage, AuditStore, Counts, Cursor, Filter, RecordPage,
    RecordStore, Store, StoreError, Time, TrustPage, TrustStore,
};
pub use writer::{
    Admission, Counters, Drained, Loss, OnCommit, Permit, QueueState, Recorder, WhenFull, Writer, WriterOptions,
};

use std::time::SystemTime;

/// The current time as RFC 3339 in UTC with milliseconds. All stored times have this form, so they sort as text.
pub fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
