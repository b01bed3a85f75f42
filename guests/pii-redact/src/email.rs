//! E-mail addresses, located by their `@`.
//!
//! Deliberately not here: quoted local parts, non-ASCII addresses, and text that only looks like an address: the login
//! in a URL or Git remote, `logo@2x.png`.

use std::ops::Range;

/// Maximum length of a local part.
const LONGEST_LOCAL: usize = 64;
/// Maximum length of a domain.
const LONGEST_DOMAIN: usize = 253;
/// Endings that are file types, not top-level domains.
const FILE_TYPES: [&str; 9] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "json"];

/// The address around the `@` at a position; its start is not before `floor`.
pub fn around(text: &[u8], at: usize, floor: usize) -> Option<Range<usize>> {
    let before = &text[floor..at];
    let local = before.iter().rev().take(LONGEST_LOCAL + 1).take_while(|byte| is_local(**byte)).count();
    let mut start = at - local;
    // An address does not begin with a dot or a quotation mark.
    while start < at && matches!(text[start], b'.' | b'\'' | b'-') {
        start += 1;
    }
    let local = &text[start..at];
    let sound = (1..=LONGEST_LOCAL).contains(&local.len()) && !local.ends_with(b".") && !has_double_dot(local);
    if !sound || local == b"git" || is_login(&text[floor..start]) {
        return None;
    }
    domain_end(text, at + 1).map(|end| start..end)
}

fn domain_end(text: &[u8], start: usize) -> Option<usize> {
    let length = text[start..].iter().take(LONGEST_DOMAIN).take_while(|byte| is_domain(**byte)).count();
    let mut domain = &text[start..start + length];
    while let [rest @ .., b'.' | b'-'] = domain {
        domain = rest;
    }
    let domain = std::str::from_utf8(domain).ok()?;
    let (_, ending) = domain.rsplit_once('.')?;
    let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    let ending_is_sound =
        ending.len() >= 2 && (ending.bytes().all(|byte| byte.is_ascii_alphabetic()) || ending.starts_with("xn--"));
    let file = FILE_TYPES.iter().any(|kind| ending.eq_ignore_ascii_case(kind));
    (labels && ending_is_sound && !file).then_some(start + domain.len())
}

/// Whether the text before is `scheme://` with at most a user name: then this is a login, not an address.
fn is_login(before: &[u8]) -> bool {
    let word =
        before.iter().rev().take(LONGEST_LOCAL).take_while(|byte| !matches!(byte, b'?' | b'#' | b' ' | b'"')).count();
    let word = &before[before.len() - word..];
    match word.windows(3).rposition(|window| window == b"://") {
        Some(position) => !word[position + 3..].contains(&b'/'),
        None => false,
    }
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-'
}

fn has_double_dot(text: &[u8]) -> bool {
    text.windows(2).any(|window| window == b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let samples = [
            ("jane.doe@example.com", Some("jane.doe@example.com")),
            ("<jane+tag@mail.example.co.uk>", Some("jane+tag@mail.example.co.uk")),
            ("write to jane@example.com.", Some("jane@example.com")),
            ("mailto:jane@example.com?subject=x", Some("jane@example.com")),
            ("https://example.com/?user=jane@example.com", Some("jane@example.com")),
            ("'o'hara@example.ie'", Some("o'hara@example.ie")),
            ("jane@xn--bcher-kva.xn--p1ai", Some("jane@xn--bcher-kva.xn--p1ai")),
            ("git@github.com:owner/repository.git", None),
            ("https://user@example.com/path", None),
            ("postgres://user:password@db.example.com/name", None),
            ("@scope/package", None),
            ("package@1.2.3", None),
            ("logo@2x.png", None),
            ("user@localhost", None),
            ("image@sha256:abcdef", None),
            ("a..b@example.com", None),
            ("jane@-example.com", None),
            ("jane@example..com", None),
            ("@", None),
        ];
        for (text, expected) in samples {
            let at = text.find('@').unwrap();
            assert_eq!(around(text.as_bytes(), at, 0).map(|range| &text[range]), expected, "{text}");
        }
    }
}
