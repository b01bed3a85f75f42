//! Checks a candidate for a prefix of the table.
//!
//! The prefilter finds the few positions whose first three bytes fit a format; the rules of that format are then tried
//! in table order.

use std::ops::Range;

use crate::format::Format;
use crate::found::Match;
use crate::table::{RULES, Rule, Start, bit};
use crate::{prefilter, shapes};

/// Reports matches of the enabled formats' rules.
pub(crate) fn scan(text: &[u8], enabled: u32, mut visit: impl FnMut(Match)) {
    let mut from = 0;
    while let Some(found) = next(text, from, enabled) {
        from = found.range.end;
        visit(found);
    }
}

/// A secret recognised only by the name of its value.
pub(crate) fn named(enabled: u32, name: &str, text: &str) -> Option<Match> {
    if enabled & bit(Format::AwsAccessKey) == 0 || !shapes::is_aws_secret_key(text.as_bytes()) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let named = name.contains("secret") && (name.contains("key") || name.contains("aws"));
    named.then_some(Match { format: Format::AwsAccessKey, range: 0..text.len() })
}

fn next(text: &[u8], from: usize, enabled: u32) -> Option<Match> {
    let mut position = from;
    loop {
        let (start, candidates) = prefilter::next(text, position)?;
        if candidates & enabled != 0
            && let Some(found) = candidate(text, start, candidates & enabled)
        {
            return Some(found);
        }
        position = start + 1;
    }
}

fn candidate(text: &[u8], position: usize, candidates: u32) -> Option<Match> {
    RULES.iter().filter(|rule| candidates & bit(rule.format) != 0).find_map(|rule| {
        let range = (rule.shape)(text, prefix(text, position, rule)?)?;
        Some(Match { format: rule.format, range })
    })
}

fn prefix(text: &[u8], position: usize, rule: &Rule) -> Option<Range<usize>> {
    let end = position + rule.prefix.len();
    let found = text.get(position..end)?;
    let same = match rule.start {
        Start::Word => found == rule.prefix.as_bytes() && starts_word(text, position),
        Start::Anywhere => found == rule.prefix.as_bytes(),
        Start::AnyCase => found.eq_ignore_ascii_case(rule.prefix.as_bytes()),
    };
    same.then_some(position..end)
}

fn starts_word(text: &[u8], position: usize) -> bool {
    position == 0 || !text[position - 1].is_ascii_alphanumeric() || shapes::is_escape_before(text, position)
}
