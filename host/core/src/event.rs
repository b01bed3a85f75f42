//! One interception: the event, its phase and its payload.

use std::fmt;
use std::sync::Arc;

use crate::{Context, EventName, Payload};

/// Which half of an exchange is intercepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// What the caller sent.
    Request,
    /// What came back.
    Response,
}

/// One interception, ready for a chain.
#[derive(Debug, Clone)]
pub struct Event {
    /// The event's name, for example `tools/call`.
    pub name: EventName,
    /// The phase.
    pub phase: Phase,
    /// The bare params or the bare result (see the table of events in the contract).
    pub payload: Arc<Payload>,
    /// The request's payload, in the response phase, if it is still available.
    pub request: Option<Arc<Payload>>,
    /// Who, where, when.
    pub context: Arc<Context>,
}

impl Phase {
    /// The word used in JSON, configuration and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }

    /// Parses the word that [`Phase::as_str`] writes.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "request" => Some(Self::Request),
            "response" => Some(Self::Response),
            _ => None,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
