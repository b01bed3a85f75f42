//! The messages of one session or one self-contained exchange, as policies see them.
//!
//! Invariants: both phases of a question are judged by the chain that saw the question; an answer only counts if its
//! question is known for certain, and if the chain wants answers, one without a known question does not pass; ids keep
//! type and value; retained data is bounded.
//!
//! Not here: transports. A transport asks here how to handle each message, and does that.

mod client;
mod ledger;
mod question;
mod rounds;
mod running;
mod server;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::{Mutex, MutexGuard};
use weir_core::{Context, EventName, Payload};
use weir_mcp::headers::PROTOCOL_VERSION;
use weir_mcp::meta::Claim;
use weir_mcp::{Envelope, Era, Id, Malformed, Revision};

use super::call::McpCall;
use super::common::Common;
use crate::call::Facts;
use crate::refusal::Refusal;
use crate::routes::PreparedRoute;
use crate::shared::Shared;
use ledger::Ledger;
use running::Running;

pub(crate) use client::ClientMessageOutcome;
pub(crate) use ledger::Replay;
pub(crate) use question::{PendingQuestion, Question};

/// The messages of one session.
pub(crate) struct Conversation {
    /// Weak: the owner of conversations is part of it.
    shared: Weak<Shared>,
    route: Arc<PreparedRoute>,
    common: Arc<Common>,
    session: Option<String>,
    /// The revision from the handshake.
    revision: OnceLock<Revision>,
    /// The client's questions.
    by_client: Mutex<Ledger>,
    /// The server's questions.
    by_server: Mutex<Ledger>,
    running: Running,
    /// The last context on the client's side, which the server's requests concern.
    caller: Mutex<Option<Arc<Context>>>,
    marks: RandomState,
}

/// The outcome for a client message.
#[expect(clippy::large_enum_variant, reason = "it is moved once; a box would be an allocation per message")]
pub(crate) enum FromClient {
    /// Forward it to the server, unchanged unless a policy changed it.
    Forward(Envelope),
    /// Answer the client ourselves; nothing goes to the server.
    Answer(Bytes),
    /// The client cancelled the request before it was forwarded: nothing is sent.
    Cancelled,
}

/// The outcome for a server message.
#[expect(clippy::large_enum_variant, reason = "it is moved once; a box would be an allocation per message")]
pub(crate) enum FromServer {
    /// Forward it to the client.
    Forward(Envelope),
    /// Answer the server ourselves, since its request was denied; nothing goes to the client.
    Answer(Bytes),
    /// Drop it: it is unreadable, or not allowed here.
    Nothing,
}

#[expect(clippy::wrong_self_convention, reason = "the names say which side a message comes from")]
impl Conversation {
    /// Handles a client message of this exchange. Dropping the future cancels the policies.
    pub(crate) async fn from_client(
        &self,
        call: &Arc<McpCall>,
        headers: &HeaderMap,
        message: Envelope,
    ) -> Result<FromClient, Refusal> {
        Ok(match self.take(call, headers, message).await? {
            ClientMessageOutcome::Forward { envelope, pending: _ } => FromClient::Forward(envelope),
            ClientMessageOutcome::Answer(text) => FromClient::Answer(text),
            ClientMessageOutcome::Cancelled => FromClient::Cancelled,
        })
    }

    /// Handles a server message that is not bound to a request and does not repeat.
    pub(crate) async fn from_server(&self, message: Result<Envelope, Malformed>) -> FromServer {
        let Some(shared) = self.shared.upgrade() else { return FromServer::Nothing };
        // A new question is judged by the current route.
        let route = shared.current().routes.prepared(&self.route.name).unwrap_or_else(|| Arc::clone(&self.route));
        let call = McpCall::begin_local(shared, route, Arc::clone(&self.common));
        self.receive(&call, None, message, Replay::Never).await
    }

    /// Forgets a client's request that can no longer be answered.
    pub(crate) fn forget(&self, id: &str) {
        lock(&self.by_client).forget(&Id::of(id));
    }
}

impl Conversation {
    /// A new conversation. `session` is the session id for policies; `None` if requests are self-contained.
    pub(crate) fn new(call: &McpCall, session: Option<String>) -> Arc<Self> {
        let bytes = Arc::clone(&call.common.retained);
        Arc::new(Self {
            shared: Arc::downgrade(&call.shared),
            route: Arc::clone(&call.route),
            common: Arc::clone(&call.common),
            session,
            revision: OnceLock::new(),
            by_client: Mutex::new(Ledger::new(Arc::clone(&bytes))),
            by_server: Mutex::new(Ledger::new(bytes)),
            running: Running::default(),
            caller: Mutex::new(None),
            marks: RandomState::new(),
        })
    }

    /// Adds a question that was asked before the session had an id.
    pub(crate) fn expects(&self, pending: PendingQuestion) {
        lock(&self.by_client).add(pending);
    }

    /// Records the revision from a handshake.
    fn agreed(&self, result: &str) {
        let revision = weir_mcp::json::member(result, "protocolVersion").and_then(weir_mcp::json::string);
        if let Some(revision) = revision.as_deref().and_then(Revision::parse) {
            self.agree(revision);
        }
    }

    /// Records the session's revision; the first one is kept.
    pub(crate) fn agree(&self, revision: Revision) {
        let _ = self.revision.set(revision);
    }

    /// The revision of a message: its own claim, else the session's, else the header's.
    fn revision(&self, headers: &HeaderMap, message: &Envelope) -> Option<Revision> {
        if let Claim::Revision(text) = &message.meta().claim {
            return Revision::parse(text);
        }
        let header = || crate::call::text(headers, &PROTOCOL_VERSION);
        self.revision.get().copied().or_else(|| Revision::parse(&header()?))
    }

    /// The context of a client message; remembered as the session's.
    pub(crate) fn client_context(
        &self,
        call: &McpCall,
        headers: &HeaderMap,
        revision: Option<Revision>,
    ) -> Arc<Context> {
        let facts = Facts {
            session_id: self.session.clone(),
            protocol_revision: revision.map(|revision| revision.as_str().to_owned()),
        };
        let context = call.context(headers, facts);
        *self.caller.lock() = Some(Arc::clone(&context));
        context
    }

    /// The context of a server message.
    fn server_context(&self, call: &McpCall, revision: Option<Revision>) -> Arc<Context> {
        let facts = Facts {
            session_id: self.session.clone(),
            protocol_revision: revision.map(|revision| revision.as_str().to_owned()),
        };
        let here = call.context(&HeaderMap::new(), facts);
        let caller = self.caller.lock().clone();
        let Some(caller) = caller else { return here };
        Arc::new(Context {
            principal: caller.principal.clone(),
            agent_id: caller.agent_id.clone(),
            action_name: caller.action_name.clone(),
            ..Context::clone(&here)
        })
    }

    /// The question of a request.
    fn question(
        &self,
        call: &Arc<McpCall>,
        message: &Envelope,
        event: Option<EventName>,
        context: Arc<Context>,
        era: Era,
    ) -> Arc<Question> {
        Arc::new(Question {
            id: message.id().into(),
            key: Id::of(message.id()),
            method: message.method().into(),
            era,
            call: Arc::clone(call),
            context,
            event,
            mark: self.marks.hash_one(&message.text()[..]),
        })
    }

    fn pending(question: Arc<Question>, params: Option<Arc<Payload>>) -> PendingQuestion {
        // Params are only kept if a policy will see the answer.
        let params = params.filter(|_| question.event.is_some());
        PendingQuestion { question, params }
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock()
}
