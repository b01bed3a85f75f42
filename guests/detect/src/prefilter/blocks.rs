//! Judges sixteen places at once.
//!
//! Formats are put into eight buckets, one bit each. For each of the three bytes of a place, two tables of
//! sixteen entries give the buckets that go with its lower and its upper half; a place may begin a prefix if
//! all six agree on a bucket. That is two table look-ups by vector per byte, and no branch.
//!
//! Invariants: a block never leaves out a place that the exact table names; the vector and the plain form
//! answer alike, since they share their tables.

use crate::format::Format;
use crate::table::{RULES, Start};

/// How many bytes of a prefix are looked at.
pub(super) const PLACES: usize = 3;

/// How many places are judged at once.
const WIDTH: usize = 16;

/// Which buckets go with a half of a byte, per place: the lower halves, then the upper ones.
struct Tables {
    lower: [[u8; 16]; PLACES],
    upper: [[u8; 16]; PLACES],
}

const TABLES: Tables = tables();

/// The first place from `from` on at which a prefix might begin. Near the end of the text every place might.
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

/// The places of a block as bits, the first one lowest.
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

/// The places of a block as bits, the first one lowest.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn judge(block: &[u8]) -> u32 {
    (0..WIDTH).fold(0, |places, start| {
        let buckets = block[start..start + PLACES].iter().enumerate().fold(0xff, |buckets, (place, byte)| {
            buckets & TABLES.lower[place][usize::from(byte & 15)] & TABLES.upper[place][usize::from(byte >> 4)]
        });
        places | u32::from(buckets != 0) << start
    })
}

/// Formats whose prefixes look alike share a bucket, so that fewer ordinary words fit by accident.
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
