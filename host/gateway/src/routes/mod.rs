//! Which requests go where: routes by path prefix.
//!
//! Invariants: the longest prefix wins, and a prefix ends at a `/`; a path with `.` or `..` segments, plain or
//! percent-encoded, matches nothing, because an upstream that resolves them would leave the matched route.
//!
//! Not here: what a route's protocol does with a request.

mod options;
mod target;

use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use weir_core::Chain;

use crate::surface::Surface;

pub use options::{OnDeny, PassAuthorization, PrincipalSource, RouteOptions};
pub(crate) use target::Target;

/// One route.
#[derive(Clone)]
pub struct Route {
    /// Unique; in logs, metrics and the context.
    pub name: String,
    /// The prefix, starting with `/`.
    pub path: String,
    /// Its protocol.
    pub surface: Arc<dyn Surface>,
    /// `http` or `https`, with the path that replaces the route's prefix; `None` if the surface reaches its server
    /// itself.
    pub upstream: Option<Uri>,
    /// The upstream's name for policies (`server` in the context).
    pub server: String,
    /// The policies.
    pub chain: Arc<Chain>,
    /// The operator's options.
    pub options: RouteOptions,
}

/// All routes of a running set.
#[derive(Clone, Default)]
pub struct Routes {
    /// Longest prefix first.
    by_length: Vec<Arc<PreparedRoute>>,
}

/// A route with precomputed values.
pub(crate) struct PreparedRoute {
    route: Route,
    /// Its target, if it has a URL.
    target: Option<Target>,
    /// The path without a trailing slash.
    prefix: String,
}

/// Why routes cannot be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Two routes with the same path.
    #[error("routes {first} and {second} both have the path {path}; give one of them another `path`")]
    DuplicatePath {
        /// The path.
        path: String,
        /// The route that came first.
        first: String,
        /// The other one.
        second: String,
    },
    /// Two routes with the same name.
    #[error("two routes are named {0}; give one of them another `name`")]
    DuplicateName(String),
    /// A path that no request can have.
    #[error("route {route}: path {path:?}: {reason}")]
    Path {
        /// The route.
        route: String,
        /// Its path.
        path: String,
        /// What is required.
        reason: &'static str,
    },
    /// An upstream that cannot be called.
    #[error("route {route}: upstream {upstream:?}: {reason}")]
    Upstream {
        /// The route.
        route: String,
        /// Its upstream.
        upstream: String,
        /// What is required.
        reason: &'static str,
    },
}

impl Route {
    /// Its upstream, for people.
    pub fn leads_to(&self) -> String {
        self.upstream.as_ref().map_or_else(|| self.surface.server(), ToString::to_string)
    }
}

impl Routes {
    /// Checks and sorts the routes. Returns the first error; [`Routes::check`] returns all.
    pub fn new(routes: Vec<Route>) -> Result<Self, RouteError> {
        if let Some(error) = Self::check(&routes).into_iter().next() {
            return Err(error);
        }
        let mut by_length = routes.into_iter().map(PreparedRoute::new).collect::<Result<Vec<_>, _>>()?;
        by_length.sort_by(|a, b| b.prefix.len().cmp(&a.prefix.len()).then_with(|| a.prefix.cmp(&b.prefix)));
        Ok(Self { by_length: by_length.into_iter().map(Arc::new).collect() })
    }

    /// All errors of the routes.
    pub fn check(routes: &[Route]) -> Vec<RouteError> {
        let mut errors = Vec::new();
        let (mut paths, mut names) = (HashMap::new(), HashMap::new());
        for route in routes {
            if let Err(reason) = check_path(&route.path) {
                errors.push(RouteError::Path { route: route.name.clone(), path: route.path.clone(), reason });
            }
            if let Err(error) = Target::of(route) {
                errors.push(error);
            }
            if names.insert(&route.name, ()).is_some() {
                errors.push(RouteError::DuplicateName(route.name.clone()));
            }
            if let Some(first) = paths.insert(trimmed(&route.path), &route.name) {
                errors.push(RouteError::DuplicatePath {
                    path: route.path.clone(),
                    first: first.clone(),
                    second: route.name.clone(),
                });
            }
        }
        errors
    }

    /// The routes, longest path first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.by_length.iter().map(|prepared| &prepared.route)
    }

    /// The route of that name.
    pub fn by_name(&self, name: &str) -> Option<&Route> {
        self.iter().find(|route| route.name == name)
    }

    /// The route of that name, ready to be used.
    pub(crate) fn prepared(&self, name: &str) -> Option<Arc<PreparedRoute>> {
        self.by_length.iter().find(|prepared| prepared.route.name == name).map(Arc::clone)
    }

    /// The route of a request's path.
    pub(crate) fn find(&self, path: &str) -> Option<&Arc<PreparedRoute>> {
        if has_dot_segment(path) {
            return None;
        }
        self.by_length.iter().find(|prepared| prepared.rest(path).is_some())
    }
}

impl std::ops::Deref for PreparedRoute {
    type Target = Route;

    fn deref(&self) -> &Route {
        &self.route
    }
}

impl PreparedRoute {
    fn new(route: Route) -> Result<Self, RouteError> {
        let target = Target::of(&route)?;
        let prefix = trimmed(&route.path).to_owned();
        Ok(Self { route, target, prefix })
    }

    /// The target of a route with a URL.
    pub(crate) fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// The path after the prefix: empty or starting with `/`. `None` if the path is outside.
    pub(crate) fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.prefix.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

fn check_path(path: &str) -> Result<(), &'static str> {
    if !path.starts_with('/') {
        return Err("it must start with '/'");
    }
    if path.contains("//") || has_dot_segment(path) {
        return Err("it must not have empty, '.' or '..' segments");
    }
    if path.contains(['?', '#', '*', ' ']) || !path.is_ascii() {
        return Err("it must be a plain path: no query, fragment, wildcard, space or unescaped character");
    }
    Ok(())
}

/// Whether a path has a segment `.` or `..`, plain or percent-encoded. A backslash counts as a separator, since some
/// servers treat it as one.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    let is_dots = |segment: &str| {
        let mut rest = segment;
        let mut dots = 0;
        while !rest.is_empty() {
            let encoded = rest.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("%2e"));
            rest = match (encoded, rest.strip_prefix('.')) {
                (true, _) => &rest[3..],
                (false, Some(rest)) => rest,
                (false, None) => return false,
            };
            dots += 1;
        }
        dots == 1 || dots == 2
    };
    // These searches decide nearly every path.
    (path.contains("/.") || path.contains('%') || path.contains('\\')) && separated(path).any(is_dots)
}

fn separated(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\']).flat_map(|segment| {
        // A server that decodes first also resolves dots after an encoded separator.
        segment
            .split("%2f")
            .flat_map(|part| part.split("%2F"))
            .flat_map(|part| part.split("%5c"))
            .flat_map(|part| part.split("%5C"))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weir_core::ChainOptions;

    use super::*;
    use crate::surface::http::Http;

    fn route(name: &str, path: &str, upstream: &str) -> Route {
        Route {
            name: name.to_owned(),
            path: path.to_owned(),
            surface: Arc::new(Http),
            upstream: Some(upstream.parse().unwrap()),
            server: "s".to_owned(),
            chain: Arc::new(Chain::new(vec![], ChainOptions::default()).unwrap()),
            options: RouteOptions {
                chain_timeout: Duration::from_secs(1),
                max_body: 1,
                on_deny: OnDeny::Error,
                authorization: PassAuthorization::Drop,
                principal: None,
            },
        }
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let good = "http://h:1/p";
        let routes = [
            route("a", "/a", good),
            route("b", "/a/", good),
            route("a", "/c", good),
            route("d", "d", good),
            route("e", "/e//x", good),
            route("f", "/f/../g", good),
            route("g", "/g*", good),
            route("h", "/h", "/relative"),
            route("i", "/i", "ftp://h"),
            route("j", "/j", "http://user:password@h"),
        ];
        let mut routes = routes.to_vec();
        routes.push(Route { upstream: None, ..route("k", "/k", good) });
        let errors: Vec<String> = Routes::check(&routes).iter().map(ToString::to_string).collect();
        let parts = [
            "routes a and b both have the path /a/",
            "two routes are named a",
            "must start with '/'",
            "'.' or '..' segments",
            "'.' or '..' segments",
            "plain path",
            "absolute URL",
            "scheme http or https",
            "user name or password",
            "a command is only for",
        ];
        assert_eq!(errors.len(), parts.len(), "{errors:#?}");
        for (error, part) in errors.iter().zip(parts) {
            assert!(error.contains(part), "{error}");
        }
        assert!(Routes::new(routes).is_err());
    }

    #[test]
    fn segments_of_dots_are_found_however_they_are_written() {
        for path in
            ["/..", "/../a", "/a/..", "/a/./b", "/.", "/%2e%2E", "/.%2e/a", "/a/..%2Fb", "/a%5c..", "\\..\\a", "/a/%2e"]
        {
            assert!(has_dot_segment(path), "{path}");
        }
        for path in ["/", "/a", "/...", "/a..b", "/.well-known", "/a.", "/%2ea", "/..a", "/%41", ""] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }
}
