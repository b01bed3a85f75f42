//! The integration tests, one binary. Each line says what belongs there. Two stand apart, in binaries of their own:
//! `hostile` (guests that misbehave, with bounds on time) and `end_to_end` (the gateway as a process).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test code; a panic is a test's failure")]

/// What policies may reach beyond their call, and what bounds their answers.
mod capabilities;
/// Cases of `cases/chain`, each on core alone and through real components; cancellation.
mod chain;
/// Components and configurations that must not load, and what is said about them.
mod load_errors;
/// A surface made outside of the gateway, from its public names.
mod outside;
/// What holds for every chain, payload and override, with random ones.
mod properties;
/// When a policy that fails again and again is set aside.
mod quarantine;
/// What holds for the text of this repository: edges, sizes, heads, documentation.
mod tidy;
