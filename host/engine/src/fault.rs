//! Maps how a guest ended to a kind of fault.

use wasmtime::{Error, PoolConcurrencyLimitError, Trap};
use weir_core::{Fault, FaultKind};

use crate::limiter::{Exceeded, Limiter};
use crate::sandbox::{Declined, OutOfTime};

/// Maximum length of a fault message, in bytes: it goes into the log and into results.
const MAX_MESSAGE: usize = 2048;

/// The fault for an error of an instantiation or a call. The text must not reach a caller of the gateway, since the
/// guest controls it.
pub fn classify(error: &Error, limiter: &Limiter) -> Fault {
    if let Some(exceeded) = limiter.exceeded() {
        return Fault::new(FaultKind::Memory, exceeded);
    }
    let kind = if error.is::<OutOfTime>() {
        FaultKind::Deadline
    } else if error.is::<Declined>() {
        FaultKind::Refused
    } else if error.is::<Exceeded>() {
        FaultKind::Memory
    } else if error.is::<PoolConcurrencyLimitError>() {
        FaultKind::Unavailable
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => FaultKind::Fuel,
            Some(Trap::Interrupt) => FaultKind::Deadline,
            Some(_) => FaultKind::Trap,
            None if error.is::<wasmtime_wasi::I32Exit>() => FaultKind::Trap,
            // Not a trap in the guest's code: the host could not read what it passed (not UTF-8, outside its memory,
            // too large, an unknown case).
            None => FaultKind::Output,
        }
    };
    // The root cause is enough here; the stack frames are for the policy's author.
    tracing::debug!("guest ended: {error:#}");
    Fault::new(kind, shorten(&error.root_cause().to_string()))
}

/// Cuts text that a guest may control.
pub fn shorten(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_MESSAGE.min(text.len()))].to_owned()
}
