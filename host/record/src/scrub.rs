//! Taking credentials out of what callers sent.
//!
//! Found by name, so a secret under a harmless name stays: whoever must keep those out lets a redacting policy run.

use crate::Json;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Names whose values are credentials, without `-` and `_` and in lower case. Whole names only: `max_tokens` and
/// `progressToken` are no secrets.
const SECRETS: &[&str] = &[
    "accesskey",
    "accesstoken",
    "apikey",
    "authorization",
    "authtoken",
    "bearertoken",
    "clientsecret",
    "cookie",
    "credentials",
    "idtoken",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "proxyauthorization",
    "refreshtoken",
    "secret",
    "secretkey",
    "sessiontoken",
    "setcookie",
    "sig",
    "signature",
    "token",
    "xamzcredential",
    "xamzsecuritytoken",
    "xamzsignature",
    "xapikey",
];

/// Longest name of a member, in bytes as it is written, that is looked at in a text.
const MAX_NAME: usize = 256;

/// Names that carry credentials in a query and mean something else in JSON.
const SECRETS_OF_QUERIES: &[&str] = &["auth", "code", "key"];

/// Whether a parameter of a query carries a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    SECRETS.contains(&name.as_str()) || SECRETS_OF_QUERIES.contains(&name.as_str())
}

/// Takes user information, the fragment, and the values of secret parameters out of a URL.
pub fn scrub_url(url: &str) -> String {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let start = place.find("://").map_or(0, |index| index + 3);
    let end = place[start..].find('/').map_or(place.len(), |index| start + index);
    let host = place[start..end].rfind('@').map_or(start, |index| start + index + 1);
    let mut clean = [&place[..start], &place[host..]].concat();
    if let Some(query) = query {
        clean.push('?');
        clean.push_str(&scrub_pairs(query));
    }
    clean
}

fn scrub_pairs(query: &str) -> String {
    let clean = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(&decode(name)) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    };
    query.split('&').map(clean).collect::<Vec<String>>().join("&")
}

/// Takes the values of members out whose names say that they are credentials, at every depth.
pub fn scrub_json(value: &mut Json) {
    value.redact(is_secret_member, REDACTED);
}

/// The same for what cannot be parsed, such as the beginning of a long body: members as JSON writes them, and, where
/// the text can be nothing else, the pairs of a form.
pub(crate) fn scrub_text(text: &str) -> String {
    if text.contains('=') && !text.contains(|c: char| c.is_whitespace() || "\"{<".contains(c)) {
        return scrub_pairs(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (before, quoted) = rest.split_at(start);
        clean.push_str(before);
        let secret = secret_member(quoted);
        // One mark at a time: in a text that is no JSON, each may begin a name.
        let (kept, taken) = secret.unwrap_or((1, 1));
        clean.push_str(&quoted[..kept]);
        if taken > kept {
            clean.extend(['"'].into_iter().chain(REDACTED.chars()).chain(['"']));
        }
        rest = &quoted[taken..];
    }
    clean.push_str(rest);
    clean
}

/// Where the value begins and ends of the member of a secret that begins here.
fn secret_member(text: &str) -> Option<(usize, usize)> {
    let end = string_length(text, MAX_NAME)?;
    let value = text[end..].trim_start().strip_prefix(':')?.trim_start();
    let name = serde_json::from_str::<String>(&text[..end]).ok()?;
    let length = if is_secret_member(&name) { secret_length(value) } else { 0 };
    let start = text.len() - value.len();
    (length > 0).then_some((start, start + length))
}

/// How long the string is that begins here, with both of its marks; `None` if it does not end within so many bytes.
fn string_length(text: &str, most: usize) -> Option<usize> {
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate().take(most).skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// How long the value of a secret is that begins here; 0 if it is none. One that is cut off goes on to the end.
fn secret_length(value: &str) -> usize {
    match value.bytes().next() {
        Some(b'"') => string_length(value, value.len()).unwrap_or(value.len()),
        Some(b'[') => value.find(']').map_or(value.len(), |end| end + 1),
        Some(b'-' | b'0'..=b'9') => {
            value.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(value.len())
        }
        _ => 0,
    }
}

fn is_secret_member(name: &str) -> bool {
    SECRETS.contains(&plain(name).as_str())
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).take(64).collect::<String>().to_ascii_lowercase()
}

/// Undoes the escapes of a query; what is no escape stands for itself.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escaped = (bytes[index] == b'%').then(|| text.get(index + 1..index + 3)).flatten();
        let escaped = escaped.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                index += 3;
            }
            None => {
                out.push(if bytes[index] == b'+' { b' ' } else { bytes[index] });
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
