//! The target of a route, computed once: the upstream's origin, its path and its `Host`.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

use super::{Route, RouteError};

/// An upstream, ready to be joined with the rest of a request's path.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    scheme: Scheme,
    authority: Authority,
    /// As configured; used unchanged if nothing follows the prefix.
    path: String,
    /// The path without a trailing slash.
    base: String,
    query: Option<String>,
    /// The `Host` for the upstream.
    pub(crate) host: HeaderValue,
}

impl Target {
    /// Checks the target of a route; `None` without a URL.
    pub(super) fn of(route: &Route) -> Result<Option<Self>, RouteError> {
        let wrong = |reason| RouteError::Upstream { route: route.name.clone(), upstream: route.leads_to(), reason };
        route.surface.check(route).map_err(wrong)?;
        let Some(uri) = &route.upstream else { return Ok(None) };
        let parts = uri.clone().into_parts();
        let scheme = parts
            .scheme
            .filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS)
            .ok_or_else(|| wrong("it must be an absolute URL with scheme http or https"))?;
        let authority = parts.authority.ok_or_else(|| wrong("it must name a host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it must not hold a user name or password"));
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("its host is malformed"))?;
        let (path, query) = match &parts.path_and_query {
            Some(path) => (path.path().to_owned(), path.query().map(str::to_owned)),
            None => (String::new(), None),
        };
        let base = path.trim_end_matches('/').to_owned();
        Ok(Some(Self { scheme, authority, path, base, query, host }))
    }

    /// The upstream's URI for the rest of a path (empty or starting with `/`) and the request's query. `None` if the
    /// result is not valid.
    pub(crate) fn uri(&self, rest: &str, query: Option<&str>) -> Option<Uri> {
        let mut path = String::with_capacity(self.path.len() + rest.len() + query.map_or(0, str::len) + 2);
        path.push_str(if rest.is_empty() { &self.path } else { &self.base });
        path.push_str(rest);
        if path.is_empty() {
            path.push('/');
        }
        for (place, query) in [self.query.as_deref(), query].into_iter().flatten().enumerate() {
            path.push(if place == 0 { '?' } else { '&' });
            path.push_str(query);
        }
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(bytes::Bytes::from(path)).ok()?);
        Uri::from_parts(parts).ok()
    }
}
