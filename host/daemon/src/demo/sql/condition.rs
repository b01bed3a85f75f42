//! Which rows a query keeps.

use std::cmp::Ordering;

use super::table::{Cell, Table};

/// A condition on one row.
#[derive(Debug)]
pub enum Condition {
    /// One comparison.
    Compare(Comparison),
    /// AND
    Both(Box<Condition>, Box<Condition>),
    /// OR
    Either(Box<Condition>, Box<Condition>),
    /// NOT
    Not(Box<Condition>),
}

/// A column against a value.
#[derive(Debug)]
pub struct Comparison {
    /// The column.
    pub column: String,
    /// How.
    pub operator: Operator,
    /// The value.
    pub value: Cell,
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=` or `<>`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`, with `%` for any text and `_` for one character, whatever the case
    Like,
}

impl Condition {
    /// Whether it holds for a row.
    pub fn holds(&self, table: &Table, row: &[Cell]) -> Result<bool, String> {
        Ok(match self {
            Self::Both(left, right) => left.holds(table, row)? & right.holds(table, row)?,
            Self::Either(left, right) => left.holds(table, row)? | right.holds(table, row)?,
            Self::Not(inner) => !inner.holds(table, row)?,
            Self::Compare(Comparison { column, operator, value }) => {
                let cell = &row[table.column(column)?];
                if *operator == Operator::Like {
                    let pattern: Vec<char> = value.to_text().to_lowercase().chars().collect();
                    return Ok(like(&cell.to_text().to_lowercase(), &pattern));
                }
                let ordering = cell.compare(value);
                match operator {
                    Operator::Equal => ordering == Ordering::Equal,
                    Operator::Unequal => ordering != Ordering::Equal,
                    Operator::Less => ordering == Ordering::Less,
                    Operator::LessOrEqual => ordering != Ordering::Greater,
                    Operator::Greater => ordering == Ordering::Greater,
                    Operator::GreaterOrEqual => ordering != Ordering::Less,
                    Operator::Like => false,
                }
            }
        })
    }
}

/// Matches by keeping every place of the pattern that may have been reached: time is text times pattern, whatever
/// the pattern.
fn like(text: &str, pattern: &[char]) -> bool {
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    skip(pattern, &mut reached);
    for character in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (place, expected) in pattern.iter().enumerate().filter(|(place, _)| reached[*place]) {
            match expected {
                '%' => next[place] = true,
                '_' => next[place + 1] = true,
                expected if *expected == character => next[place + 1] = true,
                _ => {}
            }
        }
        skip(pattern, &mut next);
        reached = next;
    }
    reached[pattern.len()]
}

/// A `%` may also stand for nothing.
fn skip(pattern: &[char], reached: &mut [bool]) {
    for (place, expected) in pattern.iter().enumerate() {
        if reached[place] && *expected == '%' {
            reached[place + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_match_as_in_sql() {
        let like = |text: &str, pattern: &str| super::like(text, &pattern.chars().collect::<Vec<_>>());
        for (text, pattern, expected) in [
            ("oslo", "o%", true),
            ("oslo", "%l_", true),
            ("oslo", "os", false),
            ("", "%", true),
            ("", "_", false),
            ("abc", "%b%c%", true),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
