//! The sample tables, read from their text.

use std::cmp::Ordering;

use serde_json::Value;

/// The tables of the demo.
const TABLES: &[(&str, &str)] =
    &[("customers", include_str!("../data/customers.csv")), ("orders", include_str!("../data/orders.csv"))];

/// A table.
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number with its text.
    Number(f64, String),
}

impl Table {
    /// The table of that name.
    pub fn named(name: &str) -> Result<Self, String> {
        let Some((_, text)) = TABLES.iter().find(|(table, _)| *table == name) else {
            let known: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
            return Err(format!("there is no table {name}; there are {}", known.join(", ")));
        };
        let mut lines = text.lines();
        let columns = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let cell = |text: &str| Cell::number(text).unwrap_or_else(|_| Cell::Text(text.to_owned()));
        let rows = lines.map(|line| line.split(',').map(cell).collect()).collect();
        Ok(Self { columns, rows })
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Every row has a cell for each column.
    pub fn rows(&self) -> impl Iterator<Item = &[Cell]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        let found = self.columns.iter().position(|column| column == name);
        found.ok_or_else(|| format!("there is no column {name}; there are {}", self.columns.join(", ")))
    }
}

impl Cell {
    /// A number from its text.
    pub fn number(text: &str) -> Result<Self, String> {
        let plain = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        let number = text.parse::<f64>().ok().filter(|number| plain && number.is_finite());
        number.map(|number| Self::Number(number, text.to_owned())).ok_or_else(|| format!("{text} is not a number"))
    }

    /// Numbers by value, anything else by its text.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a, _), Self::Number(b, _)) => a.total_cmp(b),
            _ => self.to_text().cmp(other.to_text()),
        }
    }

    /// As it was written.
    pub fn to_text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(_, text) => text,
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(_, text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
        }
    }
}
