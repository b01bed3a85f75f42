//! Opening, listing and ending contexts.

use http::{Method, Request, Response};
use hyper::body::Incoming;

use super::answer::{created, json, no_content, read_body};
use super::query::{Query, wrong};
use crate::body::ReplyBody;
use crate::contexts::{Contexts, OpenError};
use crate::refusal::Refusal;
use crate::wire::{ContextEntry, ContextList, open_context};

/// Two names, some numbers and a token fit many times.
const MAX_BODY: usize = 16 * 1024;

const USUAL_PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

/// `GET` and `POST /v1/contexts`.
pub(super) async fn answer(contexts: &Contexts, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
    if request.method() == Method::POST {
        let body = read_body(request.into_body(), MAX_BODY).await?;
        let wanted = open_context(&body).map_err(Refusal::BadRequest)?;
        let opened = contexts.open(wanted).map_err(|error| match error {
            OpenError::Parent | OpenError::TooDeep(_) => Refusal::BadRequest(error.to_string()),
            OpenError::Full(_) => Refusal::TooManyContexts(error.to_string()),
        })?;
        return created(&ContextEntry::opened(opened));
    }
    let query = Query::read(request.uri().query(), &["limit", "cursor"])?;
    let limit = query.limit(USUAL_PAGE, MAX_PAGE).map_err(wrong)?;
    let mut found = contexts.list(query.get("cursor"), limit + 1);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let entries: Vec<ContextEntry> = found.into_iter().map(ContextEntry::listed).collect();
    let next_cursor = entries.last().filter(|_| has_more).map(|last| last.cursor().to_owned());
    json(&ContextList { entries, next_cursor })
}

/// `DELETE /v1/contexts/{token}`.
pub(super) fn end(contexts: &Contexts, token: &str) -> Result<Response<ReplyBody>, Refusal> {
    contexts.end(token).map(|_| no_content()).map_err(|error| Refusal::NotFound(error.to_string()))
}
