//! Delivers the process's messages to one stream: in order, each through the policies, with a timeout.
//!
//! Invariants: the messages of one request keep their order; if the process is silent about a request for too long, the
//! request is answered here, and the process gets a cancellation.

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

/// How long a slow client may block its session's process. A shared process is never blocked.
const PATIENCE: Duration = Duration::from_secs(30);

/// The queue to a stream.
#[derive(Clone)]
pub(crate) struct Outlet {
    pub(super) queue: mpsc::Sender<ToClient>,
    pub(super) party: Arc<Party>,
    /// The call of the request whose stream it is.
    pub(super) call: Option<Arc<McpCall>>,
}

/// A message to a stream.
pub(super) enum ToClient {
    /// The answer to the stream's request, with its id.
    Answer(Envelope, String),
    Other(Envelope),
    /// Our own answer, which policies do not see.
    Ours(Bytes),
}

/// Delivers the messages of one outlet.
pub(super) struct Delivery {
    pub(super) state: Arc<State>,
    pub(super) party: Arc<Party>,
    pub(super) stream: u64,
    /// The call of the request whose stream it is.
    pub(super) call: Option<Arc<McpCall>>,
    /// How long the process may be silent about the request; `None` for no limit.
    pub(super) limit: Option<Duration>,
}

impl Outlet {
    pub(super) async fn send(&self, message: ToClient) {
        // If its request was cancelled, the outlet is closed.
        let _ = self.queue.send(message).await;
    }

    /// Records that the process began to answer the request that it got at `since`.
    pub(super) fn began(&self, since: Option<Instant>) {
        if let (Some(call), Some(since)) = (&self.call, since) {
            call.note_upstream_time(since.elapsed());
        }
    }
}

impl Delivery {
    /// Delivers messages to the stream, in order, through the policies. Ends after the answer, or when no more can
    /// arrive.
    pub(super) async fn run(self, mut messages: mpsc::Receiver<ToClient>) {
        let first = tokio::select! {
            biased;
            message = messages.recv() => message,
            limit = self.late() => match self.time_out(limit) {
                Some(text) => Some(ToClient::Ours(text)),
                // It arrived at the last moment and is on its way.
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
                // An answer is judged by the chain that saw its question.
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

    /// Completes when the process was silent about the request for the whole timeout.
    async fn late(&self) -> Duration {
        let Some(limit) = self.limit else { return std::future::pending().await };
        let mut until = Instant::now() + limit;
        loop {
            sleep_until(until).await;
            let now = Instant::now();
            let waits = self.state.table().waits(self.stream);
            let since = match waits {
                Waits::Since(since) => since,
                // It waits for policies, or for its own client.
                Waits::ForOthers => now,
                Waits::NoMore => return std::future::pending().await,
            };
            until = since + limit;
            if until <= now {
                return limit;
            }
        }
    }

    /// The answer to a request that timed out; `None` if it did not.
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
