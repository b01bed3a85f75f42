//! Query results as JSON.

use rusqlite::Statement;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

use super::fence::{MAX_ANSWER, MAX_ROWS};

/// Numbers below this are written with cents.
const LARGEST_AMOUNT: f64 = 1e15;

/// Why there is no result.
pub enum ReadError {
    /// The query failed.
    Sql(rusqlite::Error),
    /// The result is too large.
    TooMany,
}

/// All rows as a JSON list of objects. If two columns share a name, the last one counts.
pub fn read(statement: &mut Statement<'_>) -> Result<String, ReadError> {
    let names: Vec<String> = statement.column_names().map(column_name).collect();
    let mut rows = statement.query([]).map_err(ReadError::Sql)?;
    let mut text = String::from("[");
    let mut count = 0;
    while let Some(row) = rows.next().map_err(ReadError::Sql)? {
        let mut object = Map::new();
        for (index, name) in names.iter().enumerate() {
            object.insert(name.clone(), cell(row.get_ref(index).map_err(ReadError::Sql)?));
        }
        if count > 0 {
            text.push(',');
        }
        text.push_str(&Value::Object(object).to_string());
        count += 1;
        if count > MAX_ROWS || text.len() > MAX_ANSWER {
            return Err(ReadError::TooMany);
        }
    }
    text.push(']');
    Ok(text)
}

/// A column's name or alias; the row count gets a readable name.
fn column_name(name: &str) -> String {
    let is_count = name.chars().filter(|c| !c.is_whitespace()).collect::<String>().eq_ignore_ascii_case("count(*)");
    if is_count { "count".to_owned() } else { name.to_owned() }
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => real(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Value::from(format!("{} bytes that are not text", bytes.len())),
    }
}

/// Amounts get two decimals, as in `89.00`; other numbers keep all digits. JSON has no infinity.
fn real(number: f64) -> Value {
    let cents = format!("{number:.2}");
    let is_amount = number.abs() < LARGEST_AMOUNT && cents.parse() == Ok(number);
    let text = if is_amount { cents } else { number.to_string() };
    serde_json::from_str(&text).unwrap_or_default()
}
