//! The gateway as a process: the real binary, real sockets, real clients and upstreams.
//!
//! Needs the guests and the binary; `cargo xtask test --suite end-to-end` builds both first.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test code; a panic is a test's failure")]

/// The admin surface: health, policies, routes, metrics, chains.
mod admin;
/// Clients of other makers against `weir demo`: curl, and the MCP client of PyPI.
mod clients;
/// Contexts, records, trust and handoffs.
mod contexts;
/// Databases of PostgreSQL to test with; those of the store's own tests.
#[path = "../../../host/store/tests/database.rs"]
mod database;
/// The end of the process.
mod drain;
/// The interceptor server and its users: another gateway, the public MCP client, callers with configurations.
mod interceptors;
/// Records through a crash, on either store, and on the command line afterwards.
mod kept;
/// What callers are told when a call does not go through.
mod refusals;
/// Folders that are not right: everything is said, nothing binds.
mod refused_folders;
/// The folder changes while calls run.
mod reload;
/// Folders that the tests serve.
mod sample;
/// MCP servers that speak over standard streams.
mod stdio;

// The databases look for it here.
use weir_tests::skip;
