//! Where things are kept, one file per backend.
//!
//! Invariants: every backend is bounded; every operation on one key is atomic.
//!
//! Not here: who may reach what. A scope is made by whoever calls.

mod memory;

pub use memory::{MemoryState, MemoryStateOptions};
