//! SQL over the sample tables: SQLite in memory, with a fence around it.
//!
//! Invariants: nothing but a single SELECT over the sample tables is ever run; a query's text, nesting, time, rows and
//! bytes are bounded; no file is touched, not even for sorting; a process has its own database, and it ends with it.

mod complaint;
mod database;
mod fence;
mod rows;
mod shop;

pub use database::Database;
