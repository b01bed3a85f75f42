//! Explains why a query failed and what would work.

use rusqlite::{Error, ErrorCode};

use super::fence::{FUNCTIONS, MAX_ANSWER, MAX_DEPTH, MAX_ROWS, MAX_TIME};
use super::shop::TABLES;

/// The form of a query.
const FORM: &str = "SELECT columns FROM table [WHERE conditions] [ORDER BY column [DESC]] [LIMIT number]";

/// It is not a query.
pub fn only_select() -> String {
    format!("only SELECT is understood: {FORM}")
}

/// Its answer is too large.
pub fn too_many() -> String {
    format!("an answer has at most {MAX_ROWS} rows and {MAX_ANSWER} bytes; add a LIMIT")
}

/// SQLite's error.
pub fn of(error: &Error, sql: &str) -> String {
    let (code, message) = match error {
        Error::MultipleStatement => return format!("after the first SELECT should be the end: {FORM}"),
        Error::SqliteFailure(failure, Some(message)) => (failure.code, message.as_str()),
        Error::SqlInputError { error, msg, .. } => (error.code, msg.as_str()),
        other => return other.to_string(),
    };
    match code {
        ErrorCode::OperationInterrupted => {
            format!("a query may take at most {} ms; select less", MAX_TIME.as_millis())
        }
        ErrorCode::AuthorizationForStatementDenied if message.starts_with("access to ") => {
            format!("only these tables can be read: {}", table_names())
        }
        ErrorCode::AuthorizationForStatementDenied => only_select(),
        _ => explain(message, sql),
    }
}

fn explain(message: &str, sql: &str) -> String {
    if let Some(name) = message.strip_prefix("no such table: ") {
        return format!("there is no table {name}; there are {}", table_names());
    }
    if let Some(name) = message.strip_prefix("no such column: ") {
        // SQLite appends a question whether the name should be a string.
        let name = name.split(" - ").next().unwrap_or(name).trim_matches('"');
        return format!("there is no column {name}; there are {}; a text stands in quotes: '{name}'", columns(sql));
    }
    if let Some(name) = message.strip_prefix("not authorized to use function: ") {
        return format!("there is no function {name} here; there are {}", FUNCTIONS.join(", "));
    }
    if message.starts_with("unrecognized token: \"'") {
        return "a quote is never closed".to_owned();
    }
    if message.starts_with("Expression tree is too large") || message == "Recursion limit" {
        return format!("conditions are nested deeper than {MAX_DEPTH}");
    }
    if message == "incomplete input" {
        return format!("the query ends too early: {FORM}");
    }
    format!("{message}; a query looks like this: {FORM}")
}

fn table_names() -> String {
    TABLES.map(|table| table.name).join(", ")
}

/// The columns of the tables in a query.
fn columns(sql: &str) -> String {
    let sql = sql.to_ascii_lowercase();
    let named = TABLES.iter().filter(|table| sql.contains(table.name));
    named.flat_map(|table| table.columns()).collect::<Vec<_>>().join(", ")
}
