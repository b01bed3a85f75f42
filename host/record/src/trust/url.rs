//! The normal form of a URL, in which endpoints are compared.
//!
//! Whatever two readers might take for different places has no normal form, and so is not trusted: white space and
//! control characters, backslashes, `.` and `..` as segments (plain or escaped), ports that are none.

/// Longest URL that is looked at. Real endpoints are far below; a longer text only costs time.
const MAX_BYTES: usize = 8192;

/// Brings a URL into its normal form; `None` where it has none. White space around it, user information, the
/// scheme's own port, trailing slashes of the path, query and fragment are dropped; scheme and host are in lower
/// case; the scheme is `https` where none is given. The case of the path is kept.
pub fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    let ambiguous = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
    if text.is_empty() || text.len() > MAX_BYTES || text.contains(ambiguous) {
        return None;
    }
    let without_tail = text.find(['?', '#']).map_or(text, |end| &text[..end]);
    let (scheme, rest) = without_tail.split_once("://").unwrap_or(("https", without_tail));
    if !is_scheme(scheme) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.find('/').map_or((rest, ""), |start| rest.split_at(start));
    // The last one: `https://trusted.example@other.example` leads to the other.
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = split_port(place)?;
    let port = match port {
        Some(port) if default_port(&scheme) != Some(port) => format!(":{port}"),
        _ => String::new(),
    };
    let path = path.trim_end_matches('/');
    if path.split('/').any(is_dots) {
        return None;
    }
    Some(format!("{scheme}://{}{port}{path}", host.to_lowercase()))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

const fn default_port(scheme: &str) -> Option<u16> {
    match scheme.as_bytes() {
        b"https" | b"wss" => Some(443),
        b"http" | b"ws" => Some(80),
        _ => None,
    }
}

/// Host and port. An address of version 6 stands in brackets, which is where its colons end.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if place.starts_with('[') {
        let end = place.find(']')? + 1;
        let (host, rest) = place.split_at(end);
        match rest {
            "" => (host, ""),
            _ => (host, rest.strip_prefix(':')?),
        }
    } else {
        place.split_once(':').unwrap_or((place, ""))
    };
    if host.is_empty() || host == "[]" {
        return None;
    }
    if port.is_empty() {
        return Some((host, None));
    }
    let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok()).flatten()?;
    Some((host, Some(number)))
}

/// Whether a server would take the segment, or a part of it, for a step up or for none: some undo the escape of a slash
/// before they look at the path, and some do not count what stands behind a semicolon.
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    let step = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
    plain.replace("%3b", ";").split('/').any(step)
}
