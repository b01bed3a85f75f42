//! Between a protocol and events.
//!
//! An adapter is made by decoding a request, remembers what of the exchange its policies are not shown, and puts
//! what they changed back where it belongs.
//!
//! Not here: MCP. One of its exchanges can carry many messages in both directions, each an event of its own; see
//! [`crate::mcp`].

pub(crate) mod http;

use std::future::Future;
use std::sync::Arc;

use ::http::header::HOST;
use ::http::{Request, Response};
use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use weir_core::{Event, Payload};

use crate::body::{BodyError, ReplyBody, RequestBody};
use crate::call::Call;
use crate::read::{self, Read, ReadError};
use crate::records::AnswerBody;
use crate::refusal::Refusal;
use crate::verdict::Denial;

/// What an upstream's response came to.
#[expect(clippy::large_enum_variant, reason = "it is moved once; a box would be an allocation per exchange")]
pub(crate) enum Received {
    /// It goes to the caller as it is, or is looked at while it streams.
    Reply(Response<ReplyBody>),
    /// Policies have to decide before anything goes to the caller.
    Event(Event),
}

/// One exchange in one protocol.
pub(crate) trait Adapter: Sized + Send {
    /// Reads the request as far as its policies want to see it.
    fn decode(call: &Arc<Call>, request: Request<Incoming>) -> impl Future<Output = Result<Self, Refusal>> + Send;

    /// What policies want to see of the request, if anything.
    fn request_event(&self) -> Option<Event>;

    /// Takes over what policies made of the request.
    fn change_request(&mut self, call: &Call, payload: Arc<Payload>) -> Result<(), Refusal>;

    /// The request for the upstream.
    fn encode(&mut self, call: &Call) -> Result<Request<RequestBody>, Refusal>;

    /// Reads the response as far as its policies want to see it.
    fn receive(
        &mut self,
        call: &Arc<Call>,
        response: Response<AnswerBody>,
    ) -> impl Future<Output = Result<Received, Refusal>> + Send;

    /// The reply that was received, with what policies made of it.
    fn reply(self, changed: Option<Arc<Payload>>) -> Result<Response<ReplyBody>, Refusal>;

    /// How this protocol says no.
    fn deny(self, call: &Call, denial: Denial) -> Result<Response<ReplyBody>, Refusal>;
}

/// Directs a request to the route's upstream.
pub(crate) fn address(call: &Call, parts: &mut ::http::request::Parts) -> Result<(), Refusal> {
    let (route, path) = (&call.route, parts.uri.path());
    // A route that leads elsewhere is not served by an adapter.
    let target = route.target().ok_or(Refusal::Internal)?;
    let uri = route.rest(path).and_then(|rest| target.uri(rest, parts.uri.query()));
    parts.uri = uri.ok_or_else(|| Refusal::BadRequest("the path cannot be joined with the upstream's".to_owned()))?;
    parts.headers.insert(HOST, target.host.clone());
    Ok(())
}

/// Reads a request's body within the route's limit.
pub(crate) async fn read_request(call: &Call, body: Incoming) -> Result<Read, Refusal> {
    let limit = call.route.route.max_body;
    read::whole(body, limit, call.shared.options.body_read_timeout).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::BodyTooLarge(limit),
        ReadError::Slow => Refusal::BodyTimeout,
        ReadError::Broken(_) => Refusal::BadRequest("the body broke off".to_owned()),
    })
}

/// Reads a response's body within the route's limit.
pub(crate) async fn read_response(
    call: &Call,
    body: impl Body<Data = Bytes, Error: Into<BodyError>> + Unpin,
) -> Result<Read, Refusal> {
    let limit = call.route.route.max_body;
    read::whole(body, limit, call.shared.options.response_timeout).await.map_err(|error| match error {
        ReadError::TooLarge => {
            Refusal::UpstreamInvalid("the upstream's response is larger than what policies may read (`max_body`)")
        }
        ReadError::Slow => Refusal::UpstreamTimeout,
        ReadError::Broken(error) => Refusal::UpstreamUnreachable(crate::refusal::chain_of(error.as_ref())),
    })
}
