//! The basis of [`export_policy!`](crate::export_policy): holds the configured policy.
//!
//! Invariant: `configure` fills a slot and calls only read it; a component has one slot. Not for direct use by
//! policies.

use std::cell::RefCell;
use std::hint::black_box;

use crate::{Call, Document, Outcome, Policy};

/// Holds the configured policy in static memory, which the snapshot captures.
pub struct Slot<P>(RefCell<Option<P>>);

impl<P> Slot<P> {
    /// An empty slot.
    #[must_use]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }
}

impl<P> Default for Slot<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Policy> Slot<P> {
    /// Configures the policy and stores it.
    ///
    /// # Errors
    /// The policy's error about its configuration.
    pub fn configure(&self, config: &str) -> Result<(), String> {
        let policy = P::configure(config)?;
        // Memory freed here stays with the allocator, so calls can use it without growing the memory.
        drop(black_box(Vec::<u8>::with_capacity(P::HEAP)));
        *self.0.borrow_mut() = Some(policy);
        Ok(())
    }

    /// Runs the policy on one payload.
    ///
    /// # Errors
    /// The policy's error, or that it was never configured.
    pub fn intercept(&self, call: &Call, payload: &Document, request: Option<&Document>) -> Result<Outcome, String> {
        match self.0.borrow().as_ref() {
            Some(policy) => policy.intercept(call, payload, request),
            None => Err("intercept was called before configure".to_owned()),
        }
    }
}
