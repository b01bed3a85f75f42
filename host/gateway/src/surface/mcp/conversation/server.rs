//! Messages of a server.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use weir_core::{Event, EventName, Payload, Phase};
use weir_mcp::Id;
use weir_mcp::meta;
use weir_mcp::revision::{Era, Revision};
use weir_mcp::{Envelope, Kind, Malformed, Method, is_housekeeping};

use super::ledger::Found;
use super::question::{PendingQuestion, asking};
use super::rounds::{self, Requests};
use super::{Conversation, FromServer, Replay, lock};
use crate::denial::Denial;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::refusals;
use crate::verdict::{Verdict, judge};

impl Conversation {
    /// Handles a server message of this exchange. `bound` is the request whose response it arrived in, if any.
    pub(crate) async fn receive(
        &self,
        call: &Arc<McpCall>,
        bound: Option<&PendingQuestion>,
        message: Result<Envelope, Malformed>,
        replay: Replay,
    ) -> FromServer {
        let Ok(envelope) = message else {
            tracing::debug!(call_ref = call.reference.as_str(), "cannot read a message of the server");
            return match bound {
                Some(bound) => {
                    call.refused(refusals::UNREADABLE);
                    made(refusals::unreadable(&bound.question.id))
                }
                None => FromServer::Nothing,
            };
        };
        match envelope.kind() {
            Kind::Notification { .. } => FromServer::Forward(envelope),
            Kind::Request { .. } if bound.is_some_and(|bound| bound.question.era == Era::Stateless) => {
                tracing::warn!(
                    call_ref = call.reference.as_str(),
                    "dropped a server request, which this revision does not have"
                );
                FromServer::Nothing
            }
            Kind::Request { method } => {
                let method = method.to_owned();
                self.server_request(call, envelope, &method).await
            }
            Kind::Answer => self.server_answer(call, bound, envelope, replay).await,
        }
    }

    async fn server_request(&self, call: &Arc<McpCall>, envelope: Envelope, method: &str) -> FromServer {
        let (chain, watched) = (&call.route.chain, call.watched);
        if !watched.anything() {
            return FromServer::Forward(envelope);
        }
        let Ok(name) = EventName::new(method) else {
            return FromServer::Answer(refusals::unreadable_request(envelope.id()));
        };
        // Also for housekeeping: otherwise its answer would seem to answer nothing.
        let is_event = !is_housekeeping(method);
        let wants_response = is_event && chain.wants(method, Phase::Response);
        let revision = self.revision(&HeaderMap::new(), &envelope);
        let context = self.server_context(call, revision);
        let era = revision.map_or(Era::Session, Revision::era);
        let question = self.question(call, &envelope, wants_response.then(|| name.clone()), Arc::clone(&context), era);
        let (mut envelope, mut params) = (envelope, None);
        let wants_request = is_event && chain.wants(method, Phase::Request);
        if wants_response || wants_request {
            let Ok(original) = envelope.shown_params() else {
                return FromServer::Answer(refusals::unreadable_request(envelope.id()));
            };
            params = Some(Arc::clone(&original));
            if wants_request {
                match permitted(call, &asking(name, Arc::clone(&original), &context), era).await {
                    Ok(Verdict::Unchanged) => {}
                    Ok(Verdict::Changed(changed)) => {
                        (envelope, params) = (envelope.with_params(changed.text()), Some(changed));
                    }
                    Ok(Verdict::Denied(denial)) => {
                        return FromServer::Answer(refusals::refused(call, envelope.id(), &denial));
                    }
                    Err(refusal) => return FromServer::Answer(refusals::failed(call, envelope.id(), &refusal)),
                }
            }
        }
        lock(&self.by_server).add(Self::pending(question, params));
        FromServer::Forward(envelope)
    }

    async fn server_answer(
        &self,
        call: &Arc<McpCall>,
        bound: Option<&PendingQuestion>,
        envelope: Envelope,
        replay: Replay,
    ) -> FromServer {
        let key = Id::of(envelope.id());
        let pending = match bound.filter(|bound| bound.question.key == key) {
            Some(bound) => Some(bound.clone()),
            None => match lock(&self.by_client).find(&key) {
                Found::Known(pending) => Some(pending),
                // Some clients do not distinguish "1" from 1.
                Found::Unknown => bound.filter(|bound| bound.question.key.is_loosely(&key)).cloned(),
            },
        };
        let key = pending.as_ref().map_or(key, |pending| pending.question.key.clone());
        lock(&self.by_client).note_answer(&key, pending.as_ref().map(|pending| pending.question.mark), replay);
        let Some(result) = envelope.result() else { return FromServer::Forward(envelope) };
        let Some(pending) = pending else {
            if !call.watched.responses {
                return FromServer::Forward(envelope);
            }
            tracing::warn!(call_ref = call.reference.as_str(), "an answer of the server matches no known request");
            call.refused(refusals::UNREADABLE);
            return made(refusals::unknown(envelope.id()));
        };
        if pending.question.method() == Method::Initialize {
            self.agreed(result);
        }
        self.judged(&pending, envelope).await
    }

    /// The answer after the policies.
    async fn judged(&self, pending: &PendingQuestion, envelope: Envelope) -> FromServer {
        let question = &pending.question;
        let call = &question.call;
        let rounds = question.era == Era::Stateless && call.watched.server_requests;
        let (Some(result), true) = (envelope.result(), question.event.is_some() || rounds) else {
            return FromServer::Forward(envelope);
        };
        let Ok(original) = Payload::parse(result).map(Arc::new) else {
            call.refused(refusals::UNREADABLE);
            return made(refusals::unreadable(&question.id));
        };
        match answer_judged(pending, &original, rounds).await {
            Ok(Answer::Result(result)) if Arc::ptr_eq(&result, &original) => FromServer::Forward(envelope),
            Ok(Answer::Result(result)) => FromServer::Forward(envelope.with_result(result.text())),
            Ok(Answer::Denied(denial)) => {
                call.refused(Refusal::Denied(denial.clone()).urn());
                made(refusals::denied(question, &denial))
            }
            Ok(Answer::Unreadable) => {
                call.refused(refusals::UNREADABLE);
                made(refusals::unreadable(&question.id))
            }
            Err(refusal) => made(refusals::failed(call, &question.id, &refusal)),
        }
    }
}

/// The result after the policies.
enum Answer {
    Result(Arc<Payload>),
    Denied(Denial),
    /// Policies cannot read the questions in it.
    Unreadable,
}

/// Judges the result, then the questions in the changed result.
async fn answer_judged(pending: &PendingQuestion, original: &Arc<Payload>, rounds: bool) -> Result<Answer, Refusal> {
    let question = &pending.question;
    let call = &question.call;
    let mut result = Arc::clone(original);
    if let Some(event) = pending.answer_event(Arc::clone(original)) {
        match judge(call, &event).await? {
            Verdict::Unchanged => {}
            Verdict::Changed(changed) => {
                let kept = meta::keep_result(original, &changed, question.era).and_then(|kept| {
                    let caches = question.era == Era::Stateless && question.method().is_cacheable();
                    if caches { meta::made_private(&kept) } else { Ok(kept) }
                });
                result = kept.map_err(Refusal::UnusablePayload)?;
            }
            Verdict::Denied(denial) => return Ok(Answer::Denied(denial)),
        }
    }
    if !rounds {
        return Ok(Answer::Result(result));
    }
    Ok(match rounds::requests(call, &question.context, result).await? {
        Requests::Pass(judged) => Answer::Result(judged),
        Requests::Denied(denial) => Answer::Denied(denial),
        Requests::Unreadable => Answer::Unreadable,
    })
}

/// The policies' verdict on a server request; protected members are restored.
async fn permitted(call: &McpCall, event: &Event, era: Era) -> Result<Verdict, Refusal> {
    Ok(match judge(call, event).await? {
        Verdict::Changed(changed) => {
            Verdict::Changed(meta::keep_params(&event.payload, &changed, era).map_err(Refusal::UnusablePayload)?)
        }
        other => other,
    })
}

fn made(text: Bytes) -> FromServer {
    Envelope::received(text).map_or(FromServer::Nothing, FromServer::Forward)
}
