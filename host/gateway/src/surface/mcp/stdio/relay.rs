//! Policies between a client and a server that both use standard streams, without HTTP.
//!
//! Invariants: only messages that policies let pass are written to either side; a slow policy delays its own message
//! and later notifications, but no other request; when the client ends, the server is shut down gracefully.
//!
//! Not here: signals, and the streams themselves.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::process::ChildStdout;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use uuid::Uuid;
use weir_http::tasks::OwnedTasks;
use weir_mcp::{Envelope, Kind};
use weir_mcp::{Message, Method, Sort};
use weir_mcp::{rejection, rpc};

use super::answer;
use super::lines::{Line, Lines, id_of_ends};
use super::process::{self, Ended, Surroundings};
use super::sequence::Sequence;
use crate::gateway::Gateway;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::command::Command;
use crate::surface::mcp::conversation::{Conversation, FromClient, FromServer};

/// Messages queued for the client.
const QUEUE: usize = 64;

/// Extra bytes around the largest body in a message.
const MARGIN: usize = 64 * 1024;

/// Time to deliver the server's last messages to the client.
const AFTER_END: Duration = Duration::from_secs(1);

/// Why the relay failed to start.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// No route of that name.
    #[error("there is no route {0:?}")]
    UnknownRoute(String),
    /// The server cannot be started.
    #[error("{program:?} cannot be started: {error}")]
    Start {
        /// What was to be started.
        program: String,
        /// Why it was not.
        error: io::Error,
    },
}

/// What both directions share.
struct RelayState {
    /// The call that each message's call is copied from.
    template: Arc<McpCall>,
    conversation: Arc<Conversation>,
    to_client: mpsc::Sender<Bytes>,
    to_server: mpsc::Sender<Bytes>,
}

/// Starts a server with this process's whole environment, and relays messages through the chain of a route until either
/// side closes or the shutdown future ends. Returns the server's exit status.
pub async fn relay(
    gateway: &Gateway,
    route: &str,
    command: &Command,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    shutdown: impl Future<Output = ()>,
) -> Result<io::Result<ExitStatus>, RelayError> {
    let shared = Arc::clone(gateway.shared());
    let unknown = || RelayError::UnknownRoute(route.to_owned());
    let route = shared.current().routes.prepared(route).ok_or_else(unknown)?;
    let tasks = OwnedTasks::default();
    let (tell, ended) = oneshot::channel();
    let on_end = move |Ended { status, .. }: Ended| drop(tell.send(status));
    let started = process::start(command, Surroundings::All, &route.name, &tasks, on_end);
    let (process, from_server) =
        started.map_err(|error| RelayError::Start { program: command.program.clone(), error })?;
    let template = McpCall::begin_local(shared, route, Arc::default());
    let (to_client, queued) = mpsc::channel(QUEUE);
    let state = Arc::new(RelayState {
        // Policies keep state per session, and there is one.
        conversation: Conversation::new(&template, Some(format!("stdio-{}", Uuid::new_v4()))),
        to_client,
        to_server: process.input.clone(),
        template,
    });
    let limit = state.template.route.options.max_body.saturating_add(MARGIN);
    let mut writing = std::pin::pin!(write(output, queued).fuse());
    let mut server_side = std::pin::pin!(server_side(Arc::clone(&state), from_server, limit).fuse());
    {
        let client_side = client_side(state, input, limit);
        tokio::select! {
            // The server is done, or the client no longer reads.
            () = &mut server_side => {}
            () = &mut writing => {}
            () = client_side => {}
            () = shutdown => {}
        }
    }
    drop(process);
    // Deliver the server's last messages to the client, if it still reads.
    let last_words = async {
        while !(server_side.is_terminated() && writing.is_terminated()) {
            tokio::select! {
                () = &mut server_side => {}
                () = &mut writing => {}
            }
        }
    };
    let gone = async {
        tasks.finished().await;
        sleep(AFTER_END).await;
    };
    tokio::select! {
        () = last_words => {}
        () = gone => {}
    }
    let lost = || Err(io::Error::other("the server's exit status is unknown"));
    Ok(ended.await.unwrap_or_else(|_| lost()))
}

/// Reads the client's messages to their end.
async fn client_side(state: Arc<RelayState>, input: impl AsyncRead + Unpin, limit: usize) {
    let mut lines = Lines::new(input, limit);
    let mut sequence = Sequence::new();
    loop {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(target: "weir::stdio", %error, "the client's messages cannot be read");
                break;
            }
        };
        let text = match line {
            Line::Whole(text) => text,
            Line::TooLong { start, end } => {
                state.too_long_from_client(&start, &end).await;
                continue;
            }
        };
        match Envelope::read(text) {
            Ok(envelope) => state.clone().on_client_message(&mut sequence, envelope).await,
            Err(malformed) => {
                state.send_to_client(rejection::malformed(malformed).text).await;
            }
        }
    }
    // The last messages must reach the server before its input is closed.
    sequence.finish().await;
}

/// Reads the server's messages to their end.
async fn server_side(state: Arc<RelayState>, output: ChildStdout, limit: usize) {
    let mut lines = Lines::new(output, limit);
    let mut sequence = Sequence::new();
    loop {
        match lines.next().await {
            Ok(Some(Line::Whole(text))) => state.clone().on_server_message(&mut sequence, text).await,
            Ok(Some(Line::TooLong { start, end })) => state.too_long_from_server(&start, &end).await,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(target: "weir::stdio", %error, "the server's messages cannot be read");
                break;
            }
        }
    }
    sequence.finish().await;
}

impl RelayState {
    async fn on_client_message(self: Arc<Self>, sequence: &mut Sequence, envelope: Envelope) {
        enum Order {
            Now,
            Concurrent,
            Ordered,
        }
        let order = match envelope.kind() {
            // It must overtake its request and stop the request's policies.
            Kind::Notification { method } if Method::of(method) == Method::Cancelled => Order::Now,
            Kind::Notification { .. } => Order::Ordered,
            Kind::Request { .. } | Kind::Answer => Order::Concurrent,
        };
        let work = self.judge_from_client(envelope);
        match order {
            Order::Now => work.await,
            Order::Concurrent => sequence.concurrent(work).await,
            Order::Ordered => sequence.ordered(work).await,
        }
    }

    async fn judge_from_client(self: Arc<Self>, envelope: Envelope) {
        let call = self.template.another();
        let id = envelope.id().to_owned();
        let sort = match envelope.kind() {
            Kind::Request { .. } => Sort::Request,
            Kind::Notification { .. } => Sort::Notification,
            Kind::Answer => Sort::Answer,
        };
        match self.conversation.from_client(&call, &HeaderMap::new(), envelope).await {
            Ok(FromClient::Forward(envelope)) => self.send_to_server(envelope.into_text()).await,
            Ok(FromClient::Answer(text)) => self.send_to_client(text).await,
            Ok(FromClient::Cancelled) => {}
            Err(refusal) => {
                let (call_ref, kind) = (call.reference.as_str(), refusal.urn());
                tracing::warn!(target: "weir::stdio", call_ref, kind, "refused a message of the client");
                let text = match refusal {
                    Refusal::InProtocol { text, .. } => text,
                    _ => rpc::error(&id, rpc::INTERNAL_ERROR, "The message could not be checked by policies"),
                };
                match sort {
                    Sort::Request => self.send_to_client(text).await,
                    Sort::Notification => {}
                    Sort::Answer => {
                        let reason = "The client's answer was refused";
                        self.send_to_server(rpc::error(&id, rpc::INTERNAL_ERROR, reason)).await;
                    }
                }
            }
        }
    }

    async fn on_server_message(self: Arc<Self>, sequence: &mut Sequence, text: Bytes) {
        let Some(message) = Message::read(text) else {
            tracing::warn!(target: "weir::stdio", "the server wrote a line that is not a message");
            return;
        };
        // Progress belongs to an unanswered request, so no judged message must precede it.
        let is_progress = message.method() == Method::Progress;
        let (sort, id) = (message.sort, message.id().to_owned());
        let work = async move {
            match self.conversation.from_server(message.into_envelope().checked()).await {
                FromServer::Forward(envelope) => self.send_to_client(envelope.into_text()).await,
                FromServer::Answer(text) => self.send_to_server(text).await,
                FromServer::Nothing if sort == Sort::Answer => self.send_to_client(answer::unreadable(&id)).await,
                FromServer::Nothing => {}
            }
        };
        match sort {
            Sort::Notification if is_progress => work.await,
            Sort::Notification => sequence.ordered(work).await,
            Sort::Request | Sort::Answer => sequence.concurrent(work).await,
        }
    }

    /// Handles a client message that was too long: the side that waits for an answer gets one.
    async fn too_long_from_client(&self, start: &[u8], end: &[u8]) {
        tracing::warn!(target: "weir::stdio", "the client wrote a line that is longer than `max_body` allows");
        let Some(id) = id_of_ends(start, end) else { return };
        let text = rpc::error(&id, rpc::INVALID_REQUEST, "The message is longer than policies may read");
        let holds = |text: &[u8]| text.windows(8).any(|window| window == b"\"method\"");
        if holds(start) || holds(end) { self.send_to_client(text).await } else { self.send_to_server(text).await }
    }

    async fn too_long_from_server(&self, start: &[u8], end: &[u8]) {
        tracing::warn!(target: "weir::stdio", "the server wrote a line that is longer than `max_body` allows");
        if let Some(id) = id_of_ends(start, end) {
            self.conversation.forget(&id);
            self.send_to_client(answer::unreadable(&id)).await;
        }
    }

    async fn send_to_client(&self, text: Bytes) {
        // If the client is gone, this is dropped.
        let _ = self.to_client.send(weir_mcp::envelope::one_line(text)).await;
    }

    async fn send_to_server(&self, text: Bytes) {
        let _ = self.to_server.send(weir_mcp::envelope::one_line(text)).await;
    }
}

/// Writes messages to the client until the queue is closed or the client is gone.
async fn write(mut output: impl AsyncWrite + Unpin, mut queued: mpsc::Receiver<Bytes>) {
    while let Some(text) = queued.recv().await {
        let written = async {
            output.write_all(&text).await?;
            output.write_all(b"\n").await?;
            output.flush().await
        };
        if let Err(error) = written.await {
            tracing::debug!(target: "weir::stdio", %error, "the client no longer reads");
            return;
        }
    }
}
