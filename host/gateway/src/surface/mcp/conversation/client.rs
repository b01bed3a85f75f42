//! Messages of a client.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use weir_core::{Context, EventName, Payload, Phase};
use weir_mcp::Id;
use weir_mcp::meta;
use weir_mcp::revision::{Era, Revision};
use weir_mcp::{Envelope, Kind, Method, is_housekeeping, rejection};

use super::ledger::Found;
use super::question::{PendingQuestion, asking};
use super::rounds::{self, Responses};
use super::{Conversation, lock};
use crate::denial::Denial;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::refusals;
use crate::verdict::{Verdict, judge};

/// The outcome for a client message, with its pending question.
#[expect(clippy::large_enum_variant, reason = "it is moved once; a box would be an allocation per message")]
pub(crate) enum ClientMessageOutcome {
    /// Forward it to the server.
    Forward {
        envelope: Envelope,
        /// Present if it is a request whose answer must be inspected.
        pending: Option<PendingQuestion>,
    },
    /// Answer the client ourselves.
    Answer(Bytes),
    /// The client cancelled it: nothing is sent.
    Cancelled,
}

/// The params after the policies.
enum Judged {
    Params(Arc<Payload>),
    Denied(Denial),
    /// Policies cannot read the answers in it.
    Unreadable,
}

impl Conversation {
    /// Handles a client message.
    pub(crate) async fn take(
        &self,
        call: &Arc<McpCall>,
        headers: &HeaderMap,
        message: Envelope,
    ) -> Result<ClientMessageOutcome, Refusal> {
        if let Some(parent) = &message.meta().traceparent {
            call.continue_trace(parent);
        }
        match message.kind() {
            Kind::Notification { method } => {
                let cancels = (Method::of(method) == Method::Cancelled)
                    .then(|| weir_mcp::json::member(message.params()?, "requestId"));
                if let Some(id) = cancels.flatten() {
                    self.running.cancel(&Id::of(id));
                }
                Ok(ClientMessageOutcome::Forward { envelope: message, pending: None })
            }
            Kind::Request { method } => {
                let method = method.to_owned();
                self.request(call, headers, message, &method).await
            }
            Kind::Answer => self.answer(call, message).await,
        }
    }

    async fn request(
        &self,
        call: &Arc<McpCall>,
        headers: &HeaderMap,
        message: Envelope,
        method: &str,
    ) -> Result<ClientMessageOutcome, Refusal> {
        let name = EventName::new(method).map_err(|_| rejection::method_name(&message))?;
        let (chain, watched) = (&call.route.chain, call.watched);
        let is_event = !is_housekeeping(method);
        let wants_request = is_event && chain.wants(method, Phase::Request);
        let wants_response = is_event && chain.wants(method, Phase::Response);
        // The revision from the handshake determines which policies apply later.
        let looks = watched.anything() || (Method::of(method) == Method::Initialize && watched.messages);
        if !wants_request && !looks {
            return Ok(ClientMessageOutcome::Forward { envelope: message, pending: None });
        }
        let revision = self.revision(headers, &message);
        let era = revision.map_or(Era::Session, Revision::era);
        let context = self.client_context(call, headers, revision);
        let question = self.question(call, &message, wants_response.then(|| name.clone()), Arc::clone(&context), era);
        let has_responses = era == Era::Stateless && is_event && watched.responses && rounds::has_responses(&message);
        let mut params = None;
        let mut envelope = message;
        if wants_request || wants_response || has_responses {
            let original = envelope.shown_params().map_err(|cause| rejection::params(&envelope, &cause))?;
            let running = self.running.begin(question.key.clone());
            let asks = Asks { request: wants_request.then_some(name), responses: has_responses };
            let judged = tokio::select! {
                biased;
                () = running.cancelled() => return Ok(ClientMessageOutcome::Cancelled),
                judged = asks.judged(call, &context, &original, era) => judged,
            };
            match judged {
                Ok(Judged::Params(payload)) => {
                    if !Arc::ptr_eq(&payload, &original) {
                        envelope = envelope.with_params(payload.text());
                    }
                    params = Some(payload);
                }
                Ok(Judged::Denied(denial)) => {
                    call.refused(Refusal::Denied(denial.clone()).urn());
                    return Ok(ClientMessageOutcome::Answer(refusals::denied(&question, &denial)));
                }
                Ok(Judged::Unreadable) => {
                    return Err(rejection::invalid(&envelope, "inputResponses must be an object of answers").into());
                }
                Err(refusal) => {
                    return Ok(ClientMessageOutcome::Answer(refusals::failed(call, &question.id, &refusal)));
                }
            }
        }
        if !looks {
            return Ok(ClientMessageOutcome::Forward { envelope, pending: None });
        }
        let pending = Self::pending(question, params);
        lock(&self.by_client).add(pending.clone());
        Ok(ClientMessageOutcome::Forward { envelope, pending: Some(pending) })
    }

    /// An answer to a server's request. A refused answer is replaced by an error, so the server does not wait forever.
    async fn answer(&self, call: &Arc<McpCall>, message: Envelope) -> Result<ClientMessageOutcome, Refusal> {
        let key = Id::of(message.id());
        let found = lock(&self.by_server).find(&key);
        let Found::Known(pending) = found else {
            let passes = message.result().is_none() || !call.watched.responses;
            return if passes { forward(message) } else { replaced(refusals::unknown(message.id())) };
        };
        lock(&self.by_server).forget(&key);
        let (Some(result), true) = (message.result(), pending.question.event.is_some()) else {
            return forward(message);
        };
        let Ok(result) = Payload::parse(result).map(Arc::new) else {
            return replaced(refusals::unreadable_answer(message.id()));
        };
        let Some(event) = pending.answer_event(Arc::clone(&result)) else { return forward(message) };
        let question = &pending.question;
        let judged = judge(&question.call, &event).await;
        let kept = |changed| meta::keep_result(&result, &changed, question.era).map_err(Refusal::UnusablePayload);
        let judged = judged.and_then(|verdict| match verdict {
            Verdict::Changed(changed) => kept(changed).map(Verdict::Changed),
            other => Ok(other),
        });
        match judged {
            Ok(Verdict::Unchanged) => forward(message),
            Ok(Verdict::Changed(changed)) => forward(message.with_result(changed.text())),
            Ok(Verdict::Denied(denial)) => {
                call.refused(Refusal::Denied(denial.clone()).urn());
                replaced(refusals::refused(&question.call, message.id(), &denial))
            }
            Err(refusal) => replaced(refusals::failed(call, message.id(), &refusal)),
        }
    }
}

/// The parts of a request that policies judge.
struct Asks {
    /// The event of the request itself.
    request: Option<EventName>,
    /// The answers in it.
    responses: bool,
}

impl Asks {
    /// Judges the answers first; the request is then judged with the result.
    async fn judged(
        self,
        call: &McpCall,
        context: &Arc<Context>,
        original: &Arc<Payload>,
        era: Era,
    ) -> Result<Judged, Refusal> {
        let mut payload = Arc::clone(original);
        if self.responses {
            match rounds::responses(call, context, payload).await? {
                Responses::Pass(judged) => payload = judged,
                Responses::Denied(denial) => return Ok(Judged::Denied(denial)),
                Responses::Unreadable => return Ok(Judged::Unreadable),
            }
        }
        let Some(name) = self.request else { return Ok(Judged::Params(payload)) };
        Ok(match judge(call, &asking(name, Arc::clone(&payload), context)).await? {
            Verdict::Unchanged => Judged::Params(payload),
            Verdict::Changed(changed) => {
                Judged::Params(meta::keep_params(original, &changed, era).map_err(Refusal::UnusablePayload)?)
            }
            Verdict::Denied(denial) => Judged::Denied(denial),
        })
    }
}

fn forward(envelope: Envelope) -> Result<ClientMessageOutcome, Refusal> {
    Ok(ClientMessageOutcome::Forward { envelope, pending: None })
}

fn replaced(text: Bytes) -> Result<ClientMessageOutcome, Refusal> {
    forward(Envelope::received(text).map_err(|_| Refusal::Internal)?)
}
