//! What the operator says about a route, in the words of the configuration and of the admin surface.

use std::time::Duration;

use http::HeaderName;
use serde::{Serialize, Serializer};
use weir_core::PrincipalKind;

/// How a denied request is answered, where its protocol leaves a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDeny {
    /// As an error of the protocol.
    #[default]
    Error,
    /// A call of a tool gets the result of a tool that failed, which a model reads; anything else an error.
    ToolError,
}

/// What becomes of the caller's `Authorization`, where the protocol says that it is meant for whoever is asked first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PassAuthorization {
    /// It is meant for the gateway and is not passed on.
    #[default]
    Drop,
    /// It is passed to the upstream.
    Pass,
}

/// A header that a trusted proxy in front of the gateway sets to say who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrincipalSource {
    /// The header; its value is the principal's id. Without it the caller is anonymous.
    #[serde(serialize_with = "text")]
    pub header: HeaderName,
    /// What kind of principal it names.
    #[serde(serialize_with = "kind")]
    pub kind: PrincipalKind,
}

/// What the operator says about a route. Its JSON is what the admin surface shows, so a new key stands here, in the
/// reader of the configuration, and in its reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteOptions {
    /// Time for the chain in each phase.
    #[serde(rename = "chainTimeoutMs", serialize_with = "milliseconds")]
    pub chain_timeout: Duration,
    /// Most bytes of a body that is read for policies.
    pub max_body: usize,
    /// How a denied request is answered.
    #[serde(serialize_with = "on_deny")]
    pub on_deny: OnDeny,
    /// What becomes of the caller's `Authorization`.
    #[serde(serialize_with = "authorization")]
    pub authorization: PassAuthorization,
    /// Where the principal comes from; `None` for anonymous.
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
