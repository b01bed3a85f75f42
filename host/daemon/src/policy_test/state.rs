//! State that is cleared between cases.

use std::sync::Arc;

use parking_lot::RwLock;
use weir_core::state::{KeyPage, Scope, StateError, StateStore, Swap, Versioned};
use weir_store::{MemoryState, MemoryStateOptions};

/// In-memory state that can be cleared while policies keep their handle.
pub struct CaseState {
    present: RwLock<Arc<MemoryState>>,
}

impl CaseState {
    /// Empty buckets.
    pub fn new() -> Self {
        Self { present: RwLock::new(Arc::new(MemoryState::new(MemoryStateOptions::default()))) }
    }

    /// Empties all buckets.
    pub fn clear(&self) {
        let fresh = Arc::new(MemoryState::new(MemoryStateOptions::default()));
        *self.present.write() = fresh;
    }

    fn present(&self) -> Arc<MemoryState> {
        Arc::clone(&self.present.read())
    }
}

impl StateStore for CaseState {
    fn get(&self, scope: &Scope, key: &str) -> Result<Versioned, StateError> {
        self.present().get(scope, key)
    }

    fn set(&self, scope: &Scope, key: &str, value: Vec<u8>) -> Result<(), StateError> {
        self.present().set(scope, key, value)
    }

    fn delete(&self, scope: &Scope, key: &str) -> Result<(), StateError> {
        self.present().delete(scope, key)
    }

    fn keys(&self, scope: &Scope, cursor: Option<&str>) -> Result<KeyPage, StateError> {
        self.present().keys(scope, cursor)
    }

    fn increment(&self, scope: &Scope, key: &str, delta: i64) -> Result<i64, StateError> {
        self.present().increment(scope, key, delta)
    }

    fn swap(&self, scope: &Scope, key: &str, version: u64, value: Vec<u8>) -> Result<Swap, StateError> {
        self.present().swap(scope, key, version, value)
    }
}
