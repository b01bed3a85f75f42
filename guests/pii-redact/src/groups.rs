//! Digits as people write them: groups with single separators.
//!
//! Invariant: a reading begins at the first digit of a group; it stops after [`MOST_GROUPS`] groups, or before a group
//! that would make it longer than [`MOST_DIGITS`] digits.

/// More groups than any supported number has.
const MOST_GROUPS: usize = 8;
/// More digits than any supported number has, in one group or in total.
const MOST_DIGITS: usize = 32;
/// Minimum digits of a single group that can match anything.
const LEAST_ALONE: usize = 8;

/// A reading of digits.
#[derive(Debug, Clone)]
pub struct Groups {
    digits: [u8; MOST_DIGITS],
    groups: [Group; MOST_GROUPS],
    count: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    length: usize,
    /// The end of the group in the text.
    end: usize,
    /// The separator after this group; 0 after the last one.
    separator: u8,
}

impl Groups {
    /// Reads groups starting at a digit; `None` if there is only one and it is too short to match anything.
    pub fn read(text: &[u8], start: usize) -> Option<Self> {
        let first = group(text, start);
        if first.separator == 0 && first.length < LEAST_ALONE {
            return None;
        }
        let mut reading = Self { digits: [0; MOST_DIGITS], groups: Default::default(), count: 0 };
        let mut next = first;
        let mut total = 0;
        while reading.count < MOST_GROUPS && next.length > 0 && total + next.length <= MOST_DIGITS {
            for (place, digit) in reading.digits[total..].iter_mut().zip(&text[next.end - next.length..next.end]) {
                *place = digit - b'0';
            }
            total += next.length;
            reading.groups[reading.count] = next;
            reading.count += 1;
            if next.separator == 0 {
                break;
            }
            next = group(text, next.end + 1);
        }
        (reading.count > 0).then_some(reading)
    }

    /// The digits and the end of the first groups, if they have these lengths, use one of the allowed separators
    /// throughout, and are not followed by more of the same.
    pub fn shaped(&self, lengths: &[usize], separators: &[u8]) -> Option<(&[u8], usize)> {
        let groups = self.groups.get(..lengths.len()).filter(|_| lengths.len() <= self.count)?;
        let (last, inner) = groups.split_last()?;
        let same_lengths = groups.iter().zip(lengths).all(|(group, length)| group.length == *length);
        let separated = match inner.first().map(|group| group.separator) {
            Some(first) => {
                separators.contains(&first)
                    && inner.iter().all(|group| group.separator == first)
                    && last.separator != first
            }
            None => matches!(last.separator, 0 | b' ' | b'.'),
        };
        let total = lengths.iter().sum::<usize>();
        (same_lengths && separated).then(|| (&self.digits[..total], last.end))
    }

    /// The length of a group; 0 if there is none.
    pub fn length(&self, index: usize) -> usize {
        self.groups.get(index).map_or(0, |group| group.length)
    }

    /// The first digit.
    pub fn first_digit(&self) -> u8 {
        self.digits[0]
    }

    /// The digit at an index.
    pub fn digit(&self, index: usize) -> u8 {
        self.digits.get(index).copied().unwrap_or_default()
    }
}

/// The group at a position; of a run that is too long, only as much as shows that.
fn group(text: &[u8], start: usize) -> Group {
    let length = text[start..].iter().take(MOST_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let end = start + length;
    let separator = match text.get(end..end + 2) {
        Some([separator @ (b' ' | b'-' | b'.' | b'/'), next]) if next.is_ascii_digit() => *separator,
        _ => 0,
    };
    Group { length, end, separator }
}

/// Whether a number may begin here: not inside a word, a decimal, a path or a longer id.
pub fn may_begin(text: &[u8], position: usize) -> bool {
    match &text[position.saturating_sub(2)..position] {
        [.., before] if before.is_ascii_alphanumeric() || *before == b'_' => false,
        [earlier, b'-' | b'.' | b'/' | b'+'] => !earlier.is_ascii_alphanumeric(),
        _ => true,
    }
}

/// Whether a number may end here: the next characters must not make it part of something longer.
pub fn may_end(text: &[u8], position: usize) -> bool {
    match text.get(position..) {
        None | Some([]) => true,
        Some([next, ..]) if next.is_ascii_alphanumeric() || matches!(next, b'_' | b'@') => false,
        Some([b'-' | b'/' | b'.', after, ..]) => !after.is_ascii_alphanumeric(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_exact() {
        let shaped = |text: &str, lengths: &[usize]| {
            Groups::read(text.as_bytes(), 0)?.shaped(lengths, b"- ").map(|(_, end)| end)
        };
        assert_eq!(shaped("123-45-6789", &[3, 2, 4]), Some(11));
        assert_eq!(shaped("123-45-6789 and", &[3, 2, 4]), Some(11));
        assert_eq!(shaped("123-45-6789 12", &[3, 2, 4]), Some(11));
        assert_eq!(shaped("123-45-6789-12", &[3, 2, 4]), None);
        assert_eq!(shaped("123-45 6789", &[3, 2, 4]), None);
        assert_eq!(shaped("123.45.6789", &[3, 2, 4]), None);
        assert_eq!(shaped("12345678", &[8]), Some(8));
        assert_eq!(shaped("123456789", &[8]), None);
        assert!(Groups::read("1".repeat(40).as_bytes(), 0).is_none());
        assert!(Groups::read(b"1234567", 0).is_none());
    }

    #[test]
    fn borders() {
        for (text, position, expected) in [
            ("1", 0, true),
            (" 1", 1, true),
            ("a1", 1, false),
            ("3.1", 2, false),
            ("a-1", 2, false),
            ("tel:1", 4, true),
            ("a,1", 2, true),
            ("(1", 1, true),
            ("é1", 2, true),
        ] {
            assert_eq!(may_begin(text.as_bytes(), position), expected, "{text}");
        }
        for (text, expected) in [
            ("1", true),
            ("1.", true),
            ("1, ", true),
            ("1.5", false),
            ("1a", false),
            ("1-b", false),
            ("1@", false),
            ("1)", true),
        ] {
            assert_eq!(may_end(text.as_bytes(), 1), expected, "{text}");
        }
    }
}
