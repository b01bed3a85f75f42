//! Finds every kind of personal data in one pass over a text.
//!
//! Invariants: matches come in text order and do not overlap; each position is checked once, and the text around it
//! only within limits.

use std::ops::Range;

use crate::groups::{Groups, may_begin, may_end};
use crate::kind::{Kind, Kinds};
use crate::{card, email, iban, national, phone};

/// Personal data, or likely personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its kind.
    pub kind: Kind,
    /// Its byte range in the text.
    pub range: Range<usize>,
}

/// Reports all matches of the selected kinds in a text.
pub fn find(text: &str, kinds: Kinds, mut visit: impl FnMut(Match)) {
    let text = text.as_bytes();
    let mut floor = 0;
    let mut position = 0;
    while let Some(start) = next_beginning(text, position) {
        position = start;
        let found = match text[position] {
            b'@' => at_sign(text, position, floor, kinds),
            b'0'..=b'9' => digit(text, position, kinds),
            b'+' | b'(' if kinds.has(Kind::Phone) => sign(text, position),
            b'A'..=b'Z' => capital(text, position, kinds),
            _ => None,
        };
        match found {
            Some(found) => {
                floor = found.range.end;
                position = floor;
                visit(found);
            }
            None => position += 1,
        }
    }
}

/// Reports all matches in a value with a known name: some numbers are only recognised by their name.
pub fn find_named(name: Option<&str>, text: &str, kinds: Kinds, mut visit: impl FnMut(Match)) {
    let whole = name.filter(|_| is_figure(text)).and_then(|name| {
        let national = kinds.has(Kind::NationalId) && national::is_named(name, text);
        let phone = kinds.has(Kind::Phone) && phone::is_named(name, text);
        if national { Some(Kind::NationalId) } else { phone.then_some(Kind::Phone) }
    });
    match whole {
        Some(kind) => visit(Match { kind, range: 0..text.len() }),
        None => find(text, kinds, visit),
    }
}

/// The next byte at or after `from` that could lead to a match. Whole blocks without one are skipped, which the
/// compiler vectorises.
fn next_beginning(text: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 16;
    let mut position = from;
    for block in text[from..].chunks_exact(BLOCK) {
        if block.iter().fold(false, |any, byte| any | is_beginning(*byte)) {
            break;
        }
        position += BLOCK;
    }
    text[position..].iter().position(|byte| is_beginning(*byte)).map(|offset| position + offset)
}

/// Branch-free, so that it can be vectorised.
const fn is_beginning(byte: u8) -> bool {
    (byte.wrapping_sub(b'0') < 10) | (byte.wrapping_sub(b'A') < 26) | (byte == b'@') | (byte == b'+') | (byte == b'(')
}

/// Whether a value is short and consists of digits and separators, so that its name is worth checking.
fn is_figure(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit() || b" +-.()/".contains(&byte))
}

fn at_sign(text: &[u8], position: usize, floor: usize, kinds: Kinds) -> Option<Match> {
    if !kinds.has(Kind::Email) {
        return None;
    }
    email::around(text, position, floor).map(|range| Match { kind: Kind::Email, range })
}

/// Tries what may begin at a digit, strictest check first.
fn digit(text: &[u8], position: usize, kinds: Kinds) -> Option<Match> {
    if !may_begin(text, position) {
        return None;
    }
    number(text, position, kinds).or_else(|| {
        let end = phone::zero_zero_end(text, position).filter(|end| kinds.has(Kind::Phone) && may_end(text, *end))?;
        Some(Match { kind: Kind::Phone, range: position..end })
    })
}

fn number(text: &[u8], position: usize, kinds: Kinds) -> Option<Match> {
    let groups = Groups::read(text, position)?;
    let attempt = |kind: Kind, end: Option<usize>| {
        let end = end.filter(|end| kinds.has(kind) && may_end(text, *end))?;
        Some(Match { kind, range: position..end })
    };
    attempt(Kind::Card, card::end(&groups))
        .or_else(|| attempt(Kind::NationalId, national::digits_end(text, position, &groups)))
        .or_else(|| attempt(Kind::Phone, phone::national_end(text, position, &groups)))
}

fn sign(text: &[u8], position: usize) -> Option<Match> {
    let end = match text[position] {
        b'+' => phone::international_end(text, position),
        _ => phone::parenthesised_end(text, position),
    };
    end.filter(|end| may_end(text, *end)).map(|end| Match { kind: Kind::Phone, range: position..end })
}

fn capital(text: &[u8], position: usize, kinds: Kinds) -> Option<Match> {
    let within = position > 0 && (text[position - 1].is_ascii_alphanumeric() || text[position - 1] == b'_');
    if within {
        return None;
    }
    let iban = || kinds.has(Kind::Iban).then(|| iban::end(text, position)).flatten().map(|end| (Kind::Iban, end));
    let national = || kinds.has(Kind::NationalId).then(|| national::letters_end(text, position)).flatten();
    let (kind, end) = iban().or_else(|| national().map(|end| (Kind::NationalId, end)))?;
    Some(Match { kind, range: position..end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let mut matches = Vec::new();
        find(text, Kind::ALL.into_iter().collect(), |found| matches.push((found.kind.name(), &text[found.range])));
        matches
    }

    #[test]
    fn a_sentence_gives_up_its_data() {
        let text = "Jane (jane@example.com, +49 30 901820) paid 4111 1111 1111 1111 from DE89 3704 0044 0532 0130 00; SSN 123-45-6789.";
        let expected = [
            ("email", "jane@example.com"),
            ("phone", "+49 30 901820"),
            ("card", "4111 1111 1111 1111"),
            ("iban", "DE89 3704 0044 0532 0130 00"),
            ("national_id", "123-45-6789"),
        ];
        assert_eq!(found(text), expected);
    }

    #[test]
    fn neighbours_do_not_matter() {
        for (before, after) in [
            ("", ""),
            (" ", " "),
            ("(", ")"),
            ("\"", "\""),
            ("x: ", ", y"),
            ("é", "é"),
            ("=", "&"),
            ("tel:", ";"),
            ("a,", ",b"),
            ("\n", "."),
            ("<", ">"),
        ] {
            for data in [
                "4111111111111111",
                "123-45-6789",
                "+14155552671",
                "DE89370400440532013000",
                "jane@example.com",
                "X1234567L",
            ] {
                let text = format!("{before}{data}{after}");
                assert_eq!(found(&text).iter().map(|(_, found)| *found).collect::<Vec<_>>(), [data], "{text}");
            }
        }
    }

    #[test]
    fn ids_and_figures_survive() {
        for text in [
            "order 4111111111111112, invoice 2024-000-1234",
            "0b8f3c1e-5a2d-4e6f-9c7b-411111111111",
            "41111111-1111-1111-1111-411111111111",
            "1700000000000 1700000000000000000 1234567890123456789",
            "3.14159265358979 and 1.4111111111111111",
            "192.168.0.1:8080 10.0.0.255 version 10.20.30",
            "2026-01-02T03:04:05.678901Z 01.02.2023 12:30",
            "/files/4111111111111111.bin id_4111111111111111 x4111111111111111",
            "123-45-6789-0 and 12-123-45-6789",
            "ISO 8601, RFC 6901, SEP-2624, 5 000 000 rows, 1,234,567.89",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "DE12 is a platform, GB82 a part, AB123456C a form",
            "a + 1234567 = b; (123) 4; +1; ++12345678901",
            "git@github.com:a/b.git logo@2x.png",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn kinds_are_chosen() {
        let mut matches = Vec::new();
        let text = "jane@example.com 4111111111111111";
        find(text, [Kind::Card].into_iter().collect(), |found| matches.push(found));
        assert_eq!(matches, [Match { kind: Kind::Card, range: 17..33 }]);
    }

    #[test]
    fn hostile_text_ends_soon() {
        let start = std::time::Instant::now();
        for piece in ["@", "a@", "1 ", "1", "+1", "+1 ", "(4", "A", "DE89", "a.", "00 1", "://@"] {
            found(&piece.repeat(200_000 / piece.len()));
        }
        // A quadratic search of these texts takes minutes; the limit leaves room for slow machines.
        assert!(start.elapsed() < std::time::Duration::from_secs(20));
    }
}
