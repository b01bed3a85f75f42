//! Taking credentials out of what callers sent.
//!
//! Found by name, so a secret under a harmless name stays: whoever must keep those out lets a redacting policy run.

use serde_json::Value;

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

/// Names that carry credentials in a query and mean something else in JSON.
const SECRETS_OF_QUERIES: &[&str] = &["auth", "code", "key"];

/// Whether a parameter of a query carries a credential.
pub(super) fn is_secret(name: &str) -> bool {
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
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
                _ => pair.to_owned(),
            })
            .collect();
        clean.push('?');
        clean.push_str(&pairs.join("&"));
    }
    clean
}

/// Takes the values of members out whose names say that they are credentials, at every depth.
pub fn scrub_json(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                // An object or a list under such a name is a description, such as a JSON Schema's `password`.
                if SECRETS.contains(&plain(name).as_str()) && (member.is_string() || member.is_number()) {
                    *member = Value::String(REDACTED.to_owned());
                } else {
                    scrub_json(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(scrub_json),
        _ => {}
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).take(64).collect::<String>().to_ascii_lowercase()
}
