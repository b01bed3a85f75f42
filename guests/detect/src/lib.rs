//! Finds secrets in text: tokens with a known format, and optionally random-looking strings.
//!
//! One pass over the bytes: a prefilter finds candidates for known prefixes, and only those are checked. There is no
//! regex engine and no allocation, and a search is always linear.
//! Invariants: matches come in the order of the text, do not overlap and lie on character boundaries.
//!
//! Deliberately not here: asking an issuer whether a token is live, and decoding (a token in base64 is not found). Text
//! must be unescaped; a token next to escapes of an inner layer (`\n`, `%20`) is found.

use std::ops::Range;

mod allow;
mod entropy;
mod format;
mod found;
mod prefilter;
mod rules;
mod shapes;
mod table;

pub use allow::Allow;
pub use format::{Format, Formats, HighEntropy};
pub use found::Match;

/// A configured set of detectors.
#[derive(Debug, Clone)]
pub struct Detectors {
    enabled: u32,
    high_entropy: Option<entropy::Limits>,
}

impl Detectors {
    /// Detectors for the given formats and, if enabled, for high entropy.
    #[must_use]
    pub fn new(formats: &Formats, high_entropy: HighEntropy) -> Self {
        Self { enabled: table::mask(formats), high_entropy: high_entropy.limits() }
    }

    /// Reports every secret in a text.
    pub fn find(&self, text: &str, mut visit: impl FnMut(Match)) {
        let mut known = 0;
        rules::scan(text.as_bytes(), self.enabled, |found| {
            self.find_random(text, known..found.range.start, &mut visit);
            known = found.range.end;
            visit(found);
        });
        self.find_random(text, known..text.len(), &mut visit);
    }

    /// Reports every secret in a value with a known name: some secrets have no format and are only recognised by their
    /// name.
    pub fn find_named(&self, name: Option<&str>, text: &str, visit: impl FnMut(Match)) {
        let mut visit = visit;
        match name.and_then(|name| rules::named(self.enabled, name, text)) {
            Some(found) => visit(found),
            None => self.find(text, visit),
        }
    }

    /// Whether a text contains any secret.
    #[must_use]
    pub fn any(&self, text: &str) -> bool {
        let mut any = false;
        self.find(text, |_| any = true);
        any
    }

    fn find_random(&self, text: &str, part: Range<usize>, visit: &mut impl FnMut(Match)) {
        if let Some(limits) = &self.high_entropy {
            entropy::scan(&text.as_bytes()[part.clone()], limits, |range| {
                let range = part.start + range.start..part.start + range.end;
                visit(Match { format: Format::HighEntropy, range });
            });
        }
    }
}

impl Default for Detectors {
    fn default() -> Self {
        Self::new(&Formats::default(), HighEntropy::default())
    }
}

#[cfg(test)]
mod tests;
