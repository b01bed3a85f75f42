//! Finds candidates for prefixes, so that the rest of the text costs almost nothing.
//!
//! All prefixes are searched at once: for each byte, a table lists the formats that have it as first, second and third
//! byte of a prefix. A candidate is a position where three bytes in a row agree on a format, which is rare in ordinary
//! text. Where SIMD is available, sixteen positions are first checked together, slightly less exactly.
//! less exactly.
//! Invariant: no prefix is missed.
//! Invariant: no place where a prefix begins is left out.

use crate::table::{RULES, Start, bit};
use blocks::PLACES;

mod blocks;

/// The number of bits per position in a word.
const PLACE: usize = 21;

/// The formats as bits, by position.
static CLASSES: [u64; 256] = classes();

/// The next candidate at or after `from`, and the formats whose prefixes may begin there.
pub(crate) fn next(text: &[u8], from: usize) -> Option<(usize, u32)> {
    let mut position = from;
    while let Some(start) = blocks::skip(text, position) {
        let bytes = text.get(start..start + PLACES)?;
        let fits = |place: usize| CLASSES[usize::from(bytes[place])] >> (place * PLACE);
        let formats = (fits(0) & fits(1) & fits(2)) as u32 & ((1 << PLACE) - 1);
        if formats != 0 {
            return Some((start, formats));
        }
        position = start + 1;
    }
    None
}

const fn classes() -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < RULES.len() {
        let rule = &RULES[index];
        let bit = bit(rule.format) as u64;
        assert!(bit < 1 << PLACE, "more formats than bits in a place");
        let mut place = 0;
        while place < PLACES {
            let byte = rule.prefix.as_bytes()[place];
            table[byte as usize] |= bit << (place * PLACE);
            if matches!(rule.start, Start::AnyCase) {
                table[byte.to_ascii_uppercase() as usize] |= bit << (place * PLACE);
            }
            place += 1;
        }
        index += 1;
    }
    table
}
