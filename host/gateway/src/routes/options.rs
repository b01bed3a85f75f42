//! The operator's options of a route, named as in the configuration and the admin API.

use std::time::Duration;

use http::HeaderName;
use serde::{Serialize, Serializer};
use weir_core::PrincipalKind;

/// How a denied request is answered, if its protocol has a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDeny {
    /// As an error of the protocol.
    #[default]
    Error,
    /// A tool call gets the result of a failed tool, which a model reads; anything else gets an error.
    ToolError,
}

/// How to treat the caller's `Authorization`, if the protocol means it for the next hop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PassAuthorization {
    /// It is for the gateway and is not forwarded.
    #[default]
    Drop,
    /// It is forwarded to the upstream.
    Pass,
}

/// A header in which a trusted proxy in front of the gateway names the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrincipalSource {
    /// The header; its value is the principal's id. Without it the caller is anonymous.
    #[serde(serialize_with = "text")]
    pub header: HeaderName,
    /// The kind of principal.
    #[serde(serialize_with = "kind")]
    pub kind: PrincipalKind,
}

/// The operator's options of a route. The admin API shows this JSON, so a new key must also be added to the reader of
/// the configuration and to its reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteOptions {
    /// Timeout of the chain per phase.
    #[serde(rename = "chainTimeoutMs", serialize_with = "milliseconds")]
    pub chain_timeout: Duration,
    /// Most bytes of a body that is read for policies.
    pub max_body: usize,
    /// How a denied request is answered.
    #[serde(serialize_with = "on_deny")]
    pub on_deny: OnDeny,
    /// How to treat the caller's `Authorization`.
    #[serde(serialize_with = "authorization")]
    pub authorization: PassAuthorization,
    /// The source of the principal; `None` for anonymous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalSource>,
}

impl OnDeny {
    /// The word used in JSON and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::ToolError => "tool-error",
        }
    }
}

impl PassAuthorization {
    /// The word used in JSON and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Pass => "pass",
        }
    }
}

fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(weir_core::milliseconds(*time))
}

fn on_deny<S: Serializer>(on_deny: &OnDeny, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(on_deny.as_str())
}

fn authorization<S: Serializer>(authorization: &PassAuthorization, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(authorization.as_str())
}

fn text<S: Serializer>(header: &HeaderName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(header.as_str())
}

fn kind<S: Serializer>(kind: &PrincipalKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}
