//! The messages of one session as policies see them: requests of the client and their answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use tokio::sync::watch;
use weir_core::{Event, EventName, Payload, Phase};

use crate::adapter::mcp::{Question, is_housekeeping};
use crate::call::{self, Call, Surface};
use crate::gateway::Shared;
use crate::mcp::envelope::{self, Answer, Envelope, Kind};
use crate::mcp::error;
use crate::mcp::revision::Revision;
use crate::refusal::Refusal;
use crate::routes::Prepared;
use crate::verdict::{Verdict, judge};

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(crate) struct Conversation {
    shared: Arc<Shared>,
    route: Arc<Prepared>,
    session: Option<String>,
    /// What the client asked, by id.
    asked: Mutex<HashMap<String, Asked>>,
    /// What the server asked, by id.
    questions: Mutex<HashMap<String, Asked>>,
}

#[derive(Clone)]
struct Asked {
    call: Arc<Call>,
    question: Option<Question>,
    cancel: Arc<watch::Sender<bool>>,
}

pub(crate) enum FromClient {
    Forward(Envelope),
    Answer(Bytes),
    Cancelled,
}

pub(crate) enum FromServer {
    Forward(Envelope),
    Answer(Bytes),
    Nothing,
}

#[expect(clippy::wrong_self_convention, reason = "it names the side that a message comes from")]
impl Conversation {
    pub(crate) fn new(shared: Arc<Shared>, route: Arc<Prepared>, session: Option<String>) -> Arc<Self> {
        Arc::new(Self { shared, route, session, asked: Mutex::default(), questions: Mutex::default() })
    }

    pub(crate) async fn from_client(
        &self,
        call: &Arc<Call>,
        headers: &HeaderMap,
        message: Envelope,
    ) -> Result<FromClient, Refusal> {
        match message.kind() {
            Kind::Request { method } if !is_housekeeping(method) => {
                let name = EventName::new(method).map_err(|_| error::method_name(&message))?;
                let asked = self.asked(call, headers, name, &message)?;
                let id = message.id().to_owned();
                self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), asked.clone());
                let Some(question) = asked.question else { return Ok(FromClient::Forward(message)) };
                if !call.route.route.chain.wants(question.event.as_str(), Phase::Request) {
                    return Ok(FromClient::Forward(message));
                }
                let mut cancelled = asked.cancel.subscribe();
                let event = Event {
                    name: question.event.clone(),
                    phase: Phase::Request,
                    payload: Arc::clone(&question.params),
                    request: None,
                    context: Arc::clone(&question.context),
                };
                let verdict = tokio::select! {
                    verdict = judge(call, &event) => verdict?,
                    _ = cancelled.wait_for(|cancelled| *cancelled) => return Ok(FromClient::Cancelled),
                };
                Ok(match verdict {
                    Verdict::Unchanged => FromClient::Forward(message),
                    Verdict::Changed(payload) => {
                        let text = message.with_params(payload.text());
                        FromClient::Forward(Envelope::read(text).map_err(error::malformed)?)
                    }
                    Verdict::Denied(denial) => {
                        self.forget(&id);
                        FromClient::Answer(error::denied(call, &question, denial))
                    }
                })
            }
            Kind::Notification { method: "notifications/cancelled" } => {
                if let Some(id) = message.params().and_then(request_id) {
                    let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                    if let Some(asked) = asked {
                        asked.cancel.send_replace(true);
                    }
                }
                Ok(FromClient::Forward(message))
            }
            Kind::Answer => {
                let asked = self.questions.lock().unwrap_or_else(PoisonError::into_inner).remove(message.id());
                let Some(Asked { call, question: Some(question), .. }) = asked else {
                    return Ok(FromClient::Forward(message));
                };
                Ok(match self.judged(&call, &question, message.into_text()).await {
                    Some(text) => FromClient::Forward(Envelope::read(text).map_err(error::malformed)?),
                    None => return Err(Refusal::Internal),
                })
            }
            _ => Ok(FromClient::Forward(message)),
        }
    }

    pub(crate) async fn from_server(&self, message: Bytes) -> FromServer {
        let Ok(envelope) = Envelope::read(message.clone()) else { return FromServer::Nothing };
        match envelope.kind() {
            Kind::Answer => {
                let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(envelope.id());
                let Some(Asked { call, question: Some(question), .. }) = asked else {
                    return FromServer::Forward(envelope);
                };
                match self.judged(&call, &question, message).await.map(Envelope::read) {
                    Some(Ok(envelope)) => FromServer::Forward(envelope),
                    _ => FromServer::Nothing,
                }
            }
            Kind::Request { method } if !is_housekeeping(method) => {
                let call = Call::begin_local(Arc::clone(&self.shared), Arc::clone(&self.route));
                let Ok(name) = EventName::new(method) else { return FromServer::Nothing };
                let Ok(asked) = self.asked(&call, &HeaderMap::new(), name, &envelope) else {
                    return FromServer::Nothing;
                };
                let Some(question) = asked.question.clone() else { return FromServer::Forward(envelope) };
                let event = Event {
                    name: question.event.clone(),
                    phase: Phase::Request,
                    payload: Arc::clone(&question.params),
                    request: None,
                    context: Arc::clone(&question.context),
                };
                match judge(&call, &event).await {
                    Ok(Verdict::Denied(denial)) => FromServer::Answer(error::denied(&call, &question, denial)),
                    Ok(verdict) => {
                        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
                        questions.insert(envelope.id().to_owned(), asked);
                        match verdict {
                            Verdict::Changed(payload) => match Envelope::read(envelope.with_params(payload.text())) {
                                Ok(envelope) => FromServer::Forward(envelope),
                                Err(_) => FromServer::Nothing,
                            },
                            _ => FromServer::Forward(envelope),
                        }
                    }
                    Err(_) => FromServer::Answer(error::internal(&question.id)),
                }
            }
            _ => FromServer::Forward(envelope),
        }
    }

    pub(crate) fn forget(&self, id: &str) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    async fn judged(&self, call: &Arc<Call>, question: &Question, text: Bytes) -> Option<Bytes> {
        if !call.route.route.chain.wants(question.event.as_str(), Phase::Response) {
            return Some(text);
        }
        match envelope::answer(text.clone()) {
            Answer::Other => Some(text),
            Answer::Unreadable => Some(error::unreadable(&question.id)),
            Answer::Result(envelope, result) => Some(match judge(call, &question.answered(result)).await {
                Ok(Verdict::Unchanged) => text,
                Ok(Verdict::Changed(result)) => envelope.with_result(result.text()),
                Ok(Verdict::Denied(denial)) => error::denied(call, question, denial),
                Err(_) => error::internal(&question.id),
            }),
        }
    }

    fn asked(
        &self,
        call: &Arc<Call>,
        headers: &HeaderMap,
        event: EventName,
        envelope: &Envelope,
    ) -> Result<Asked, Refusal> {
        let chain = &call.route.route.chain;
        let wanted = [Phase::Request, Phase::Response].into_iter().any(|phase| chain.wants(event.as_str(), phase));
        let question = if wanted {
            let params =
                Payload::parse(envelope.params().unwrap_or("{}")).map_err(|cause| error::params(envelope, &cause))?;
            let revision = call::text(headers, &PROTOCOL_VERSION).as_deref().and_then(Revision::parse);
            let surface = Surface {
                session_id: self.session.clone(),
                protocol_revision: revision.map(|revision| revision.as_str().to_owned()),
            };
            let context = call.context(headers, surface);
            Some(Question { id: envelope.id().into(), event, params: Arc::new(params), context })
        } else {
            None
        };
        Ok(Asked { call: Arc::clone(call), question, cancel: Arc::new(watch::Sender::new(false)) })
    }
}

fn request_id(params: &str) -> Option<String> {
    let found = crate::json::members(params).ok()?.into_iter().find(|member| member.name == "requestId")?;
    Some(params[found.value].to_owned())
}
