//! Why the admin surface refuses a request, and the reply: `application/problem+json`.
//!
//! Invariant: a reply never contains the error text of a store or a host, only what the caller can do about it.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use weir_gateway::CallRef;
use weir_http::Problem;
use weir_http::origin::Foreign;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum AdminError {
    /// The request is not valid.
    BadRequest(String),
    /// A page of another origin, or a host name that is not ours.
    ForbiddenOrigin(&'static str),
    /// No valid token.
    Unauthorized,
    /// Nothing is at this path.
    NotFound(String),
    /// The method is not supported here; these are.
    MethodNotAllowed(&'static str),
    /// A body that is larger than this.
    BodyTooLarge(usize),
    /// A body that did not arrive in time.
    BodyTimeout,
    /// Too many contexts are open.
    TooManyContexts(String),
    /// An invalid parameter, where clients rely on status 422.
    Unprocessable(String),
    /// The record store does not respond; the cause is for the log.
    StoreUnavailable(String),
    /// Not all policies are loaded.
    NotReady(String),
    /// A fault of the gateway.
    Internal,
}

impl AdminError {
    /// The reply.
    pub(crate) fn respond(self, reference: &CallRef) -> Response<Bytes> {
        let (kind, title, status) = self.kind();
        let call_ref = reference.as_str();
        match &self {
            Self::StoreUnavailable(cause) => tracing::error!(call_ref, "the record store does not respond: {cause}"),
            Self::Internal => tracing::error!(call_ref, "internal error"),
            _ => tracing::debug!(call_ref, kind, "refused"),
        }
        let mut response = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))
            .body(())
            .unwrap_or_default();
        match &self {
            Self::MethodNotAllowed(allow) => {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
            }
            Self::Unauthorized => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        let problem = Problem {
            kind,
            title,
            status: status.as_u16(),
            detail: self.detail(),
            interceptor: None,
            messages: Vec::new(),
            call_ref: Some(call_ref.to_owned()),
        };
        response.map(|()| serde_json::to_vec(&problem).unwrap_or_default().into())
    }

    fn kind(&self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::BadRequest(_) => ("urn:weir:bad-request", "Bad request", StatusCode::BAD_REQUEST),
            Self::ForbiddenOrigin(_) => ("urn:weir:forbidden-origin", "Forbidden origin", StatusCode::FORBIDDEN),
            Self::Unauthorized => ("urn:weir:unauthorized", "Unauthorized", StatusCode::UNAUTHORIZED),
            Self::NotFound(_) => ("urn:weir:not-found", "Not found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed(_) => {
                ("urn:weir:method-not-allowed", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::BodyTooLarge(_) => ("urn:weir:body-too-large", "Body too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::BodyTimeout => ("urn:weir:body-timeout", "Body timeout", StatusCode::REQUEST_TIMEOUT),
            Self::TooManyContexts(_) => {
                ("urn:weir:too-many-contexts", "Too many contexts", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Unprocessable(_) => ("urn:weir:bad-request", "Bad request", StatusCode::UNPROCESSABLE_ENTITY),
            Self::StoreUnavailable(_) => {
                ("urn:weir:store-unavailable", "Store unavailable", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::NotReady(_) => ("urn:weir:not-ready", "Not ready", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("urn:weir:internal", "Internal error", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::BadRequest(detail)
            | Self::NotFound(detail)
            | Self::NotReady(detail)
            | Self::TooManyContexts(detail)
            | Self::Unprocessable(detail) => detail.clone(),
            Self::ForbiddenOrigin(detail) => (*detail).to_owned(),
            Self::Unauthorized => "give the admin token as `Authorization: Bearer …`".to_owned(),
            Self::MethodNotAllowed(allow) => format!("only {allow} is served at this path"),
            Self::BodyTooLarge(limit) => format!("policies read this body, so it may have at most {limit} bytes"),
            Self::BodyTimeout => "the body did not arrive in time".to_owned(),
            Self::StoreUnavailable(_) => "the record store does not respond; try again later".to_owned(),
            Self::Internal => "the gateway failed; its log has the cause under the call reference".to_owned(),
        }
    }
}

impl From<Foreign> for AdminError {
    fn from(foreign: Foreign) -> Self {
        Self::ForbiddenOrigin(foreign.0)
    }
}
