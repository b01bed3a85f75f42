//! Message ids, compared by value: `"1"` and `1` differ, `1` and `1.0` are equal.

/// Longest id, in bytes as written. Ids are kept until they are answered; real ones have dozens of bytes.
pub const MAX_LENGTH: usize = 1024;

/// An id, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Id(Box<str>);

impl Id {
    /// Reads the id from its JSON text.
    pub fn of(raw: &str) -> Self {
        if let Some(text) = crate::json::string(raw) {
            return Self(format!("s{text}").into());
        }
        let number = match raw.parse::<i128>() {
            Ok(whole) => whole.to_string(),
            // Below this limit a double is exact, so different numbers stay different.
            Err(_) => match raw.parse::<f64>() {
                Ok(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => format!("{number:.0}"),
                _ => raw.to_owned(),
            },
        };
        Self(format!("n{}", if number == "-0" { "0" } else { &number }).into())
    }

    /// Whether the two are equal for a reader that does not distinguish strings from numbers.
    pub fn is_loosely(&self, other: &Self) -> bool {
        self.0.get(1..) == other.0.get(1..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_as_values() {
        for (one, other, same, loosely) in [
            ("1", "1", true, true),
            ("1", "1.0", true, true),
            ("10", "1e1", true, true),
            ("-0", "0", true, true),
            ("1", "\"1\"", false, true),
            ("\"1\"", "\"\\u0031\"", true, true),
            ("1", "2", false, false),
            ("12345678901234567890123", "12345678901234567890124", false, false),
            ("9007199254740993.0", "9007199254740992.0", false, false),
            ("1.5", "1.5", true, true),
            ("null", "\"null\"", false, true),
        ] {
            let (one, other) = (Id::of(one), Id::of(other));
            assert_eq!((one == other, one.is_loosely(&other)), (same, loosely), "{one:?} {other:?}");
        }
    }
}
