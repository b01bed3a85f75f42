//! Keeping web pages of other origins away from a listener on loopback.
//!
//! A page that a browser runs can reach loopback, and by DNS rebinding even under a name of its own; no address
//! check sees the difference. What it cannot do is forge `Host` and `Origin`.
//!
//! Not here: a listener on another address. There names cannot be known without configuration, and `Origin`
//! is passed on for the upstream to judge.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request, Uri};
use tokio::net::TcpListener;

use crate::refusal::Refusal;

/// Who can reach a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// Programs of this machine, among them its browsers.
    Loopback,
    /// Others too.
    Network,
}

const FOREIGN_HOST: &str = "this listener is reached as localhost, 127.0.0.1 or [::1] only";
const FOREIGN_ORIGIN: &str = "pages of other origins may not reach this listener";

impl Exposure {
    pub(crate) fn of(listener: &TcpListener) -> Self {
        match listener.local_addr() {
            Ok(address) if address.ip().is_loopback() => Self::Loopback,
            _ => Self::Network,
        }
    }

    /// Refuses a request that names a host other than loopback, or comes from a page that is not of loopback.
    pub(crate) fn check<B>(self, request: &Request<B>) -> Result<(), Refusal> {
        if self == Self::Network {
            return Ok(());
        }
        if !host(request).is_some_and(|host| is_loopback(host.host())) {
            return Err(Refusal::ForbiddenOrigin(FOREIGN_HOST));
        }
        match request.headers().get(ORIGIN) {
            Some(origin) if !origin_of(origin).is_some_and(|origin| is_loopback(origin.host())) => {
                Err(Refusal::ForbiddenOrigin(FOREIGN_ORIGIN))
            }
            _ => Ok(()),
        }
    }

    /// The same, and a page must even be of this very origin.
    pub(crate) fn check_same_origin<B>(self, request: &Request<B>) -> Result<(), Refusal> {
        self.check(request)?;
        let Some(origin) = request.headers().get(ORIGIN) else { return Ok(()) };
        match (origin_of(origin), host(request)) {
            (Some(origin), Some(host)) if origin == host => Ok(()),
            _ => Err(Refusal::ForbiddenOrigin(FOREIGN_ORIGIN)),
        }
    }
}

/// What the caller thinks it is talking to.
pub(crate) fn host<B>(request: &Request<B>) -> Option<Authority> {
    let mut named = request.headers().get_all(HOST).iter();
    match (request.uri().authority(), named.next(), named.next()) {
        (Some(authority), _, _) => Some(authority.clone()),
        (None, Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    }
}

fn origin_of(origin: &HeaderValue) -> Option<Authority> {
    Uri::try_from(origin.as_bytes()).ok()?.into_parts().authority
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, origin: Option<&str>) -> Request<()> {
        let mut request = Request::builder().uri("/x").header(HOST, host);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn pages_of_other_origins_do_not_reach_loopback() {
        for (host, origin, any, same) in [
            ("127.0.0.1:8080", None, true, true),
            ("localhost", None, true, true),
            ("[::1]:1", None, true, true),
            ("127.0.0.1:8080", Some("http://localhost:6274"), true, false),
            ("localhost:9901", Some("http://localhost:9901"), true, true),
            ("evil.example", None, false, false),
            ("localhost.evil.example", None, false, false),
            ("127.0.0.1.evil.example:80", None, false, false),
            ("127.0.0.1:8080", Some("http://evil.example"), false, false),
            ("127.0.0.1:8080", Some("null"), false, false),
            ("a b", None, false, false),
        ] {
            let request = request(host, origin);
            assert_eq!(Exposure::Loopback.check(&request).is_ok(), any, "{host} {origin:?}");
            assert_eq!(Exposure::Loopback.check_same_origin(&request).is_ok(), same, "{host} {origin:?}");
        }
        assert!(Exposure::Network.check(&request("gateway.example", Some("http://other.example"))).is_ok());
        assert!(
            Exposure::Network.check_same_origin(&request("gateway.example", Some("http://other.example"))).is_err()
        );
    }
}
