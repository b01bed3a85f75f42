//! The messages of one session, or of one exchange that stands for itself, as policies see them.
//!
//! Invariants: both phases of one question are judged by the chain with which the question was seen; an answer is
//! only taken for the answer to a question that is known for certain, and where the chain wants any answer, one
//! without such a question does not pass; ids keep type and value; what is retained is bounded.
//!
//! Not here: how messages travel. Whoever carries them asks what becomes of each, and does that.

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
    /// Not owned: what owns conversations is part of it.
    shared: Weak<Shared>,
    route: Arc<PreparedRoute>,
    common: Arc<Common>,
    session: Option<String>,
    /// What the handshake agreed on.
    revision: OnceLock<Revision>,
    /// What the client has asked.
    by_client: Mutex<Ledger>,
    /// What the server has asked.
    by_server: Mutex<Ledger>,
    running: Running,
    /// Who was seen last on the client's side: the one whom the server's requests concern.
    caller: Mutex<Option<Arc<Context>>>,
    marks: RandomState,
}

/// What becomes of a message of the client.
#[expect(clippy::large_enum_variant, reason = "it is moved once; a box would be an allocation per message")]
pub(crate) enum FromClient {
    /// It goes to the server, with the bytes that came unless a policy changed them.
    Forward(Envelope),
    /// The client is answered by us; nothing goes to the server.
    Answer(Bytes),
    /// The client cancelled the request before it was forwarded: nobody gets anything.
    Cancelled,
}

/// What becomes of a message of the server.
#[expect(clippy::large_enum_variant, reason = "it is moved once; a box would be an allocation per message")]
pub(crate) enum FromServer {
    /// It goes to the client.
    Forward(Envelope),
    /// The server is answered by us, since its request was denied; nothing goes to the client.
    Answer(Bytes),
    /// It is dropped: it cannot be read, or has no place here.
    Nothing,
}

#[expect(clippy::wrong_self_convention, reason = "the names say which side a message comes from")]
impl Conversation {
    /// What becomes of a message of the client that came in this exchange. Dropping the future cancels the policies.
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

    /// What becomes of a message of the server that is not bound to one request and that comes once.
    pub(crate) async fn from_server(&self, message: Result<Envelope, Malformed>) -> FromServer {
        let Some(shared) = self.shared.upgrade() else { return FromServer::Nothing };
        // A question that is seen now is judged by what is loaded now.
        let route = shared.current().routes.prepared(&self.route.name).unwrap_or_else(|| Arc::clone(&self.route));
        let call = McpCall::begin_local(shared, route, Arc::clone(&self.common));
        self.receive(&call, None, message, Replay::Never).await
    }

    /// No answer to this request of the client can come any more.
    pub(crate) fn forget(&self, id: &str) {
        lock(&self.by_client).forget(&Id::of(id));
    }
}

impl Conversation {
    /// A conversation that begins. `session` is the session's id for policies; there is none where requests stand for
    /// themselves.
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

    /// Takes over a question that was asked before the session had a name.
    pub(crate) fn expects(&self, pending: PendingQuestion) {
        lock(&self.by_client).add(pending);
    }

    /// Takes note of the revision that a handshake agreed on.
    fn agreed(&self, result: &str) {
        let revision = weir_mcp::json::member(result, "protocolVersion").and_then(weir_mcp::json::string);
        if let Some(revision) = revision.as_deref().and_then(Revision::parse) {
            self.agree(revision);
        }
    }

    /// Takes note of the revision that holds for the session; what was agreed on first stays.
    pub(crate) fn agree(&self, revision: Revision) {
        let _ = self.revision.set(revision);
    }

    /// The revision of a message: what it claims for itself, else what the session agreed on, else what the header
    /// says.
    fn revision(&self, headers: &HeaderMap, message: &Envelope) -> Option<Revision> {
        if let Claim::Revision(text) = &message.meta().claim {
            return Revision::parse(text);
        }
        let header = || crate::call::text(headers, &PROTOCOL_VERSION);
        self.revision.get().copied().or_else(|| Revision::parse(&header()?))
    }

    /// The context of what a client sends; it is remembered as the one of its session.
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

    /// The context of what a server sends by itself.
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

    /// The question that a message asks.
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
        // Params that no policy will see again are not kept.
        let params = params.filter(|_| question.event.is_some());
        PendingQuestion { question, params }
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock()
}
