//! The stores of records as they are: files of SQLite and a server of PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Databases of PostgreSQL to test with.
mod database;
/// What claims of a handoff are held against.
mod handoffs;
/// The queue behind the records: one job for many.
mod jobs;
/// What ends without warning: a process that is killed in the middle of its work.
mod killed;
/// What only PostgreSQL can meet: two writers, lost connections.
mod postgres;
/// Tests that need what is not there; as the integration tests skip theirs.
#[path = "../../../tests/src/skip.rs"]
mod skip;
/// What only a file can meet: no room, locks, being removed, a later version.
mod sqlite;
/// The suite that every backend passes.
mod suite;
/// Stores and records to test with.
mod support;
/// What a person with access to the store can change, and what the check says to it.
mod tampering;
/// The queue of records: bounds, groups, failures, draining.
mod writer;
