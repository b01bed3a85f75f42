//! What is noted of one exchange while it goes on: by whoever sends, by the taps on its bodies, by whoever judges.
//!
//! Locks are held for a copy of one frame at most, and nobody but the exchange itself takes them. What comes after the
//! notes were closed is not noted.

use http::{Request, Response};
use parking_lot::Mutex;
use weir_core::ChainResult;
use weir_record::{self as record, Decision, RequestPayload, Status};

use super::body::{self, Form};
use super::taken::Taken;
use crate::refusal::Refusal;

/// Most chains of one exchange that are noted. A stream in which policies look at each event can have any number.
const MAX_DECISIONS: usize = 256;

/// The notes of one exchange.
pub(crate) struct Notes {
    noted: Mutex<Option<Noted>>,
}

/// Everything that was noted.
#[derive(Debug)]
pub(super) struct Noted {
    url: String,
    method: String,
    request: Side,
    answer: Side,
    stage: Stage,
    decisions: Vec<Decision>,
    more_decisions: u64,
}

/// One body.
#[derive(Debug)]
struct Side {
    taken: Taken,
    form: Form,
    is_complete: bool,
}

/// How far the exchange has come with its upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing has gone out.
    Held,
    /// No answer yet.
    Sent,
    /// There will be none.
    Failed(Status),
    /// The head has come, with this status.
    Answering(u16),
    /// The body broke off.
    BrokenOff,
}

/// How the exchange ended for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The caller went away before there was a reply.
    Left,
    /// The gateway answered in the place of the upstream.
    Refused,
    /// A reply began and was not taken to its end.
    Replied,
    /// The reply is complete.
    Complete,
}

impl Notes {
    /// Of an exchange that wants to go there.
    pub(super) fn new(url: String, method: String, limit: usize) -> Self {
        let side = || Side { taken: Taken::new(limit), form: Form::default(), is_complete: false };
        let (stage, decisions) = (Stage::Held, Vec::new());
        let noted = Noted { url, method, request: side(), answer: side(), stage, decisions, more_decisions: 0 };
        Self { noted: Mutex::new(Some(noted)) }
    }

    /// A chain has decided.
    pub(crate) fn decided(&self, result: &ChainResult) {
        self.note(|noted| {
            if noted.decisions.len() < MAX_DECISIONS {
                noted.decisions.push(record::decision(result));
            } else {
                noted.more_decisions += 1;
            }
        });
    }

    /// The request goes to the upstream now.
    pub(crate) fn sending<B>(&self, request: &Request<B>) {
        self.note(|noted| {
            noted.url = request.uri().to_string();
            noted.method = request.method().as_str().to_owned();
            noted.request.form = Form::of(request.headers());
            noted.stage = Stage::Sent;
        });
    }

    /// The caller took the request back before it went anywhere.
    pub(crate) fn withdrawn(&self) {
        self.note(|noted| noted.stage = Stage::Failed(Status::Abandoned));
    }

    /// A message goes to a server that has no URL now.
    pub(crate) fn sending_message(&self, text: &[u8]) {
        self.note(|noted| {
            noted.request.form = Form::Json;
            noted.request.taken.push(text);
            noted.request.is_complete = true;
            noted.stage = Stage::Sent;
        });
    }

    /// The answer of such a server has come.
    pub(crate) fn answered_with(&self, text: &[u8]) {
        self.note(|noted| {
            noted.answer.form = Form::Json;
            noted.answer.taken.push(text);
            noted.answer.is_complete = true;
            // What carries it to the caller says 200, whatever is in it.
            noted.stage = Stage::Answering(200);
        });
    }

    /// The upstream gave no answer.
    pub(crate) fn unanswered(&self, refusal: &Refusal) {
        let status = match refusal {
            Refusal::UpstreamTimeout => Status::TimedOut,
            Refusal::Untrusted(_) => Status::Untrusted,
            _ => Status::Unreachable,
        };
        self.note(|noted| noted.stage = Stage::Failed(status));
    }

    /// The head of the answer has come.
    pub(crate) fn answering<B>(&self, response: &Response<B>) {
        self.note(|noted| {
            noted.stage = Stage::Answering(response.status().as_u16());
            noted.answer.form = Form::of(response.headers());
        });
    }

    /// A piece of the request's body goes out.
    pub(super) fn sent(&self, data: &[u8]) {
        self.note(|noted| noted.request.taken.push(data));
    }

    /// All of the request's body is out.
    pub(super) fn sent_all(&self) {
        self.note(|noted| noted.request.is_complete = true);
    }

    /// A piece of the answer has come.
    pub(super) fn came(&self, data: &[u8]) {
        self.note(|noted| noted.answer.taken.push(data));
    }

    /// All of the answer has come.
    pub(super) fn came_all(&self) {
        self.note(|noted| noted.answer.is_complete = true);
    }

    /// The upstream did not send its answer to the end.
    pub(super) fn broke_off(&self) {
        self.note(|noted| noted.stage = Stage::BrokenOff);
    }

    /// Takes all that was noted.
    pub(super) fn close(&self) -> Option<Noted> {
        self.noted.lock().take()
    }

    fn note(&self, note: impl FnOnce(&mut Noted)) {
        if let Some(noted) = &mut *self.noted.lock() {
            note(noted);
        }
    }
}

impl Noted {
    /// How much of the bodies is held.
    pub(super) fn bytes(&self) -> usize {
        self.request.taken.held() + self.answer.taken.held()
    }

    /// How the exchange ended for the upstream.
    pub(super) fn status(&self, fate: Fate) -> Status {
        match (self.stage, fate) {
            (Stage::Failed(status), _) => status,
            (Stage::BrokenOff, _) => Status::BrokenOff,
            (Stage::Answering(status), _) if self.answer.is_complete => Status::Answered(status),
            // The gateway would not take more of it.
            (Stage::Answering(_), Fate::Refused | Fate::Complete) => Status::BrokenOff,
            (Stage::Held, Fate::Refused | Fate::Replied | Fate::Complete) => Status::Denied,
            (Stage::Held | Stage::Sent | Stage::Answering(_), _) => Status::Abandoned,
        }
    }

    /// The parts of a row: what went out, what came back, what was decided.
    pub(super) fn into_parts(self) -> (RequestPayload, record::Body, Vec<Decision>) {
        let Self { url, method, request, answer, stage, mut decisions, more_decisions } = self;
        if more_decisions > 0 {
            decisions.push(Decision::Omitted { omitted: more_decisions });
        }
        let sent = match stage {
            // What a policy keeps from going out is not kept here either.
            Stage::Held | Stage::Failed(Status::Untrusted | Status::Abandoned) => record::Body::None,
            _ => body::of(&request.taken, request.form, request.is_complete),
        };
        let response = match stage {
            Stage::Held | Stage::Sent | Stage::Failed(_) => record::Body::None,
            // What came is all that the upstream said, be it half of what it wanted to say; the status tells.
            Stage::Answering(_) | Stage::BrokenOff => body::of(&answer.taken, answer.form, true),
        };
        (RequestPayload::new(&url, &method, sent), response, decisions)
    }
}
