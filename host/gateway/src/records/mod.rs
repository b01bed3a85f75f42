//! What is kept of an exchange: taking it while it passes, and the port to where it goes.
//!
//! Invariants: an exchange that is not to be recorded costs one look at the mode and nothing else; one that is has its
//! place in the queue before anything goes to the upstream, and fills it once, however it ends; what is taken of an
//! answer is what the upstream sent, before policies see it; what is held of a body is bounded.
//!
//! Not here: rows, hashes over them, stores, the registry of trusted endpoints. They are behind [`Records`].

mod agent;
mod body;
mod exchange;
mod lenient;
mod notes;
mod recording;
mod stream;
mod taken;
mod tap;
mod vouch;

use async_trait::async_trait;

pub use weir_record::RecordMode;

pub(crate) use agent::AgentCall;
pub use exchange::Exchange;
pub(crate) use notes::Notes;
pub(crate) use recording::{Recording, recorded};
pub(crate) use tap::{AnswerTap, RequestTap};
pub(crate) use vouch::vouch;

/// Where exchanges are recorded, and where it is known which endpoints are trusted. The daemon implements it.
#[async_trait]
pub trait Records: Send + Sync {
    /// Which exchanges are recorded. Asked for every one, so it must cost nothing.
    fn mode(&self) -> RecordMode;

    /// Most bytes of a body that is kept whole.
    fn body_limit(&self) -> usize;

    /// A place in the queue for one exchange, before it begins: waits, or refuses, where there is none.
    async fn admit(&self, call_ref: &str) -> Result<Box<dyn Place>, NotAdmitted>;

    /// Whether a call inside a context may go where it wants to. Whoever says no has seen to it that this is found
    /// afterwards.
    async fn trust(&self, wanted: &Wanted<'_>) -> Trust;
}

/// A place in the queue. Dropped without being filled it is free again.
pub trait Place: Send + Sync {
    /// Hands the exchange over. It is called on the way of a reply, so it must not wait or parse.
    fn fill(self: Box<Self>, exchange: Exchange);
}

/// A call that asks whether it may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Where it wants to go.
    pub url: &'a str,
    /// Whose it is.
    pub agent_id: &'a str,
    /// What it does.
    pub action_name: &'a str,
    /// Its reference.
    pub call_ref: &'a str,
}

/// Whether a call may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It may.
    Trusted,
    /// It may not.
    Untrusted {
        /// What its caller is told.
        message: String,
    },
}

/// Why an exchange has no place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// As many wait to be written as may.
    #[error("this call is to be recorded and too many wait to be written; try again later")]
    Full,
    /// There is nowhere to write.
    #[error("this call is inside a context, and this gateway has no store to record it in")]
    NoStore,
    /// Nothing is written any more.
    #[error("this call is to be recorded and nothing is recorded any more, because the gateway is ending")]
    Closed,
}

/// Records nothing and trusts everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecords;

#[async_trait]
impl Records for NoRecords {
    fn mode(&self) -> RecordMode {
        RecordMode::Off
    }

    fn body_limit(&self) -> usize {
        0
    }

    async fn admit(&self, _: &str) -> Result<Box<dyn Place>, NotAdmitted> {
        Err(NotAdmitted::Closed)
    }

    async fn trust(&self, _: &Wanted<'_>) -> Trust {
        Trust::Trusted
    }
}
