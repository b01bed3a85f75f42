//! Shared by the integration tests: guests by name, scripted policies, chain cases, folders, processes, HTTP.
//!
//! Invariant: any error in here is a test failure, so helpers panic with a helpful message.
//!
//! Not here: tests. They are in `tests/all.rs`, whose `mod` lines describe each file.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test code; a panic is a test's failure")]

pub mod case;
pub mod folder;
pub mod guests;
pub mod http;
pub mod node;
pub mod python;
pub mod render;
pub mod repository;
pub mod scripted;
pub mod skip;
pub mod stdio;
pub mod weir;
