//! Sizes as written by users: a number with a unit, in a string.

/// The units and their factors. Only powers of 1024, so that a size is never ambiguous.
const UNITS: &[(&str, u64)] = &[("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// The valid form, for messages.
pub const FORM: &str = "give a string such as \"64KiB\", \"4MiB\" or \"1000\" (bytes)";

/// Parses `4MiB`, `64KiB`, `1GiB`, `1000` or `1000B`.
pub fn parse(text: &str) -> Result<usize, String> {
    let wrong = || format!("{text:?} is not a size; {FORM}");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit.trim_start()) else {
        let close = UNITS.iter().find(|(name, _)| {
            let unit = unit.trim_start();
            !name.is_empty() && (name.eq_ignore_ascii_case(unit) || name.replace('i', "").eq_ignore_ascii_case(unit))
        });
        return Err(match close {
            Some((name, _)) => format!("{text:?} is not a size; did you mean \"{number}{name}\"?"),
            None => wrong(),
        });
    };
    number.checked_mul(*factor).and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(wrong)
}

/// Formats a size so that [`parse`] can read it.
pub fn show(bytes: usize) -> String {
    let bytes = bytes as u64;
    let unit = UNITS.iter().rev().find(|(_, factor)| *factor > 1 && bytes >= *factor && bytes.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) => format!("{}{name}", bytes / factor),
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_back() {
        for (text, bytes) in [("4MiB", 4 << 20), ("64KiB", 64 << 10), ("1GiB", 1 << 30), ("1000", 1000), ("7B", 7)] {
            assert_eq!(parse(text), Ok(bytes));
            assert_eq!(parse(&show(bytes)), Ok(bytes));
        }
        assert_eq!(parse("4 MiB"), Ok(4 << 20));
    }

    #[test]
    fn other_texts_are_refused_with_the_right_form() {
        assert_eq!(parse("4MB").unwrap_err(), "\"4MB\" is not a size; did you mean \"4MiB\"?");
        assert_eq!(parse("4mib").unwrap_err(), "\"4mib\" is not a size; did you mean \"4MiB\"?");
        for text in ["", "MiB", "-1", "1.5MiB", "99999999999999999999", "18446744073709551615GiB", "1TB"] {
            assert!(parse(text).unwrap_err().contains(FORM), "{text}");
        }
    }
}
