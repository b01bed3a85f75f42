//! Why a call of the data plane is refused, and the HTTP reply.
//!
//! Invariants: a refusal on plain HTTP is `application/problem+json`; it never contains the error text of an upstream
//! or a host, only what the caller can do about it.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use weir_http::{Problem, ProblemMessage};

use crate::denial::{Denial, PolicyMessage, Reason};
use crate::records::NotAdmitted;
use crate::reference::CallRef;

/// Why the gateway replies itself.
#[derive(Debug)]
pub enum Refusal {
    /// No route has this path.
    NoRoute,
    /// The request is not valid.
    BadRequest(String),
    /// A page of another origin, or a host name that is not ours.
    ForbiddenOrigin(&'static str),
    /// The method is not supported here; these are.
    MethodNotAllowed(&'static str),
    /// A body for policies exceeds this limit.
    BodyTooLarge(usize),
    /// A body for policies is compressed.
    EncodedBody,
    /// A body did not arrive in time.
    BodyTimeout,
    /// A call in a context may not go to its target; the text is for the caller.
    Untrusted(String),
    /// A call that must be recorded cannot be.
    NotRecorded(NotAdmitted),
    /// A policy denied it, or failed.
    Denied(Denial),
    /// A mutator's payload cannot be sent; the reason is for the log.
    UnusablePayload(String),
    /// The upstream is unreachable or closed the connection; the cause is for the log.
    UpstreamUnreachable(String),
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// Policies cannot read the upstream's response.
    UpstreamInvalid(&'static str),
    /// A message refused by an error of its protocol.
    InProtocol {
        /// The status.
        status: StatusCode,
        /// The media type of the text.
        content_type: &'static str,
        /// The reply.
        text: Bytes,
    },
    /// A fault of the gateway.
    Internal,
}

/// The problem type for a failed upstream connection.
pub(crate) const UPSTREAM_UNREACHABLE: &str = "urn:weir:upstream-unreachable";
/// The problem type for an upstream timeout.
pub(crate) const UPSTREAM_TIMEOUT: &str = "urn:weir:upstream-timeout";
/// The problem type for an invalid upstream response.
pub(crate) const UPSTREAM_INVALID: &str = "urn:weir:upstream-invalid";

/// The constant parts of a problem.
struct Kind {
    urn: &'static str,
    title: &'static str,
    status: StatusCode,
}

impl Refusal {
    /// The problem's type, for telemetry.
    pub fn urn(&self) -> &'static str {
        self.kind().urn
    }

    /// The reply.
    pub fn respond(&self, reference: Option<&CallRef>) -> Response<Bytes> {
        self.log(reference);
        if let Self::InProtocol { status, content_type, text } = self {
            return reply(*status, content_type, text.clone());
        }
        let kind = self.kind();
        let (interceptor, messages) = match self {
            Self::Denied(denial) => (Some(denial.interceptor.clone()), denial.messages.iter().map(message).collect()),
            _ => (None, Vec::new()),
        };
        let problem = Problem {
            kind: kind.urn,
            title: kind.title,
            status: kind.status.as_u16(),
            detail: self.detail(),
            interceptor,
            messages,
            call_ref: reference.map(|reference| reference.as_str().to_owned()),
        };
        let text = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = reply(kind.status, "application/problem+json", text.into());
        if let Self::MethodNotAllowed(allow) = self {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }

    fn kind(&self) -> Kind {
        let kind = |urn, title, status| Kind { urn, title, status };
        match self {
            Self::NoRoute => kind("urn:weir:no-route", "No route", StatusCode::NOT_FOUND),
            Self::BadRequest(_) => kind("urn:weir:bad-request", "Bad request", StatusCode::BAD_REQUEST),
            Self::ForbiddenOrigin(_) => kind("urn:weir:forbidden-origin", "Forbidden origin", StatusCode::FORBIDDEN),
            Self::MethodNotAllowed(_) => {
                kind("urn:weir:method-not-allowed", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::BodyTooLarge(_) => kind("urn:weir:body-too-large", "Body too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::EncodedBody => kind("urn:weir:encoded-body", "Encoded body", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::BodyTimeout => kind("urn:weir:body-timeout", "Body timeout", StatusCode::REQUEST_TIMEOUT),
            Self::Untrusted(_) => kind("urn:weir:untrusted", "Untrusted endpoint", StatusCode::FORBIDDEN),
            Self::NotRecorded(_) => kind("urn:weir:not-recorded", "Not recorded", StatusCode::SERVICE_UNAVAILABLE),
            Self::Denied(denial) => match denial.reason {
                Reason::Denied => kind("urn:weir:denied", "Denied by policy", StatusCode::FORBIDDEN),
                Reason::ApprovalRequired => {
                    kind("urn:weir:approval-required", "Approval required", StatusCode::FORBIDDEN)
                }
                Reason::PolicyFailed => {
                    kind("urn:weir:policy-failed", "Policy failed", StatusCode::SERVICE_UNAVAILABLE)
                }
                Reason::PolicyTimeout => {
                    kind("urn:weir:policy-timeout", "Policies took too long", StatusCode::SERVICE_UNAVAILABLE)
                }
            },
            Self::UnusablePayload(_) => {
                kind("urn:weir:policy-failed", "Policy failed", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::UpstreamUnreachable(_) => kind(UPSTREAM_UNREACHABLE, "Upstream unreachable", StatusCode::BAD_GATEWAY),
            Self::UpstreamTimeout => kind(UPSTREAM_TIMEOUT, "Upstream timeout", StatusCode::GATEWAY_TIMEOUT),
            Self::UpstreamInvalid(_) => kind(UPSTREAM_INVALID, "Upstream invalid", StatusCode::BAD_GATEWAY),
            Self::InProtocol { status, .. } => kind("urn:weir:bad-request", "Bad request", *status),
            Self::Internal => kind("urn:weir:internal", "Internal error", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NoRoute => "no route matches this path".to_owned(),
            Self::BadRequest(detail) | Self::Untrusted(detail) => detail.clone(),
            Self::NotRecorded(reason) => reason.to_string(),
            Self::ForbiddenOrigin(detail) => (*detail).to_owned(),
            Self::MethodNotAllowed(allow) => format!("this path only supports {allow}"),
            Self::BodyTooLarge(limit) => format!("policies read this body, so it may have at most {limit} bytes"),
            Self::EncodedBody => {
                "policies read this body, so it must not be compressed; send it without Content-Encoding".to_owned()
            }
            Self::BodyTimeout => "the body did not arrive in time".to_owned(),
            Self::Denied(denial) => match denial.reason {
                Reason::Denied => format!("policy {} does not allow this {}", denial.interceptor, denial.phase),
                Reason::ApprovalRequired => format!(
                    "policy {} wants a person to approve this {}, and nobody can be asked here",
                    denial.interceptor, denial.phase
                ),
                Reason::PolicyFailed => {
                    format!("policy {} could not be run and must not be skipped", denial.interceptor)
                }
                Reason::PolicyTimeout => "the policies timed out".to_owned(),
            },
            Self::UnusablePayload(_) => "a policy changed the message into one that cannot be sent".to_owned(),
            Self::UpstreamUnreachable(_) => {
                "the upstream could not be reached, or closed the connection before it answered".to_owned()
            }
            Self::UpstreamTimeout => "the upstream did not answer in time".to_owned(),
            Self::UpstreamInvalid(what) => (*what).to_owned(),
            Self::InProtocol { .. } => String::new(),
            Self::Internal => "the gateway failed; its log has the cause under the call reference".to_owned(),
        }
    }

    /// Logs what the caller is not shown.
    pub(crate) fn log(&self, reference: Option<&CallRef>) {
        let call_ref = reference.map_or("", CallRef::as_str);
        match self {
            Self::UnusablePayload(reason) => {
                tracing::warn!(call_ref, reason, "a policy returned a payload that cannot be sent");
            }
            Self::UpstreamUnreachable(error) => tracing::warn!(call_ref, error, "the upstream cannot be reached"),
            Self::UpstreamTimeout => tracing::warn!(call_ref, "the upstream did not answer in time"),
            Self::UpstreamInvalid(what) => tracing::warn!(call_ref, what, "the upstream's response cannot be used"),
            Self::Untrusted(detail) => tracing::info!(call_ref, "{detail}"),
            Self::NotRecorded(reason) => tracing::warn!(call_ref, "refused: {reason}"),
            Self::Internal => tracing::error!(call_ref, "internal error"),
            _ => tracing::debug!(call_ref, kind = self.urn(), "refused"),
        }
    }
}

fn reply(status: StatusCode, content_type: &'static str, text: Bytes) -> Response<Bytes> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn message(entry: &PolicyMessage) -> ProblemMessage {
    let PolicyMessage { interceptor, severity, message, path } = entry;
    ProblemMessage {
        interceptor: interceptor.clone(),
        severity: severity.as_str(),
        message: message.clone(),
        path: path.clone(),
    }
}

impl From<weir_http::origin::Foreign> for Refusal {
    fn from(foreign: weir_http::origin::Foreign) -> Self {
        Self::ForbiddenOrigin(foreign.0)
    }
}
