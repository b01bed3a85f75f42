//! The `weir` program: command line, configuration, composition, hot reload, telemetry.
//!
//! Invariants: nothing binds before everything is valid; standard output carries only results, the log goes to standard
//! error; only this crate wires the others together.
//!
//! Not here: what a policy may do (engine), what an exchange looks like (gateway), what a verdict is (core).

pub mod admin;
pub mod check;
pub mod cli;
pub mod config;
pub mod load;
pub mod output;
pub mod policy_test;
pub mod records;
pub mod reload;
pub mod running;
pub mod serve;
pub mod signals;
pub mod telemetry;
