//! Checks sixteen positions at once.
//!
//! Formats are grouped into eight buckets, one bit each. For each of the three bytes of a position, two tables of
//! sixteen entries map its lower and upper half to buckets. A position is a candidate if all six agree on a bucket.
//! That is two vector look-ups per byte, without branches.
//!
//! Invariants: a block never misses a position that the exact table finds; the vector and the scalar form give the same
//! results, since they share their tables.

use crate::format::Format;
use crate::table::{RULES, Start};

/// Number of prefix bytes checked.
pub(super) const PLACES: usize = 3;

/// Number of positions checked at once.
const WIDTH: usize = 16;

/// The buckets for each half of a byte, by position: first the lower halves, then the upper ones.
struct Tables {
    lower: [[u8; 16]; PLACES],
    upper: [[u8; 16]; PLACES],
}

const TABLES: Tables = tables();

/// The first possible candidate at or after `from`. Near the end of the text, every position is one.
pub(super) fn skip(text: &[u8], from: usize) -> Option<usize> {
    let mut position = from;
    while let Some(block) = text.get(position..position + WIDTH + PLACES - 1) {
        let places = judge(block);
        if places != 0 {
            return Some(position + places.trailing_zeros() as usize);
        }
        position += WIDTH;
    }
    (position < text.len()).then_some(position)
}

/// The positions of a block as bits, first one lowest.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn judge(block: &[u8]) -> u32 {
    use std::arch::wasm32::{i8x16_bitmask, i8x16_eq, u8x16_shr, u8x16_splat, u8x16_swizzle, v128, v128_and, v128_not};

    let fifteen = u8x16_splat(0x0f);
    let mut buckets = u8x16_splat(0xff);
    for place in 0..PLACES {
        let bytes = load(&block[place..place + WIDTH]);
        let lower: v128 = u8x16_swizzle(load(&TABLES.lower[place]), v128_and(bytes, fifteen));
        let upper: v128 = u8x16_swizzle(load(&TABLES.upper[place]), u8x16_shr(bytes, 4));
        buckets = v128_and(buckets, v128_and(lower, upper));
    }
    u32::from(i8x16_bitmask(v128_not(i8x16_eq(buckets, u8x16_splat(0)))))
}

/// Sixteen bytes as a vector.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn load(bytes: &[u8]) -> std::arch::wasm32::v128 {
    let mut block = [0; WIDTH];
    block.copy_from_slice(bytes);
    // SAFETY: the block is as large as a vector, and loading has no alignment to keep.
    unsafe { std::arch::wasm32::v128_load(block.as_ptr().cast()) }
}

/// The positions of a block as bits, first one lowest.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn judge(block: &[u8]) -> u32 {
    (0..WIDTH).fold(0, |places, start| {
        let buckets = block[start..start + PLACES].iter().enumerate().fold(0xff, |buckets, (place, byte)| {
            buckets & TABLES.lower[place][usize::from(byte & 15)] & TABLES.upper[place][usize::from(byte >> 4)]
        });
        places | u32::from(buckets != 0) << start
    })
}

/// Formats with similar prefixes share a bucket, so that fewer ordinary words match by accident.
const fn bucket(format: Format) -> u8 {
    match format {
        Format::GithubPat | Format::GitlabPat => 1,
        Format::AnthropicKey | Format::OpenaiKey | Format::StripeKey => 1 << 1,
        Format::AwsAccessKey => 1 << 2,
        Format::GoogleApiKey | Format::SendgridKey => 1 << 3,
        Format::Jwt | Format::HuggingfaceToken => 1 << 4,
        Format::NpmToken | Format::PypiToken => 1 << 5,
        Format::SlackToken => 1 << 6,
        Format::PrivateKey | Format::HighEntropy => 1 << 7,
    }
}

const fn tables() -> Tables {
    let mut tables = Tables { lower: [[0; 16]; PLACES], upper: [[0; 16]; PLACES] };
    let mut index = 0;
    while index < RULES.len() {
        let rule = &RULES[index];
        let bucket = bucket(rule.format);
        let mut place = 0;
        while place < PLACES {
            let byte = rule.prefix.as_bytes()[place];
            tables.lower[place][(byte & 15) as usize] |= bucket;
            tables.upper[place][(byte >> 4) as usize] |= bucket;
            if matches!(rule.start, Start::AnyCase) {
                tables.upper[place][(byte.to_ascii_uppercase() >> 4) as usize] |= bucket;
            }
            place += 1;
        }
        index += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_named_wherever_it_stands() {
        for rule in &RULES {
            for before in 0..40 {
                for after in [0, 1, 15, 16, 17, 40] {
                    let text = format!("{}{}{}", ".".repeat(before), rule.prefix, ".".repeat(after));
                    let mut position = 0;
                    while let Some(place) = skip(text.as_bytes(), position).filter(|place| *place < before) {
                        position = place + 1;
                    }
                    assert_eq!(skip(text.as_bytes(), position), Some(before), "{text}");
                }
            }
        }
    }

    #[test]
    fn words_are_skipped() {
        let text = "the quick brown fox jumps over the lazy dog and then some more of the same ".repeat(10);
        let named = (0..text.len()).filter(|place| skip(text.as_bytes(), *place) == Some(*place)).count();
        assert!(named < text.len() / 20, "{named} of {}", text.len());
    }
}
