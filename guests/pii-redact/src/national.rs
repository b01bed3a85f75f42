//! National ids of persons.
//!
//! Found anywhere: US social security (with dashes), Spanish DNI and NIE, French NIR, German tax id (in
//! groups), Italian codice fiscale, Brazilian CPF (with its marks), British national insurance (in groups).
//! Found only under a telltale field name, since one number in ten passes their check: Dutch BSN, German tax id in one
//! piece.

use crate::groups::{Groups, may_end};

/// The end of an id that begins at a digit; `groups` were read from there.
pub fn digits_end(text: &[u8], start: usize, groups: &Groups) -> Option<usize> {
    let ssn = || groups.shaped(&[3, 2, 4], b"-").filter(|(digits, _)| is_ssn(digits));
    let nir = || french(groups);
    let german = || groups.shaped(&[2, 3, 3, 3], b" ").filter(|(digits, _)| is_german_tax_id(digits));
    let grouped = ssn().or_else(nir).or_else(german).map(|(_, end)| end);
    grouped.or_else(|| dni_end(text, start)).or_else(|| cpf_end(text, start)).filter(|end| may_end(text, *end))
}

/// The end of an id that begins at a capital letter.
pub fn letters_end(text: &[u8], start: usize) -> Option<usize> {
    let end = nie_end(text, start).or_else(|| codice_fiscale_end(text, start));
    end.or_else(|| national_insurance_end(text, start)).filter(|end| may_end(text, *end))
}

/// Whether a whole value is an id, if its field name suggests so.
pub fn is_named(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let mut digits = [0; 11];
    let mut count = 0;
    for byte in text.bytes().filter(|byte| !matches!(byte, b' ' | b'.' | b'-')) {
        if !byte.is_ascii_digit() || count == digits.len() {
            return false;
        }
        digits[count] = byte - b'0';
        count += 1;
    }
    match count {
        9 if says(&["bsn", "burgerservice"]) => is_bsn(&digits[..9]),
        9 if says(&["ssn", "social_security", "socialsecurity", "social-security"]) => is_ssn(&digits[..9]),
        11 if says(&["steuer", "tax_id", "taxid", "tax-id"]) => is_german_tax_id(&digits),
        _ => false,
    }
}

/// Area, group and serial number are never zero; areas 666 and 900 upwards are not assigned.
fn is_ssn(digits: &[u8]) -> bool {
    let area = number(&digits[..3]);
    area != 0 && area != 666 && area < 900 && number(&digits[3..5]) != 0 && number(&digits[5..9]) != 0
}

/// Sex, year, month, department, commune, order, and a key of two digits.
fn french(groups: &Groups) -> Option<(&[u8], usize)> {
    const SHAPES: [&[usize]; 3] = [&[15], &[1, 2, 2, 2, 3, 3, 2], &[13, 2]];
    let (digits, end) = SHAPES.iter().find_map(|lengths| groups.shaped(lengths, b" "))?;
    let month = number(&digits[3..5]);
    let plausible =
        matches!(digits[0], 1 | 2) && matches!(month, 1..=12 | 20 | 30..=42 | 50..=99) && number(&digits[5..7]) != 0;
    (plausible && 97 - number(&digits[..13]) % 97 == number(&digits[13..15])).then_some((digits, end))
}

/// Eleven digits of which exactly one occurs twice or three times among the first ten, and a check digit
/// (ISO 7064, mod 11, 10).
fn is_german_tax_id(digits: &[u8]) -> bool {
    let mut occurrences = [0_u8; 10];
    for digit in &digits[..10] {
        occurrences[usize::from(*digit)] += 1;
    }
    let repeated = occurrences.iter().filter(|count| **count > 1).count();
    let most = occurrences.iter().max().copied().unwrap_or_default();
    if digits[0] == 0 || repeated != 1 || most > 3 {
        return false;
    }
    let product = digits[..10].iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(digits[10])
}

fn is_bsn(digits: &[u8]) -> bool {
    let weighted: i32 = digits[..8].iter().zip((2..=9).rev()).map(|(digit, weight)| i32::from(*digit) * weight).sum();
    let sum = weighted - i32::from(digits[8]);
    sum != 0 && sum % 11 == 0
}

/// Eight digits and their letter.
fn dni_end(text: &[u8], start: usize) -> Option<usize> {
    spanish_end(text, start, 0, 8)
}

/// `X`, `Y` or `Z`, which count as 0, 1 and 2, seven digits and their letter.
fn nie_end(text: &[u8], start: usize) -> Option<usize> {
    let first = text[start].checked_sub(b'X').filter(|first| *first <= 2)?;
    let dash = usize::from(text.get(start + 1) == Some(&b'-'));
    spanish_end(text, start + 1 + dash, u32::from(first), 7)
}

fn spanish_end(text: &[u8], start: usize, first: u32, count: usize) -> Option<usize> {
    let digits = text.get(start..start + count).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let number = digits.iter().fold(first, |number, digit| number * 10 + u32::from(digit - b'0'));
    let letter = start + count + usize::from(text.get(start + count) == Some(&b'-'));
    (*text.get(letter)? == b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize]).then_some(letter + 1)
}

/// `000.000.000-00` with two check digits.
fn cpf_end(text: &[u8], start: usize) -> Option<usize> {
    let written = text.get(start..start + 14)?;
    let mut digits = [0_u32; 11];
    let mut count = 0;
    for (index, byte) in written.iter().enumerate() {
        match (index, byte) {
            (3 | 7, b'.') | (11, b'-') => {}
            (3 | 7 | 11, _) => return None,
            (_, b'0'..=b'9') => {
                digits[count] = u32::from(byte - b'0');
                count += 1;
            }
            _ => return None,
        }
    }
    let check = |length: usize| {
        let weights = (2..=length as u32 + 1).rev();
        let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        sum * 10 % 11 % 10 == digits[length]
    };
    let uniform = digits.iter().all(|digit| *digit == digits[0]);
    (!uniform && check(9) && check(10)).then_some(start + 14)
}

/// Six letters of the name, birth date and place, and a check letter: `RSSMRA85T10A562S`.
fn codice_fiscale_end(text: &[u8], start: usize) -> Option<usize> {
    /// The values of letters and digits at odd positions.
    const ODD: [u8; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let code = text.get(start..start + 16)?;
    let mut sum = 0;
    for (index, byte) in code[..15].iter().enumerate() {
        let digit_here = matches!(index, 6 | 7 | 9 | 10 | 12 | 13 | 14);
        let value = match byte {
            b'0'..=b'9' if digit_here => byte - b'0',
            b'A'..=b'Z' if !digit_here => byte - b'A',
            _ => return None,
        };
        // Positions count from one.
        sum += u32::from(if index % 2 == 0 { ODD[usize::from(value)] } else { value });
    }
    let month = b"ABCDEHLMPRST".contains(&code[8]);
    (month && u32::from(code[15]) == u32::from(b'A') + sum % 26).then_some(start + 16)
}

/// `AB 12 34 56 C`; only in groups, since order and part numbers look like the bare form.
fn national_insurance_end(text: &[u8], start: usize) -> Option<usize> {
    let code = text.get(start..start + 13)?;
    let shape = code.iter().enumerate().all(|(index, byte)| match index {
        0 => byte.is_ascii_uppercase() && !b"DFIQUV".contains(byte),
        1 => byte.is_ascii_uppercase() && !b"DFIOQUV".contains(byte),
        2 | 5 | 8 | 11 => *byte == b' ',
        12 => matches!(byte, b'A'..=b'D'),
        _ => byte.is_ascii_digit(),
    });
    let given_out = !matches!(&code[..2], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ");
    (shape && given_out).then_some(start + 13)
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        if bytes[0].is_ascii_digit() { digits_end(bytes, 0, &Groups::read(bytes, 0)?) } else { letters_end(bytes, 0) }
    }

    #[test]
    fn ids() {
        for text in [
            "123-45-6789",
            "12345678Z",
            "12345678-Z",
            "X1234567L",
            "X-1234567-L",
            "255081416802538",
            "2 55 08 14 168 025 38",
            "86 095 742 719",
            "RSSMRA85T10A562S",
            "529.982.247-25",
            "AB 12 34 56 C",
        ] {
            assert_eq!(end(text), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn no_ids() {
        for text in [
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-0000",
            "123-45-67890",
            "123456789",
            "12345678A",
            "12345678ZZ",
            "X1234567A",
            "255081416802539",
            "255131416802538",
            "86 095 742 718",
            "86095742719",
            "RSSMRA85T10A562T",
            "529.982.247-26",
            "111.111.111-11",
            "52998224725",
            "AB123456C",
            "GB 12 34 56 A",
            "2024-01-02",
        ] {
            assert_eq!(end(text), None, "{text}");
        }
    }

    #[test]
    fn names_tell() {
        assert!(is_named("bsn", "111222333") && is_named("steuerId", "86095742719") && is_named("ssn", "123456789"));
        assert!(!is_named("id", "111222333") && !is_named("bsn", "111222334") && !is_named("tax_id", "86095742718"));
        assert!(!is_named("ssn", "000456789") && !is_named("ssn", "12345678a") && !is_named("bsn", "000000000"));
    }
}
