//! Addresses: where to listen, upstreams, and the origins a policy may reach.

use std::net::SocketAddr;

use http::Uri;
use http::uri::{Authority, Scheme};

use super::upstream::Upstream;

/// An address to listen on, from the file or the command line.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| {
        format!("{text:?} is not an address with a port; give for example \"127.0.0.1:8080\" (port 0 takes a free one)")
    })
}

/// An upstream URL.
pub fn upstream(text: &str) -> Result<Upstream, String> {
    const FORM: &str = "give a URL such as \"http://127.0.0.1:3001/mcp\"";
    if text.starts_with("stdio:") || text.starts_with("unix:") {
        return Err(format!("{text:?} is of a kind that this version does not serve; {FORM}"));
    }
    if text.contains('@') {
        return Err("the URL holds credentials; leave them out and let callers send theirs".to_owned());
    }
    let uri: Uri = text.parse().map_err(|_| format!("{text:?} is not a URL; {FORM}"))?;
    if uri.scheme() != Some(&Scheme::HTTP) && uri.scheme() != Some(&Scheme::HTTPS) {
        return Err(format!("{text:?} is neither http:// nor https://; {FORM}"));
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(format!("{text:?} names no host; {FORM}"));
    }
    check_port(text, uri.authority())?;
    if text.contains('#') {
        return Err(format!("{text:?} has a fragment, which no server ever sees; leave it out"));
    }
    Ok(Upstream::Url(uri))
}

/// The URL parser accepts any digits as a port.
fn check_port(text: &str, authority: Option<&Authority>) -> Result<(), String> {
    let has_port = authority.is_some_and(|authority| authority.as_str() != authority.host());
    if has_port && authority.and_then(Authority::port_u16).is_none_or(|port| port == 0) {
        return Err(format!("{text:?} has a port that is none; ports go from 1 to 65535"));
    }
    Ok(())
}

/// The URL of an interceptor server.
pub fn remote(text: &str) -> Result<Uri, String> {
    if text.contains('@') {
        return Err("the URL holds credentials; give token_env = \"…\", the name of a variable with a token".to_owned());
    }
    let Upstream::Url(uri) = upstream(text)? else {
        return Err("give a URL such as \"https://policies.example.com/interceptors\"".to_owned());
    };
    if uri.query().is_some() {
        // URLs appear in logs and metrics, and a query often contains a secret.
        return Err("the URL has a query; give a plain one, and a token by token_env".to_owned());
    }
    Ok(uri)
}

/// An origin: only scheme, host and port.
pub fn origin(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is not an origin; give scheme and host, such as \"https://api.example.com\"");
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
    if authority.host().is_empty() || uri.query().is_some() || !matches!(uri.path(), "" | "/") {
        return Err(wrong());
    }
    check_port(text, Some(authority))?;
    Ok(format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()))
}

/// A host as a request names it, with or without a port.
pub fn host(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is not a host; give a name, such as \"gateway.example.com\", or one with a port");
    let authority: Authority = text.parse().map_err(|_| wrong())?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(wrong());
    }
    check_port(text, Some(&authority))?;
    Ok(authority.as_str().to_ascii_lowercase())
}

/// The path of a route.
pub fn route_path(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_graphic() && !"?#%\\".contains(c);
    if !text.starts_with('/') || !text.chars().all(plain) {
        return Err(format!("{text:?} is not a path; it begins with / and has no query, escape or space: \"/mcp\""));
    }
    if text.split('/').any(|segment| segment == "." || segment == "..") || text.contains("//") {
        return Err(format!("{text:?} has empty, `.` or `..` segments; requests are matched by plain ones"));
    }
    Ok(if text.len() > 1 { text.trim_end_matches('/').to_owned() } else { text.to_owned() })
}

/// A header name, in lower case.
pub fn header(text: &str) -> Result<http::HeaderName, String> {
    text.parse().map_err(|_| format!("{text:?} is not a header name; give for example \"x-forwarded-user\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_plain_http_urls() {
        assert!(matches!(upstream("http://127.0.0.1:3001/mcp"), Ok(Upstream::Url(_))));
        assert!(matches!(upstream("https://example.com"), Ok(Upstream::Url(_))));
        assert!(matches!(upstream("http://[::1]:3001/"), Ok(Upstream::Url(_))));
        for text in [
            "example.com",
            "/mcp",
            "ftp://x/",
            "stdio:server",
            "http://u:p@x/",
            "http://x/#f",
            "demo:mcp",
            "",
            "http://",
            "unix:/run/x",
            "http://x:70000/",
            "http://x:0/",
            "http://[::1]:/",
        ] {
            assert!(upstream(text).is_err(), "{text}");
        }
        assert!(!upstream("http://user:hunter2@x/").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn origins_and_paths_are_narrow() {
        assert_eq!(origin("https://API.example.com:8443").unwrap(), "https://api.example.com:8443");
        for text in ["example.com", "https://x/path", "https://x?q", "https://x:65536", "ftp://x", "https://u@x", "*"] {
            assert!(origin(text).is_err(), "{text}");
        }
        assert_eq!(route_path("/mcp/").unwrap(), "/mcp");
        assert_eq!(route_path("/").unwrap(), "/");
        for text in ["", "mcp", "/a/../b", "/a//b", "/a?b", "/a b", "/%2e"] {
            assert!(route_path(text).is_err(), "{text}");
        }
    }

    #[test]
    fn listen_addresses_have_a_port() {
        assert_eq!(listen("localhost:0").unwrap().to_string(), "127.0.0.1:0");
        assert!(listen("127.0.0.1").is_err() && listen("example.com:80").is_err() && listen("[::1]:80").is_ok());
    }
}
