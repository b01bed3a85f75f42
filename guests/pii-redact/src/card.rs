//! Payment cards: a known issuer, its card length, and the Luhn check digit.

use crate::groups::Groups;

/// How card numbers are written: in one piece, in fours, and in two issuers' own groupings.
const SHAPES: [&[usize]; 7] = [&[16], &[15], &[14], &[19], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];

/// The end of a card number that begins with these groups.
pub fn end(groups: &Groups) -> Option<usize> {
    SHAPES.iter().find_map(|lengths| {
        let (digits, end) = groups.shaped(lengths, b" -")?;
        (is_issued(digits) && luhn(digits)).then_some(end)
    })
}

fn is_issued(digits: &[u8]) -> bool {
    let prefix = |length: usize| digits[..length].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    match digits.len() {
        16 => {
            prefix(1) == 4
                || matches!(prefix(2), 51..=55 | 65)
                || matches!(prefix(3), 644..=649)
                || matches!(prefix(4), 2221..=2720 | 6011 | 3528..=3589)
                || prefix(2) == 62
        }
        15 => matches!(prefix(2), 34 | 37),
        14 => matches!(prefix(2), 36 | 38 | 39) || matches!(prefix(3), 300..=305),
        // Many ids also have nineteen digits, so accept only the issuer that uses this length.
        19 => prefix(2) == 62,
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(index, digit)| doubled(index, u32::from(*digit))).sum();
    // All zeros pass the check but are never a card number.
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != digits[0])
}

fn doubled(index: usize, digit: u32) -> u32 {
    let value = if index % 2 == 1 { digit * 2 } else { digit };
    if value > 9 { value - 9 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards() {
        let samples = [
            ("4111111111111111", true),
            ("4111 1111 1111 1111", true),
            ("4111-1111-1111-1111", true),
            ("5555555555554444", true),
            ("2223003122003222", true),
            ("378282246310005", true),
            ("3782 822463 10005", true),
            ("6011111111111117", true),
            ("30569309025904", true),
            ("3530111333300000", true),
            ("4111111111111112", false),
            ("4111 1111-1111 1111", false),
            ("411111111111111", false),
            ("1111111111111117", false),
            ("0000000000000000", false),
            ("4111.1111.1111.1111", false),
        ];
        for (text, expected) in samples {
            let groups = Groups::read(text.as_bytes(), 0).unwrap();
            assert_eq!(end(&groups), expected.then_some(text.len()), "{text}");
        }
    }
}
