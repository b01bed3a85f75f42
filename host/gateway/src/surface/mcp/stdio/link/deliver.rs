//! From the process to one stream: messages in their order, each through the policies, and what is said when nothing
//! comes.
//!
//! Invariants: what belongs to one request keeps its order; a request that the process has, and says nothing about for
//! too long, is answered here, and the process is told that nobody waits any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use weir_mcp::{Envelope, Kind};

use super::{Party, State};
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::conversation::{FromServer, Replay};
use crate::surface::mcp::stdio::answer;
use crate::surface::mcp::stdio::table::{Request, Users, Waits};

/// How long a session's process may be held up by a client that reads slowly. Where others use the process, too, it
/// is not held up at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// What leads to a stream.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub(super) queue: mpsc::Sender<ToClient>,
    pub(super) party: Arc<Party>,
    /// The exchange of the request whose stream it is.
    pub(super) call: Option<Arc<McpCall>>,
}

/// A message on its way to a stream.
pub(super) enum ToClient {
    /// The answer to the stream's request, whose id is beside it.
    Answer(Envelope, String),
    Other(Envelope),
    /// An answer of ours, which no policy has to see.
    Ours(Bytes),
}

/// Where messages go, and for how long they are waited for.
pub(super) struct Delivery {
    pub(super) state: Arc<State>,
    pub(super) party: Arc<Party>,
    pub(super) stream: u64,
    /// The exchange of the request whose stream it is.
    pub(super) call: Option<Arc<McpCall>>,
    /// How long the process may say nothing about the request; `None` if it may for ever.
    pub(super) limit: Option<Duration>,
}

impl Outlet {
    pub(super) async fn send(&self, message: ToClient) {
        // The outlet is over where its request was cancelled meanwhile.
        let _ = self.queue.send(message).await;
    }

    /// The process, which has had the request since then, began to answer.
    pub(super) fn began(&self, since: Option<Instant>) {
        if let (Some(call), Some(since)) = (&self.call, since) {
            call.note_upstream_time(since.elapsed());
        }
    }
}

impl Delivery {
    /// Brings messages to the stream, one after the other, through the policies. Ends after the stream's answer, or
    /// when nothing can come any more.
    pub(super) async fn run(self, mut messages: mpsc::Receiver<ToClient>) {
        let first = tokio::select! {
            biased;
            message = messages.recv() => message,
            limit = self.late() => match self.time_out(limit) {
                Some(text) => Some(ToClient::Ours(text)),
                // It came at the last moment and is on its way.
                None => messages.recv().await,
            },
        };
        let mut next = first;
        while let Some(message) = next {
            let is_last = !matches!(message, ToClient::Other(_));
            self.deliver(message).await;
            if is_last {
                break;
            }
            next = messages.recv().await;
        }
        self.party.streams.finish(self.stream);
    }

    async fn deliver(&self, message: ToClient) {
        let conversation = &self.party.conversation;
        let (original, judged, id) = match message {
            ToClient::Ours(text) => return self.push(text).await,
            ToClient::Answer(answer, id) => {
                // An answer is judged by what was loaded when its question was asked.
                let checked = answer.clone().checked();
                let judged = match &self.call {
                    Some(call) => conversation.receive(call, None, checked, Replay::Never).await,
                    None => conversation.from_server(checked).await,
                };
                (answer, judged, Some(id))
            }
            ToClient::Other(message) => (message.clone(), conversation.from_server(message.checked()).await, None),
        };
        match judged {
            FromServer::Forward(envelope) => return self.push(envelope.into_text()).await,
            FromServer::Answer(answer) => {
                if let (Kind::Request { .. }, Some(party)) = (original.kind(), self.party.id()) {
                    self.state.table().take_question(party, original.id(), Instant::now());
                }
                self.state.send(answer).await;
            }
            FromServer::Nothing => {}
        }
        if let Some(id) = id {
            self.push(answer::unreadable(&id)).await;
        }
    }

    async fn push(&self, text: Bytes) {
        let patience = if self.state.users == Users::One { PATIENCE } else { Duration::ZERO };
        self.party.streams.push(self.stream, text, patience).await;
    }

    /// Ends when the process has had the request for as long as it may and said nothing about it.
    async fn late(&self) -> Duration {
        let Some(limit) = self.limit else { return std::future::pending().await };
        let mut until = Instant::now() + limit;
        loop {
            sleep_until(until).await;
            let now = Instant::now();
            let waits = self.state.table().waits(self.stream);
            let since = match waits {
                Waits::Since(since) => since,
                // For policies, or for the client itself.
                Waits::ForOthers => now,
                Waits::NoMore => return std::future::pending().await,
            };
            until = since + limit;
            if until <= now {
                return limit;
            }
        }
    }

    /// What is said in the place of an answer that is late; `None` if it is not.
    fn time_out(&self, limit: Duration) -> Option<Bytes> {
        let Request { id, .. } = self.state.table().take(self.stream)?;
        tracing::warn!(target: "weir::stdio", route = self.state.route, limit_ms = limit.as_millis(), "the server did not answer in time");
        self.party.conversation.forget(&id);
        self.state.disown(self.stream);
        if let Some(call) = &self.call {
            call.refused(Refusal::UpstreamTimeout.urn());
            if let Some(notes) = call.agent.notes() {
                notes.unanswered(&Refusal::UpstreamTimeout);
            }
        }
        Some(answer::late(&id, limit))
    }
}
