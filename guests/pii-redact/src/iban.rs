//! International bank account numbers: a known country, its length, and the check digits (mod 97).

/// The length per country.
const LENGTHS: [(&[u8; 2], usize); 83] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
];

/// The end of an IBAN that begins at a capital letter, written in one piece or in fours with single spaces.
pub fn end(text: &[u8], start: usize) -> Option<usize> {
    let country = text.get(start..start + 2)?;
    let check = text.get(start + 2..start + 4)?;
    if !check.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (_, length) = LENGTHS.iter().find(|(code, _)| code.as_slice() == country)?;
    let spaced = text.get(start + 4) == Some(&b' ');
    let mut remainder = 0;
    let mut head = 0;
    let mut head_factor = 1;
    let mut position = start;
    for index in 0..*length {
        if spaced && index > 0 && index % 4 == 0 {
            if text.get(position) != Some(&b' ') {
                return None;
            }
            position += 1;
        }
        let (value, factor) = match text.get(position)? {
            digit @ b'0'..=b'9' => (u32::from(digit - b'0'), 10),
            letter @ b'A'..=b'Z' => (u32::from(letter - b'A') + 10, 100),
            _ => return None,
        };
        position += 1;
        // The first four characters are moved to the end for the check.
        if index < 4 {
            head = head * factor + value;
            head_factor *= factor;
        } else {
            remainder = (remainder * factor + value) % 97;
        }
    }
    let ended = text.get(position).is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_');
    (ended && (remainder * (head_factor % 97) + head) % 97 == 1).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans() {
        let samples = [
            ("DE89370400440532013000", true),
            ("DE89 3704 0044 0532 0130 00", true),
            ("GB82WEST12345698765432", true),
            ("FR1420041010050500013M02606", true),
            ("NL91ABNA0417164300", true),
            ("NO9386011117947", true),
            ("MT84MALT011000012345MTLCAST001S", true),
            ("DE88370400440532013000", false),
            ("DE8937040044053201300", false),
            ("DE893704004405320130001", false),
            ("DE89 370400440532013000", false),
            ("XX89370400440532013000", false),
            ("DE", false),
        ];
        for (text, expected) in samples {
            assert_eq!(end(text.as_bytes(), 0), expected.then_some(text.len()), "{text}");
        }
    }
}
