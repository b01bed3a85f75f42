//! The port to policy state kept between calls: buckets of bytes by key.
//!
//! Invariants: an implementation limits keys, bytes and age; every operation on one key is atomic. A policy cannot
//! reach another policy's bucket: the host sets the scope, never the guest.

use std::sync::Arc;

/// The owner of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The policy, by its name in the gateway.
    pub policy: Arc<str>,
    /// The session, for a session bucket; `None` for the policy's own bucket.
    pub session: Option<Arc<str>>,
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The key is too long, the value too large, or the bucket full.
    #[error("{0}")]
    Capacity(String),
    /// `increment` on a value that is not a number, or a sum that does not fit.
    #[error("the value is not a 64-bit number in decimal text, or the sum does not fit")]
    NotANumber,
    /// The store is not working.
    #[error("{0}")]
    Backend(String),
}

/// A value and its version, for compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The value; `None` if the key is not there.
    pub value: Option<Vec<u8>>,
    /// Increases with every write of the key; 0 if it was never written.
    pub version: u64,
}

/// The result of a compare-and-swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// The value was set.
    Done,
    /// The key has changed since; its current state.
    Stale(Versioned),
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPage {
    /// Keys in ascending order.
    pub keys: Vec<String>,
    /// The last key of this page if more follow.
    pub cursor: Option<String>,
}

/// Buckets in memory or in a database. Calls must return quickly: they block a guest.
pub trait StateStore: Send + Sync {
    /// The value and version of a key.
    fn get(&self, scope: &Scope, key: &str) -> Result<Versioned, StateError>;
    /// Sets a key.
    fn set(&self, scope: &Scope, key: &str, value: Vec<u8>) -> Result<(), StateError>;
    /// Removes a key; no error if it is not there.
    fn delete(&self, scope: &Scope, key: &str) -> Result<(), StateError>;
    /// Keys after the cursor.
    fn keys(&self, scope: &Scope, cursor: Option<&str>) -> Result<KeyPage, StateError>;
    /// Adds to the decimal number under a key (absent counts as 0) and returns the sum.
    fn increment(&self, scope: &Scope, key: &str, delta: i64) -> Result<i64, StateError>;
    /// Sets a key if its version has not changed.
    fn swap(&self, scope: &Scope, key: &str, version: u64, value: Vec<u8>) -> Result<Swap, StateError>;
}
