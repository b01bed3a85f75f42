//! What becomes of the messages of a server.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use weir_core::{EventName, Payload, Phase};

use super::client::INITIALIZE;
use super::ledger::Found;
use super::question::{Asked, asking, is_housekeeping, rewritten};
use super::rounds::{self, Requests};
use super::{Conversation, FromServer, Replay, lock};
use crate::call::Call;
use crate::mcp::envelope::{Envelope, Kind};
use crate::mcp::id::Id;
use crate::mcp::revision::{Era, Revision};
use crate::mcp::{error, meta};
use crate::refusal::Refusal;
use crate::verdict::{Verdict, judge};

/// Results that may be served to others, so that what a policy made of them for one caller has to be marked.
const CACHEABLE: [&str; 6] =
    ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover", "resources/read"];

impl Conversation {
    /// What becomes of a message of the server that came in this exchange, in the answer that is bound to a request
    /// if there is one.
    pub(in crate::mcp) async fn receive(
        &self,
        call: &Arc<Call>,
        bound: Option<&Asked>,
        message: Bytes,
        replay: Replay,
    ) -> FromServer {
        let Ok(envelope) = Envelope::received(message) else {
            tracing::debug!(call_ref = call.reference.as_str(), "a message of the server cannot be read");
            return match bound {
                Some(bound) => {
                    call.refused(error::UNREADABLE);
                    made(error::unreadable(&bound.question.id))
                }
                None => FromServer::Nothing,
            };
        };
        match envelope.kind() {
            Kind::Notification { .. } => FromServer::Forward(envelope),
            Kind::Request { .. } if bound.is_some_and(|bound| bound.question.era == Era::Stateless) => {
                tracing::warn!(
                    call_ref = call.reference.as_str(),
                    "a request of the server has no place in this revision"
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

    async fn server_request(&self, call: &Arc<Call>, envelope: Envelope, method: &str) -> FromServer {
        let (chain, watched) = (&call.route.route.chain, call.route.watched);
        if is_housekeeping(method) || !watched.anything() {
            return FromServer::Forward(envelope);
        }
        let Ok(name) = EventName::new(method) else {
            return FromServer::Answer(error::unreadable_request(envelope.id()));
        };
        let wants_response = chain.wants(method, Phase::Response);
        let revision = self.revision(&HeaderMap::new(), &envelope);
        let context = self.server_context(call, revision);
        let era = revision.map_or(Era::Session, Revision::era);
        let question = self.question(call, &envelope, wants_response.then(|| name.clone()), Arc::clone(&context), era);
        let mut params = None;
        let mut envelope = envelope;
        if wants_response || chain.wants(method, Phase::Request) {
            let Ok(came) = envelope.shown_params() else {
                return FromServer::Answer(error::unreadable_request(envelope.id()));
            };
            params = Some(Arc::clone(&came));
            if chain.wants(method, Phase::Request) {
                match judge(call, &asking(name, Arc::clone(&came), &context)).await {
                    Ok(Verdict::Unchanged) => {}
                    Ok(Verdict::Changed(changed)) => match meta::keep_params(&came, &changed, era) {
                        Ok(kept) => {
                            let Some(changed) = rewritten(envelope.with_params(kept.text())) else {
                                return FromServer::Answer(error::internal(envelope.id()));
                            };
                            (envelope, params) = (changed, Some(kept));
                        }
                        Err(reason) => {
                            unusable(call, &reason);
                            return FromServer::Answer(error::unusable(envelope.id()));
                        }
                    },
                    Ok(Verdict::Denied(denial)) => {
                        return FromServer::Answer(error::refused(call, envelope.id(), &denial));
                    }
                    Err(_) => return FromServer::Answer(error::internal(envelope.id())),
                }
            }
        }
        lock(&self.by_server).ask(Self::asked(question, params));
        FromServer::Forward(envelope)
    }

    async fn server_answer(
        &self,
        call: &Arc<Call>,
        bound: Option<&Asked>,
        envelope: Envelope,
        replay: Replay,
    ) -> FromServer {
        let key = Id::of(envelope.id());
        let asked = match bound.filter(|bound| bound.question.key == key) {
            Some(bound) => Some(bound.clone()),
            None => match lock(&self.by_client).find(&key) {
                Found::Known(asked) => Some(asked),
                // Some clients do not tell "1" from 1.
                Found::Unknown => bound.filter(|bound| bound.question.key.is_loosely(&key)).cloned(),
            },
        };
        let key = asked.as_ref().map_or(key, |asked| asked.question.key.clone());
        lock(&self.by_client).answered(&key, asked.as_ref().map(|asked| asked.question.mark), replay);
        let Some(result) = envelope.result() else { return FromServer::Forward(envelope) };
        let Some(asked) = asked else {
            if !call.route.watched.responses {
                return FromServer::Forward(envelope);
            }
            tracing::warn!(call_ref = call.reference.as_str(), "an answer of the server belongs to no known request");
            call.refused(error::UNREADABLE);
            return made(error::unknown(envelope.id()));
        };
        if &*asked.question.method == INITIALIZE {
            self.agreed(result);
        }
        self.judged(&asked, envelope).await
    }

    /// The answer with what policies made of it.
    async fn judged(&self, asked: &Asked, envelope: Envelope) -> FromServer {
        let question = &asked.question;
        let call = &question.call;
        let rounds = question.era == Era::Stateless && call.route.watched.server_requests;
        let (Some(result), true) = (envelope.result(), question.event.is_some() || rounds) else {
            return FromServer::Forward(envelope);
        };
        let Ok(came) = Payload::parse(result).map(Arc::new) else {
            call.refused(error::UNREADABLE);
            return made(error::unreadable(&question.id));
        };
        let mut result = Arc::clone(&came);
        if let Some(event) = asked.answered(Arc::clone(&came)) {
            match judge(call, &event).await {
                Ok(Verdict::Unchanged) => {}
                Ok(Verdict::Changed(changed)) => {
                    let kept = meta::keep_result(&came, &changed, question.era).and_then(|kept| {
                        let caches = question.era == Era::Stateless && CACHEABLE.contains(&&*question.method);
                        if caches { meta::made_private(&kept) } else { Ok(kept) }
                    });
                    match kept {
                        Ok(kept) => result = kept,
                        Err(reason) => {
                            unusable(call, &reason);
                            return made(error::unusable(&question.id));
                        }
                    }
                }
                Ok(Verdict::Denied(denial)) => {
                    call.refused(Refusal::Denied(denial.clone()).urn());
                    return made(error::denied(question, &denial));
                }
                Err(refusal) => {
                    call.refused(refusal.urn());
                    return made(error::internal(&question.id));
                }
            }
        }
        if rounds {
            match rounds::requests(call, &question.context, result).await {
                Ok(Requests::Pass(judged)) => result = judged,
                Ok(Requests::Denied(denial)) => {
                    call.refused(Refusal::Denied(denial.clone()).urn());
                    return made(error::denied(question, &denial));
                }
                Ok(Requests::Unreadable) => {
                    call.refused(error::UNREADABLE);
                    return made(error::unreadable(&question.id));
                }
                Err(refusal) => {
                    call.refused(refusal.urn());
                    return made(error::internal(&question.id));
                }
            }
        }
        if Arc::ptr_eq(&result, &came) {
            return FromServer::Forward(envelope);
        }
        made(envelope.with_result(result.text()))
    }
}

fn made(text: Bytes) -> FromServer {
    rewritten(text).map_or(FromServer::Nothing, FromServer::Forward)
}

fn unusable(call: &Call, reason: &str) {
    tracing::warn!(call_ref = call.reference.as_str(), reason, "a policy's payload cannot be sent");
    call.refused(Refusal::UnusablePayload(String::new()).urn());
}
