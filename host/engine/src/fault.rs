//! From how a guest ended to which kind of fault it is, in one place.

use wasmtime::{Error, PoolConcurrencyLimitError, Trap};
use weir_core::{Fault, FaultKind};

use crate::limiter::{Exceeded, Limiter};
use crate::sandbox::{Declined, OutOfTime};

/// Longest fault message, in bytes: it goes into the log and into results.
const MAX_MESSAGE: usize = 2048;

/// Names the fault behind an error of an instantiation or a call. Nothing of it may reach a caller of the
/// gateway, since a guest can put anything into it.
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
            // Not a trap of the guest's code: what it handed over could not be read (not UTF-8, out of its
            // memory, larger than allowed, an unknown case).
            None => FaultKind::Output,
        }
    };
    // The root says what happened; the frames around it are for the policy's author.
    tracing::debug!("guest ended: {error:#}");
    Fault::new(kind, shorten(&error.root_cause().to_string()))
}

/// Cuts a text that a guest may have chosen.
pub fn shorten(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_MESSAGE.min(text.len()))].to_owned()
}
