//! What a query may do, and how much of it: everything that a caller writes is hostile.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::shop::TABLES;

/// Longest query that is read.
pub const MAX_QUERY: usize = 4096;

/// Deepest nesting of conditions. Each AND and OR of a row of them is one level, too.
pub const MAX_DEPTH: i32 = 100;

/// Most rows of an answer.
pub const MAX_ROWS: usize = 1000;

/// Most bytes of an answer, and so the most that one query puts into a caller's memory and a log.
pub const MAX_ANSWER: usize = 256 << 10;

/// How long a query may run. The thread that answers waits for it; a query that means well needs microseconds.
pub const MAX_TIME: Duration = Duration::from_millis(100);

/// How many steps of SQLite's machine lie between two looks at the clock.
const STEPS: i32 = 1000;

/// The functions that queries may use. None of them reads a clock, a file or anything of the process.
pub const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "count",
    "glob",
    "group_concat",
    "ifnull",
    "instr",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "nullif",
    "replace",
    "round",
    "rtrim",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "upper",
];

/// Puts the fence up. What has to be written is written before.
pub fn close(connection: &mut Connection) -> rusqlite::Result<()> {
    // Without it large sorts would go to a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A name in double quotes that is not known would be taken for a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_SQL_LENGTH, i32::try_from(MAX_QUERY).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_LENGTH, i32::try_from(MAX_ANSWER).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, MAX_DEPTH),
        (Limit::SQLITE_LIMIT_PARSER_DEPTH, MAX_DEPTH),
        (Limit::SQLITE_LIMIT_COLUMN, 64),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 8),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 8),
        // A pattern is tried at each place of a text, within one step.
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, most)?;
    }
    connection.authorizer(Some(judge))
}

/// Ends whatever runs when the time for it is over.
pub fn limit_time(connection: &mut Connection) -> rusqlite::Result<()> {
    let end = Instant::now() + MAX_TIME;
    connection.progress_handler(STEPS, Some(move || Instant::now() >= end))
}

/// Asked for each thing that a statement would do, while it is compiled.
fn judge(context: AuthContext<'_>) -> Authorization {
    let is_allowed = match context.action {
        AuthAction::Select => true,
        AuthAction::Read { table_name, .. } => TABLES.iter().any(|table| table.name == table_name),
        AuthAction::Function { function_name } => FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str()),
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}
