//! The daemon's tests from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// What a run comes to, for all of them.
mod shown;

/// What a `weir.toml` resolves to, or what is reported about it: one data file each.
mod config;

/// The program as people and scripts meet it: texts, JSON and exit codes.
mod cli;

/// `weir records` over stores that are right, altered, and not there.
mod records;

/// Serving: the ready line, hot reload, signals.
mod serve;
