//! One text for every spelling of the same text or number of JSON, for the canonical text of a whole value.
//!
//! A number stands in its shortest decimal form, so that `1.0`, `1` and `10e-1` are one value. Numbers are compared as
//! decimals, never as binary fractions: two that differ in the fortieth digit differ.

use std::fmt::Write as _;

/// Most digits before the point, and zeros after it, that are written out; beyond them stands an exponent. The same
/// bounds as in RFC 8785, whose text this is for every number that a program prints.
const PLAIN: i64 = 21;
const ZEROS: i64 = -6;

/// A text as JSON writes it.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push_str(&crate::json::written(text));
}

/// A number of JSON in its canonical form.
pub(crate) fn write_number(text: &str, out: &mut String) {
    let Some((negative, digits, point)) = decimal(text) else {
        // An exponent beyond 64 bits: no program computes with it, so its own text stands for it.
        out.push_str(text);
        return;
    };
    if negative {
        out.push('-');
    }
    let count = digits.len() as i64;
    if digits.is_empty() {
        out.push('0');
    } else if (count..=PLAIN).contains(&point) {
        out.push_str(&digits);
        (count..point).for_each(|_| out.push('0'));
    } else if (1..=PLAIN).contains(&point) {
        let (whole, fraction) = digits.split_at(point.unsigned_abs() as usize);
        let _ = write!(out, "{whole}.{fraction}");
    } else if (ZEROS + 1..=0).contains(&point) {
        out.push_str("0.");
        (point..0).for_each(|_| out.push('0'));
        out.push_str(&digits);
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let _ = write!(out, "{first}{dot}{rest}e{:+}", point - 1);
    }
}

/// A JSON number as 0.DIGITS × 10^POINT, without zeros at either end. No digits for zero, whose sign is dropped.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return Some((false, String::new(), 0));
    }
    let leading = (all.len() - digits.len()) as i64;
    let point = (whole.len() as i64 - leading).checked_add(exponent)?;
    // Room for the subtraction that writes it.
    point.checked_sub(1)?;
    Some((negative, digits.trim_end_matches('0').to_owned(), point))
}

#[cfg(test)]
mod tests {
    use crate::Json;

    fn parse(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_spelling_of_a_value_comes_to_one_text() {
        for (texts, expected) in [
            (&["1", "1.0", "1e0", "10E-1", "0.1e1", "100e-2"][..], "1"),
            (&["0", "-0", "0.0", "0e9", "-0.00e-7"], "0"),
            (&["100", "1e2", "1E+2", "100.00"], "100"),
            (&["0.5", "5e-1", "0.50"], "0.5"),
            (&["-12.25", "-1225e-2"], "-12.25"),
            (&["0.000001", "1e-6"], "0.000001"),
            (&["0.0000001", "1e-7"], "1e-7"),
            (&["100000000000000000000", "1e20"], "100000000000000000000"),
            (&["1e21", "1000000000000000000000"], "1e+21"),
            (&["1.5e300", "15e299"], "1.5e+300"),
            (&["1e99999999999999999999999"], "1e+99999999999999999999999"),
            (
                &[r#"{"b":1,"a":[ {"d":2.0,"c":"é"} ]}"#, r#"{"a":[{"c":"\u00e9","d":2}],"b":1}"#],
                r#"{"a":[{"c":"é","d":2}],"b":1}"#,
            ),
            (&[r#""a\/\u0000""#], r#""a/\u0000""#),
        ] {
            for text in texts {
                assert_eq!(parse(text).part().canonical(), expected, "{text}");
            }
        }
    }

    #[test]
    fn different_values_stay_apart() {
        for (left, right) in [
            ("1", "true"),
            ("1", "\"1\""),
            ("0.1", "0.10000000000000000000000000000000000000001"),
            ("9007199254740993", "9007199254740992"),
            ("[1,2]", "[2,1]"),
            ("{}", "[]"),
            ("null", "{\"a\":null}"),
        ] {
            assert_ne!(parse(left), parse(right));
        }
    }
}
