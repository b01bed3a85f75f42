//! The subject of an event: the name of the tool, prompt, resource, model or address.
//!
//! Invariant: query strings and credentials in URLs are left out, since they may contain secrets. Events not in the
//! table have no subject; add a row to support one.

use std::borrow::Cow;

/// Where an event's subject is, and the name it is logged under.
pub type Subject = (&'static str, &'static str);

/// The subjects of an event, as pointers into the request's payload.
pub fn of(event: &str) -> &'static [Subject] {
    match event {
        "tools/call" | "agent/tool" => &[("tool", "/name")],
        "prompts/get" => &[("prompt", "/name")],
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => &[("uri", "/uri")],
        "llm/completion" => &[("model", "/model")],
        "http/ingress" | "http/egress" => &[("method", "/method"), ("url", "/url")],
        _ => &[],
    }
}

/// A subject; from a URL, credentials, query string and fragment are removed.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = text.split_once("://") else { return Cow::Borrowed(text) };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rfind('@') {
        Some(login) => Cow::Owned(format!("{scheme}://{}", &rest[login + 1..])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_logins_are_left_out() {
        for (text, expected) in [
            ("https://example.com/a?token=x#y", "https://example.com/a"),
            ("https://user:pass@word@example.com/a@b", "https://example.com/a@b"),
            ("https://user:pass@example.com", "https://example.com"),
            ("search", "search"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
    }
}
