//! Opening, listing and ending contexts.

use http::{Method, Request, Response};
use weir_gateway::Now;
use weir_gateway::contexts::{Contexts, OpenError};
use weir_http::Body;
use weir_http::Incoming;

use crate::answer::{created, json, no_content, read_body};
use crate::context_form::{ContextEntry, ContextList, open_context};
use crate::error::AdminError;
use crate::query::{Query, wrong};

/// Enough for two names, some numbers and a token.
const MAX_BODY: usize = 16 * 1024;

const USUAL_PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

/// `GET` and `POST /v1/contexts`.
pub(crate) async fn answer(contexts: &Contexts, request: Request<Incoming>) -> Result<Response<Body>, AdminError> {
    if request.method() == Method::POST {
        let body = read_body(request.into_body(), MAX_BODY).await?;
        let wanted = open_context(&body).map_err(AdminError::BadRequest)?;
        let opened = contexts.open(wanted, Now::read()).map_err(|error| match error {
            OpenError::Parent | OpenError::TooDeep(_) => AdminError::BadRequest(error.to_string()),
            OpenError::Full(_) => AdminError::TooManyContexts(error.to_string()),
        })?;
        return created(&ContextEntry::opened(opened));
    }
    let query = Query::read(request.uri().query(), &["limit", "cursor"])?;
    let limit = query.limit(USUAL_PAGE, MAX_PAGE).map_err(wrong)?;
    let mut found = contexts.list(query.get("cursor"), limit + 1, Now::read());
    let has_more = found.len() > limit;
    found.truncate(limit);
    let entries: Vec<ContextEntry> = found.into_iter().map(ContextEntry::listed).collect();
    let next_cursor = entries.last().filter(|_| has_more).map(|last| last.cursor().to_owned());
    json(&ContextList { entries, next_cursor })
}

/// `DELETE /v1/contexts/{token}`.
pub(crate) fn end(contexts: &Contexts, token: &str) -> Result<Response<Body>, AdminError> {
    contexts.end(token, Now::read()).map(|_| no_content()).map_err(|error| AdminError::NotFound(error.to_string()))
}
