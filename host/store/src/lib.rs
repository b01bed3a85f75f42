//! Where things are kept, one module per backend: the state of policies, and the records with what belongs to them.
//!
//! Invariants: every backend is bounded; every operation on one key is atomic; records are written by one task, in
//! groups, each group whole or not at all; what was accepted and not written is known by its reference.
//!
//! Not here: who may reach what, which calls are recorded, and where the configuration says that things are kept.

pub mod chain;
pub mod handoffs;
pub mod jobs;
mod journal;
mod memory;
mod open;
mod port;
mod postgres;
mod sql;
mod sqlite;
mod tls;
mod worker;
mod writer;

pub use journal::{Journal, JournalError};
pub use memory::{MemoryState, MemoryStateOptions};
pub use open::{Access, StoreAddress, StoreOptions, open};
pub use port::{
    AddEndpoint, Added, Appended, Attempt, AuditEvent, AuditPage, AuditStore, Counts, Cursor, Filter, RecordPage,
    RecordStore, Store, StoreError, Time, TrustPage, TrustStore,
};
pub use writer::{
    Admission, Counters, Drained, Loss, OnCommit, Permit, QueueState, Recorder, WhenFull, Writer, WriterOptions,
};

use std::time::SystemTime;

/// Now, as RFC 3339 in UTC with milliseconds: the form of every time that is kept, in which texts sort as times.
pub fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
