//! What a query may do, and its limits: all caller input is hostile.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::shop::TABLES;

/// Longest query accepted.
pub const MAX_QUERY: usize = 4096;

/// Deepest nesting of conditions. Each AND and OR in a chain counts as a level too.
pub const MAX_DEPTH: i32 = 100;

/// Maximum rows of a result.
pub const MAX_ROWS: usize = 1000;

/// Maximum bytes of a result, which also limits what reaches a caller's memory and the logs.
pub const MAX_ANSWER: usize = 256 << 10;

/// Timeout of a query. It blocks the thread; a normal query needs microseconds.
pub const MAX_TIME: Duration = Duration::from_millis(100);

/// Number of SQLite VM steps between two checks of the clock.
const STEPS: i32 = 1000;

/// The functions queries may use. None of them reads a clock, a file or process state.
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

/// Installs the fence. All writing must be done before.
pub fn close(connection: &mut Connection) -> rusqlite::Result<()> {
    // Otherwise large sorts would use a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Otherwise an unknown name in double quotes would be read as a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_SQL_LENGTH, i32::try_from(MAX_QUERY).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_LENGTH, i32::try_from(MAX_ANSWER).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, MAX_DEPTH),
        (Limit::SQLITE_LIMIT_PARSER_DEPTH, MAX_DEPTH),
        (Limit::SQLITE_LIMIT_COLUMN, 64),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 8),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 8),
        // LIKE matching is a single VM step, so patterns must be short.
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, most)?;
    }
    connection.authorizer(Some(judge))
}

/// Interrupts a query when its time is up.
pub fn limit_time(connection: &mut Connection) -> rusqlite::Result<()> {
    let end = Instant::now() + MAX_TIME;
    connection.progress_handler(STEPS, Some(move || Instant::now() >= end))
}

/// The authorizer: called for each action of a statement while it is compiled.
fn judge(context: AuthContext<'_>) -> Authorization {
    let is_allowed = match context.action {
        AuthAction::Select => true,
        AuthAction::Read { table_name, .. } => TABLES.iter().any(|table| table.name == table_name),
        AuthAction::Function { function_name } => FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str()),
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}
