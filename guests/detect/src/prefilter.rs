//! Names the places where a prefix may begin, so that the rest of the text costs next to nothing.
//!
//! All prefixes are looked for at once: a table says of a byte which formats have it in the first, second and
//! third place of a prefix. A place is named where three bytes in a row agree on a format; in ordinary text
//! they hardly ever do. Where the machine has vectors, sixteen places are first judged together, a little
//! less exactly.
//!
//! Invariant: no place where a prefix begins is left out.

use crate::table::{RULES, Start, bit};
use blocks::PLACES;

mod blocks;

/// How many bits one place takes in a word.
const PLACE: usize = 21;

/// The formats as bits, place by place.
static CLASSES: [u64; 256] = classes();

/// The next place from `from` on, and the formats whose prefixes may begin there.
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
