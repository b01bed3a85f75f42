//! Random-looking strings: long runs of token characters with high entropy.
//!
//! Invariant: a run longer than [`LONGEST`] is data (an image, an archive), not a secret, and is skipped.

use std::ops::Range;

use serde::Deserialize;

use crate::shapes;

/// A longer run of token characters is treated as encoded data.
const LONGEST: usize = 256;

/// The minimum length and entropy for a report.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Minimum number of characters.
    pub min_length: usize,
    /// Minimum Shannon entropy in bits per character. Hexadecimal text cannot exceed 4.0, base64 cannot exceed 6.0.
    pub threshold: f64,
}

impl Default for Limits {
    /// 24 base64 characters with 4.2 bits each: UUIDs, hexadecimal digests and words stay below.
    fn default() -> Self {
        Self { min_length: 24, threshold: 4.2 }
    }
}

pub(crate) fn scan(bytes: &[u8], limits: &Limits, mut visit: impl FnMut(Range<usize>)) {
    let mut start = 0;
    while start < bytes.len() {
        let length = shapes::run(&bytes[start..], usize::MAX, shapes::is_token);
        if length >= limits.min_length.max(1) && length <= LONGEST && is_random(&bytes[start..start + length], limits) {
            visit(start..start + length);
        }
        start += length + 1;
    }
}

fn is_random(run: &[u8], limits: &Limits) -> bool {
    let digit = run.iter().any(u8::is_ascii_digit);
    let letter = run.iter().any(u8::is_ascii_alphabetic);
    digit && letter && bits_per_character(run) >= limits.threshold
}

fn bits_per_character(run: &[u8]) -> f64 {
    let mut counts = [0_u16; 128];
    for byte in run {
        counts[usize::from(byte & 0x7f)] += 1;
    }
    let total = run.len() as f64;
    let share = |count: u16| f64::from(count) / total;
    counts.iter().filter(|count| **count > 0).map(|count| -share(*count) * share(*count).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted() {
        assert!(bits_per_character(b"aaaa").abs() < 1e-9);
        assert!((bits_per_character(b"0123456789abcdef") - 4.0).abs() < 1e-9);
    }
}
