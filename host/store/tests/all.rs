//! Tests of the real record stores: SQLite files and a PostgreSQL server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// PostgreSQL databases for tests.
mod database;
/// What the claims of a handoff are checked against.
mod handoffs;
/// The queue behind the records: one job for many.
mod jobs;
/// Crashes: a process killed in the middle of its work.
mod killed;
/// Specific to PostgreSQL: two writers, lost connections.
mod postgres;
/// Skips tests whose dependencies are missing, as the integration tests do.
#[path = "../../../tests/src/skip.rs"]
mod skip;
/// Specific to files: full, locked, removed, a later version.
mod sqlite;
/// The suite that every backend passes.
mod suite;
/// Stores and records for tests.
mod support;
/// What someone with access to the store can change, and whether the check finds it.
mod tampering;
/// The queue of records: bounds, groups, failures, draining.
mod writer;
