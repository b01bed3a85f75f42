//! Keeps web pages of other origins away from a listener on loopback.
//!
//! A page in a browser can reach loopback, by DNS rebinding even under its own host name; no address check detects
//! that. What it cannot do is forge `Host` and `Origin`.
//!
//! On other addresses valid host names are not known without configuration. There a page must come from the request's
//! own host or from an allowed origin, and the host must be a listed one if the operator lists any. That applies to
//! protocols that web pages do not use. On plain HTTP, `Origin` is forwarded for the upstream to check.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request, Uri};
use tokio::net::TcpListener;

/// The operator's settings for hosts and origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// Allowed origins of pages, besides the listener's own: scheme, host and port, in lower case.
    pub allowed_origins: Vec<String>,
    /// Allowed hosts, in lower case, with a port to allow only that port. Empty allows any.
    pub allowed_hosts: Vec<String>,
}

/// Who can reach a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Programs on this machine, including its browsers.
    Loopback,
    /// Other machines too.
    Network,
}

/// Why a request is refused, for its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Foreign(pub &'static str);

const FOREIGN_HOST: &str = "this listener only accepts the hosts localhost, 127.0.0.1 and [::1]";
const UNLISTED_HOST: &str = "this gateway does not serve that host";
const FOREIGN_ORIGIN: &str = "pages of other origins may not reach this listener";

impl Exposure {
    /// That of a listener.
    pub fn of(listener: &TcpListener) -> Self {
        match listener.local_addr() {
            Ok(address) if address.ip().is_loopback() => Self::Loopback,
            _ => Self::Network,
        }
    }

    /// Refuses a request to a host other than loopback, or from a page that is not on loopback.
    pub fn check<B>(self, request: &Request<B>) -> Result<(), Foreign> {
        if self == Self::Network {
            return Ok(());
        }
        if !host(request).is_some_and(|host| is_loopback(host.host())) {
            return Err(Foreign(FOREIGN_HOST));
        }
        match request.headers().get(ORIGIN) {
            Some(origin) if !origin_of(origin).is_some_and(|origin| is_loopback(origin.host())) => {
                Err(Foreign(FOREIGN_ORIGIN))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a request from a page of a foreign origin, or to a host that is not ours.
    pub fn admit<B>(self, admission: &Admission, request: &Request<B>) -> Result<(), Foreign> {
        let host = host(request);
        let is_listed = host.as_ref().is_some_and(|host| admission.lists(host));
        let is_near = host.as_ref().is_some_and(|host| is_loopback(host.host()));
        match self {
            Self::Loopback if !is_near && !is_listed => return Err(Foreign(FOREIGN_HOST)),
            Self::Network if !is_listed && !admission.allowed_hosts.is_empty() => {
                return Err(Foreign(UNLISTED_HOST));
            }
            Self::Loopback | Self::Network => {}
        }
        let mut origins = request.headers().get_all(ORIGIN).iter();
        let (origin, None) = (origins.next(), origins.next()) else {
            return Err(Foreign(FOREIGN_ORIGIN));
        };
        let Some(origin) = origin else { return Ok(()) };
        let passes = admission.allows(origin)
            || origin_of(origin).is_some_and(|page| match self {
                Self::Loopback => is_loopback(page.host()),
                Self::Network => host.is_some_and(|host| is_same_host(origin, &page, &host)),
            });
        if passes { Ok(()) } else { Err(Foreign(FOREIGN_ORIGIN)) }
    }

    /// Refuses what [`Exposure::check`] refuses, and any page of another origin.
    pub fn check_same_origin<B>(self, request: &Request<B>) -> Result<(), Foreign> {
        self.check(request)?;
        let Some(origin) = request.headers().get(ORIGIN) else { return Ok(()) };
        match (origin_of(origin), host(request)) {
            (Some(origin), Some(host)) if origin == host => Ok(()),
            _ => Err(Foreign(FOREIGN_ORIGIN)),
        }
    }
}

impl Admission {
    fn lists(&self, host: &Authority) -> bool {
        let name = host.as_str().to_ascii_lowercase();
        self.allowed_hosts.iter().any(|listed| *listed == name || *listed == host.host().to_ascii_lowercase())
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| self.allowed_origins.contains(&origin.to_ascii_lowercase()))
    }
}

/// Whether a page comes from the host of the request. A missing port means the scheme's default.
fn is_same_host(origin: &HeaderValue, page: &Authority, host: &Authority) -> bool {
    let usual = if origin.as_bytes().starts_with(b"https:") { 443 } else { 80 };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(usual);
    page.host().eq_ignore_ascii_case(host.host()) && port(page) == port(host)
}

/// The host that the request names.
pub fn host<B>(request: &Request<B>) -> Option<Authority> {
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

    #[test]
    fn listeners_are_reached_under_the_names_that_are_allowed() {
        let lists = |origins: &[&str], hosts: &[&str]| Admission {
            allowed_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            allowed_hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        };
        let page = Some("https://app.example");
        for (exposure, origins, hosts, host, origin, passes) in [
            (Exposure::Network, &[][..], &[][..], "gw.example", None, true),
            (Exposure::Network, &[], &[], "gw.example:8443", Some("https://gw.example:8443"), true),
            (Exposure::Network, &[], &[], "gw.example", Some("https://gw.example"), true),
            (Exposure::Network, &[], &[], "gw.example:80", Some("https://gw.example"), false),
            (Exposure::Network, &[], &[], "gw.example", page, false),
            (Exposure::Network, &[], &[], "gw.example", Some("null"), false),
            (Exposure::Network, &["https://app.example"], &[], "gw.example", page, true),
            (Exposure::Network, &[], &["gw.example"], "gw.example:8080", None, true),
            (Exposure::Network, &[], &["gw.example:1"], "gw.example:8080", None, false),
            (Exposure::Network, &[], &["gw.example"], "evil.example", None, false),
            (Exposure::Loopback, &[], &[], "localhost:1", Some("http://localhost:2"), true),
            (Exposure::Loopback, &[], &[], "gw.example", None, false),
            (Exposure::Loopback, &[], &["gw.example"], "GW.example", None, true),
            (Exposure::Loopback, &[], &[], "localhost", page, false),
            (Exposure::Loopback, &["https://app.example"], &[], "localhost", page, true),
        ] {
            let admitted = exposure.admit(&lists(origins, hosts), &request(host, origin)).is_ok();
            assert_eq!(admitted, passes, "{exposure:?} {origins:?} {hosts:?} {host} {origin:?}");
        }
    }
}
