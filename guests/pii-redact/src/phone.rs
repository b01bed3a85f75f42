//! Phone numbers: international ones with `+` or `00`, national ones in typical forms, and any under a telltale field
//! name.
//!
//! Deliberately not here: national numbers without a trunk prefix or without separators, which are as likely to be ids.

use crate::groups::{Groups, may_end};

/// The maximum number of digits in E.164.
const MOST_DIGITS: usize = 15;
/// Minimum digits of an international number with separators.
const LEAST_GROUPED: usize = 8;
/// The same in one piece, which could also be a plain positive number.
const LEAST_PLAIN: usize = 9;
/// Minimum digits under a telltale field name.
const LEAST_NAMED: usize = 6;

/// The end of an international number that begins at a `+`.
pub fn international_end(text: &[u8], plus: usize) -> Option<usize> {
    let within = plus > 0 && (text[plus - 1].is_ascii_alphanumeric() || matches!(text[plus - 1], b'+' | b'_' | b'/'));
    let begins = matches!(text.get(plus + 1), Some(b'1'..=b'9'));
    if begins && !within { written_end(text, plus + 1) } else { None }
}

/// The end of a number that begins with `00` and is written with separators.
pub fn zero_zero_end(text: &[u8], start: usize) -> Option<usize> {
    let begins = text[start..].starts_with(b"00") && matches!(text.get(start + 2), Some(b'1'..=b'9'));
    if !begins {
        return None;
    }
    let end = written_end(text, start).filter(|end| !is_in_dump(text, start, *end))?;
    let separated = text[start..end].iter().filter(|byte| !byte.is_ascii_digit()).count() >= 2;
    separated.then_some(end)
}

/// The end of a national number at the start of these groups, which were read from `start`.
pub fn national_end(text: &[u8], start: usize, groups: &Groups) -> Option<usize> {
    let spaced = || french_end(groups).or_else(|| trunk_end(groups)).filter(|end| !is_in_dump(text, start, *end));
    north_american_end(groups).or_else(spaced)
}

/// The end of a North American number that begins at a `(`: `(415) 555-2671`.
pub fn parenthesised_end(text: &[u8], start: usize) -> Option<usize> {
    let area = text.get(start + 1..start + 4)?;
    let after = text.get(start + 4..)?;
    let local = match after {
        [b')', b' ', ..] => start + 6,
        [b')', ..] => start + 5,
        _ => return None,
    };
    let first = *text.get(local).filter(|byte| byte.is_ascii_digit())?;
    let groups = Groups::read(text, local)?;
    let (_, end) = groups.shaped(&[3, 4], b"-. ")?;
    (matches!(area, [b'2'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit)) && first >= b'2').then_some(end)
}

/// Whether a value of only digits and separators is a phone number, judging by its field name.
pub fn is_named(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let telling = ["phone", "mobile", "telefon", "telephone", "handy", "msisdn"].iter().any(|part| name.contains(part))
        || name == "tel"
        || name == "fax";
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    telling && (LEAST_NAMED..=MOST_DIGITS + 2).contains(&digits)
}

/// Reads digits with separators from a digit on; ends after the last group that fits.
fn written_end(text: &[u8], start: usize) -> Option<usize> {
    let mut digits = 0;
    let mut grouped = false;
    let mut end = None;
    let mut position = start;
    loop {
        let group = text[position..].iter().take_while(|byte| byte.is_ascii_digit()).take(MOST_DIGITS + 3).count();
        if group == 0 || digits + group > MOST_DIGITS + 2 * usize::from(text[start] == b'0') {
            break;
        }
        digits += group;
        position += group;
        if digits >= if grouped { LEAST_GROUPED } else { LEAST_PLAIN } && may_end(text, position) {
            end = Some(position);
        }
        let gap = text[position..]
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/'))
            .take(3)
            .count();
        if gap == 0 || gap > 2 {
            break;
        }
        grouped = true;
        position += gap;
    }
    end
}

/// Whether a neighbour is a pair or four of hexadecimal digits, as in `01 23 45 67 89 ab`: a hex dump.
fn is_in_dump(text: &[u8], start: usize, end: usize) -> bool {
    let is_hexadecimal = |word: &[u8]| {
        let letters = word.iter().any(u8::is_ascii_alphabetic) && word.iter().any(u8::is_ascii_digit);
        matches!(word.len(), 2 | 4) && letters && word.iter().all(u8::is_ascii_hexdigit)
    };
    let before = text[..start].strip_suffix(b" ").unwrap_or_default();
    let before_length = before.iter().rev().take(5).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let after = text[end..].strip_prefix(b" ").unwrap_or_default();
    let after_length = after.iter().take(5).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    is_hexadecimal(&before[before.len() - before_length..]) || is_hexadecimal(&after[..after_length])
}

/// `415-555-2671`, with dashes or dots, or with spaces after a leading 1.
fn north_american_end(groups: &Groups) -> Option<usize> {
    let plain = groups.shaped(&[3, 3, 4], b"-.").map(|(digits, end)| (digits, 0, end));
    let leading = || groups.shaped(&[1, 3, 3, 4], b"-. ").map(|(digits, end)| (digits, 1, end));
    let (digits, skip, end) = plain.or_else(leading)?;
    let area = digits[skip];
    let exchange = digits[skip + 3];
    (area >= 2 && exchange >= 2 && (skip == 0 || digits[0] == 1)).then_some(end)
}

/// `01 23 45 67 89`: five pairs.
fn french_end(groups: &Groups) -> Option<usize> {
    let (digits, end) = groups.shaped(&[2, 2, 2, 2, 2], b" .-")?;
    (digits[0] == 0 && digits[1] != 0).then_some(end)
}

/// `020 7946 0958`, `0171 1234567`: a trunk prefix, then one or two groups.
fn trunk_end(groups: &Groups) -> Option<usize> {
    let [first, second, third] = [groups.length(0), groups.length(1), groups.length(2)];
    if groups.first_digit() != 0 || groups.digit(1) == 0 || !(3..=5).contains(&first) || !(3..=8).contains(&second) {
        return None;
    }
    let three = if (3..=8).contains(&third) { groups.shaped(&[first, second, third], b" -") } else { None };
    let (digits, end) = three.or_else(|| groups.shaped(&[first, second], b" -/"))?;
    (9..=12).contains(&digits.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Option<usize> {
        match text.as_bytes()[0] {
            b'+' => international_end(text.as_bytes(), 0),
            b'(' => parenthesised_end(text.as_bytes(), 0),
            _ => zero_zero_end(text.as_bytes(), 0)
                .or_else(|| national_end(text.as_bytes(), 0, &Groups::read(text.as_bytes(), 0)?)),
        }
    }

    #[test]
    fn numbers() {
        for text in [
            "+14155552671",
            "+1 415 555 2671",
            "+1 (415) 555-2671",
            "+49 30 901820",
            "+49 (0)30 901820",
            "+44 20 7946 0958",
            "+33 1 23 45 67 89",
            "0049 30 901820",
            "415-555-2671",
            "415.555.2671",
            "1-415-555-2671",
            "(415) 555-2671",
            "(415)555-2671",
            "01 23 45 67 89",
            "01.23.45.67.89",
            "020 7946 0958",
            "0171 1234567",
            "030/90182000",
            "07700 900123",
        ] {
            assert_eq!(end(text), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn no_numbers() {
        for text in [
            "+1.5",
            "+12345",
            "+20000000",
            "+0123456789",
            "4155552671",
            "2024-01-02",
            "01.02.2023",
            "115-555-2671",
            "415-155-2671",
            "192.168.100.200",
            "10.20.3000",
            "001234567890",
            "00 11 22 33 44",
            "1 234 567 890",
            "0001 234567",
            "415-555-2671-12",
            "(12) 345-6789",
            "(415) 55",
            "0123456789012345678",
            "1234 5678 9012",
            "01 23 45 67 89 0a",
            "0123 4567 8901 8a9b",
            "0012 3456 7890 1a2b",
        ] {
            assert_eq!(end(text), None, "{text}");
        }
    }

    #[test]
    fn names_tell() {
        assert!(
            is_named("phoneNumber", "4155552671") && is_named("tel", "030 123456") && is_named("Mobile", "+49 171 1")
        );
        assert!(!is_named("id", "4155552671") && !is_named("phone", "123"));
        assert!(!is_named("telemetry", "4155552671"));
    }
}
