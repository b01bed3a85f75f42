//! The labels of the metrics. Their values come from the configuration or fixed sets, never from a caller, so the
//! number of series is bounded.

use http::Method;
use prometheus_client::encoding::EncodeLabelSet;

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PolicyLabel {
    /// Its name.
    pub policy: String,
}

/// One policy and the effect of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EffectLabel {
    /// Its name.
    pub policy: String,
    /// `pass`, `apply`, `block`, `fail_open` or `audit`.
    pub effect: &'static str,
}

/// One policy and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct VerdictLabel {
    /// Its name.
    pub policy: String,
    /// `valid`, `invalid`, `ask`, `unmodified`, `modified`, `fault` or `chain_deadline`.
    pub verdict: &'static str,
}

/// One policy and a kind of failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FaultLabel {
    /// Its name.
    pub policy: String,
    /// One of the seven kinds.
    pub kind: &'static str,
}

/// One policy and a protection removed by its overrides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WeakeningLabel {
    /// Its name.
    pub policy: String,
    /// `fail_open`, `audit` or `disabled`.
    pub weakening: &'static str,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabel {
    /// Its name.
    pub route: String,
}

/// One route's chains by verdict.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ChainLabel {
    /// The route's name.
    pub route: String,
    /// `request` or `response`.
    pub phase: &'static str,
    /// The chain's status.
    pub status: &'static str,
}

/// One route's exchanges.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ExchangeLabel {
    /// The route's name.
    pub route: String,
    /// An HTTP method, or `other`.
    pub method: &'static str,
    /// `2xx` and so on.
    pub status: &'static str,
    /// Why the gateway answered by itself, or empty.
    pub refusal: &'static str,
}

/// The result of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReloadLabel {
    /// `ok` or `failed`.
    pub result: &'static str,
}

/// Information about the program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BuildLabel {
    /// Its version.
    pub version: &'static str,
}

/// The method as a label. Callers can invent methods, so unknown ones become `other`.
pub fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The class of a status.
pub const fn status_class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
