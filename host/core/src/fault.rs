//! A policy failure, as a value.
//!
//! Every guest failure is one of seven kinds. Only [`crate::chain::grade`] decides what a fault does to the traffic.

use std::fmt;

/// How a policy failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The guest trapped, for example on unreachable code, an out-of-bounds access or a stack overflow.
    Trap,
    /// Its time ran out.
    Deadline,
    /// Its instruction budget ran out.
    Fuel,
    /// It tried to exceed its limit on memory or table elements.
    Memory,
    /// Its answer is malformed, too large, of the wrong kind, or does not apply.
    Output,
    /// The guest returned an error, or the host refused an operation (missing grant, too many host calls) and the guest
    /// could not continue.
    Refused,
    /// The policy could not run: quarantined after repeated failures, or no instance available.
    Unavailable,
}

/// One failure of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How it failed.
    pub kind: FaultKind,
    /// For the operator's log; never shown to a caller of the gateway.
    pub message: String,
}

impl FaultKind {
    /// All kinds, for metrics that list them from the start.
    pub const ALL: [Self; 7] =
        [Self::Trap, Self::Deadline, Self::Fuel, Self::Memory, Self::Output, Self::Refused, Self::Unavailable];

    /// Its index in [`FaultKind::ALL`], for counters.
    pub const fn index(self) -> usize {
        match self {
            Self::Trap => 0,
            Self::Deadline => 1,
            Self::Fuel => 2,
            Self::Memory => 3,
            Self::Output => 4,
            Self::Refused => 5,
            Self::Unavailable => 6,
        }
    }

    /// The word used in JSON, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Fault {
    /// A fault with its message for the operator.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_the_order_of_their_indices() {
        for (index, kind) in FaultKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), index);
        }
    }
}
