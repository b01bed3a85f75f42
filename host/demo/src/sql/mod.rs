//! SQL over the sample tables: a restricted in-memory SQLite.
//!
//! Invariants: only a single SELECT over the sample tables ever runs; a query's text, nesting, time, rows and bytes are
//! limited; no file is used, not even for sorting; each process has its own database.

mod complaint;
mod database;
mod fence;
mod rows;
mod shop;

pub use database::Database;
