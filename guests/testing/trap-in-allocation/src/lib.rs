//! Traps in `cabi_realloc` while the host is passing a string, in the middle of lowering the result of its own call.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

use weir_sdk::{Call, Declaration, Document, Outcome, Policy, declare, outcome};

/// Whether allocating traps from now on.
static ARMED: AtomicBool = AtomicBool::new(false);

struct Trapping;

// SAFETY: every call is passed on to the system's allocator unchanged, or does not return.
unsafe impl GlobalAlloc for Trapping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        trap_if_armed();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        trap_if_armed();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Trapping = Trapping;

fn trap_if_armed() {
    if ARMED.load(Ordering::Relaxed) {
        std::process::abort();
    }
}

struct TrapInAllocation;

impl Policy for TrapInAllocation {
    fn describe() -> Declaration {
        declare::validator("trap-in-allocation").on_both(["*"]).build()
    }

    fn configure(_config: &str) -> Result<Self, String> {
        Ok(Self)
    }

    fn intercept(&self, _call: &Call, payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        ARMED.store(true, Ordering::Relaxed);
        let json = payload.json();
        ARMED.store(false, Ordering::Relaxed);
        Ok(outcome::deny(format!("{} bytes arrived without an allocation", json.len())))
    }
}

weir_sdk::export_policy!(TrapInAllocation);
