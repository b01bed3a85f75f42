//! The resources of the admin surface by path, and the methods of each.

use http::Method;

use crate::error::AdminError;

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'p> {
    Health,
    Ready,
    Metrics,
    Policies,
    Routes,
    Chain,
    Contexts,
    /// By its token.
    Context(&'p str),
    Records,
    /// By its row number or its call reference.
    Record(&'p str),
    LatestRecord,
    RecordSummary,
    RecordMode,
    Endpoints,
    /// By its id.
    Endpoint(&'p str),
    Handoffs,
    HandoffEvaluation,
    AuditEvents,
}

impl<'p> Resource<'p> {
    pub(crate) fn at(path: &'p str) -> Option<Self> {
        let below = |prefix| path.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty() && !rest.contains('/'));
        Some(match path {
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/v1/policies" => Self::Policies,
            "/v1/routes" => Self::Routes,
            "/v1/chain" => Self::Chain,
            "/v1/contexts" => Self::Contexts,
            "/v1/records" => Self::Records,
            "/v1/records/latest" => Self::LatestRecord,
            "/v1/records/summary" => Self::RecordSummary,
            "/v1/records/mode" => Self::RecordMode,
            "/v1/trust/endpoints" => Self::Endpoints,
            "/v1/handoffs" => Self::Handoffs,
            "/v1/handoffs/evaluate" => Self::HandoffEvaluation,
            "/audit/events" => Self::AuditEvents,
            _ => {
                let context = below("/v1/contexts/").map(Self::Context);
                let record = || below("/v1/records/").map(Self::Record);
                let endpoint = || below("/v1/trust/endpoints/").map(Self::Endpoint);
                return context.or_else(record).or_else(endpoint);
            }
        })
    }

    /// Whether no token is needed. Probes have none, and only learn that something listens.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Health | Self::Ready)
    }

    pub(crate) fn check(self, method: &Method) -> Result<(), AdminError> {
        let (methods, allow): (&[Method], _) = match self {
            Self::Chain | Self::Handoffs | Self::HandoffEvaluation => (&[Method::POST], "POST"),
            Self::Contexts => (&[Method::GET, Method::HEAD, Method::POST], "GET, HEAD, POST"),
            Self::Context(_) | Self::Endpoint(_) => (&[Method::DELETE], "DELETE"),
            Self::RecordMode => (&[Method::GET, Method::HEAD, Method::PUT], "GET, HEAD, PUT"),
            Self::Endpoints => (&[Method::GET, Method::HEAD, Method::POST, Method::DELETE], "GET, HEAD, POST, DELETE"),
            Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Policies
            | Self::Routes
            | Self::Records
            | Self::Record(_)
            | Self::LatestRecord
            | Self::RecordSummary
            | Self::AuditEvents => (&[Method::GET, Method::HEAD], "GET, HEAD"),
        };
        if methods.contains(method) { Ok(()) } else { Err(AdminError::MethodNotAllowed(allow)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_paths_come_before_names() {
        for (path, expected) in [
            ("/v1/records", Some(Resource::Records)),
            ("/v1/records/latest", Some(Resource::LatestRecord)),
            ("/v1/records/17", Some(Resource::Record("17"))),
            ("/v1/contexts/wctx_x", Some(Resource::Context("wctx_x"))),
            ("/v1/trust/endpoints/x", Some(Resource::Endpoint("x"))),
            ("/v1/handoffs/evaluate", Some(Resource::HandoffEvaluation)),
            ("/v1/handoffs/other", None),
            ("/v1/records/", None),
            ("/v1/records/1/2", None),
            ("/v1/contexts/", None),
            ("/", None),
        ] {
            assert_eq!(Resource::at(path), expected, "{path}");
        }
    }
}
