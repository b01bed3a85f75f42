//! Sends requests of a call to its upstream: the target, the recording of both sides, and the refusal if there is no
//! response.

use std::sync::Arc;
use std::time::Instant;

use http::header::{ACCEPT_ENCODING, HOST};
use http::request::Parts;
use http::{HeaderValue, Request, Response, Version};
use weir_http::{AnswerBody, Incoming, Patience, RequestBody, SendError, Tap};

use crate::call::Call;
use crate::headers;
use crate::records::{AnswerTap, RequestTap, vouch};
use crate::refusal::Refusal;

/// Sends the request of an exchange to its upstream and waits for the head of the response. Both are recorded if the
/// exchange is.
pub async fn ask(
    call: &Call,
    mut request: Request<RequestBody>,
    patience: Patience,
) -> Result<Response<AnswerBody>, Refusal> {
    if let Err(refusal) = vouch(call, request.uri()).await {
        if let Some(notes) = call.agent.notes() {
            notes.unanswered(&refusal);
        }
        return Err(refusal);
    }
    let Some(notes) = call.agent.notes() else {
        let response = ask_aside(call, request, patience).await?;
        return Ok(response.map(|body| AnswerBody::new(body, None)));
    };
    // A compressed body would be unreadable in the row.
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    notes.sending(&request);
    let request = request.map(|body| body.tapped(Box::new(RequestTap(Arc::clone(notes)))));
    match ask_aside(call, request, patience).await {
        Ok(response) => {
            notes.answering(&response);
            let tap: Box<dyn Tap> = Box::new(AnswerTap(Arc::clone(notes)));
            Ok(response.map(|body| AnswerBody::new(body, Some(tap))))
        }
        Err(refusal) => {
            notes.unanswered(&refusal);
            Err(refusal)
        }
    }
}

/// Sends a request of the gateway's own for an exchange and waits for the head of the response.
pub async fn ask_aside(
    call: &Call,
    mut request: Request<RequestBody>,
    patience: Patience,
) -> Result<Response<Incoming>, Refusal> {
    call.trace().write(request.headers_mut());
    *request.version_mut() = Version::HTTP_11;
    let sent = Instant::now();
    let mut response = call.shared.client.send(request, patience).await.map_err(|error| match error {
        SendError::Unreachable(cause) => Refusal::UpstreamUnreachable(cause),
        SendError::Timeout => Refusal::UpstreamTimeout,
        // No protocol switch was requested, so this is not a response.
        SendError::Switched => Refusal::UpstreamInvalid("the upstream switched protocols without being asked"),
    })?;
    call.note_upstream_time(sent.elapsed());
    headers::clean_response(response.headers_mut());
    *response.version_mut() = Version::HTTP_11;
    Ok(response)
}

/// Directs a request to the route's upstream.
pub fn address(call: &Call, parts: &mut Parts) -> Result<(), Refusal> {
    let (route, path) = (&call.route, parts.uri.path());
    // A route without a URL sends no requests.
    let target = route.target().ok_or(Refusal::Internal)?;
    let uri = route.rest(path).and_then(|rest| target.uri(rest, parts.uri.query()));
    parts.uri = uri.ok_or_else(|| Refusal::BadRequest("the path cannot be appended to the upstream's".to_owned()))?;
    parts.headers.insert(HOST, target.host.clone());
    Ok(())
}
