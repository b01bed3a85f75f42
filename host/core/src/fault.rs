//! A failure of a policy, as a value.
//!
//! Every way in which a guest can fail is one of seven kinds. What a fault does to the traffic is decided in
//! [`crate::chain::grade`] and nowhere else.

use std::fmt;

/// How a policy failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The guest trapped: unreachable code, an access out of bounds, its stack used up.
    Trap,
    /// Its time ran out.
    Deadline,
    /// Its instruction budget ran out.
    Fuel,
    /// It wanted more memory or table elements than allowed.
    Memory,
    /// What it answered is malformed, too large, of the wrong kind, or does not apply.
    Output,
    /// One side declined: the guest answered with an error, or the host refused it an operation (a
    /// capability nobody granted, more host calls than allowed) and it could not go on.
    Refused,
    /// The policy could not be run at all: quarantined after repeated failures, or no instance to be had.
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

    /// Its place in [`FaultKind::ALL`], for whoever counts by kind.
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
