//! The tools: their names, arguments and answers.

use serde_json::{Value, json};

use super::files::Files;
use super::pages;
use super::rpc::{INVALID_PARAMS, RpcError};
use crate::sql::Database;

/// The tools and their state.
pub struct Tools {
    files: Files,
    database: Database,
}

/// The tools as `tools/list` shows them.
pub fn list() -> Value {
    json!([
        tool(
            "read_file",
            "Reads one of the sample files or a note.",
            true,
            &[("path", "Name of the file, for example customers.csv")]
        ),
        tool(
            "write_note",
            "Keeps a note in memory; read_file gives it back.",
            false,
            &[("title", "Letters, digits, - _ ."), ("text", "The note")]
        ),
        tool(
            "query_sql",
            "Answers a SELECT over the sample tables customers and orders.",
            true,
            &[("sql", "For example SELECT name, email FROM customers WHERE city = 'Oslo'")]
        ),
        tool(
            "fetch_url",
            "Gives a sample page; never touches the network.",
            true,
            &[("url", "For example https://intranet.example/status")]
        ),
        tool("run_command", "Says what it would run; never runs anything.", false, &[("command", "A shell command")]),
    ])
}

/// A tool whose arguments are all required strings.
fn tool(name: &str, description: &str, read_only: bool, arguments: &[(&str, &str)]) -> Value {
    let properties: serde_json::Map<String, Value> = arguments
        .iter()
        .map(|(name, description)| ((*name).to_owned(), json!({"type": "string", "description": description})))
        .collect();
    let required: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
    json!({
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": properties, "required": required, "additionalProperties": false},
        "annotations": {"readOnlyHint": read_only},
    })
}

impl Tools {
    /// Tools over fresh sample data.
    pub fn new() -> rusqlite::Result<Self> {
        Ok(Self { files: Files::default(), database: Database::open()? })
    }

    /// Calls a tool. A tool's failure is a result that says so; an invalid call is an error.
    pub fn call(&self, name: &str, arguments: &Value) -> Result<Value, RpcError> {
        let argument = |name: &str| {
            let missing = || RpcError::new(INVALID_PARAMS, format!("the argument {name:?} must be a string"));
            arguments[name].as_str().ok_or_else(missing)
        };
        let outcome = match name {
            "read_file" => self.files.read(argument("path")?),
            "write_note" => self.files.write(argument("title")?, argument("text")?),
            "query_sql" => self.database.query(argument("sql")?),
            "fetch_url" => pages::fetch(argument("url")?),
            "run_command" => Ok(format!("would run, but never does: {}", argument("command")?)),
            other => {
                let shown: String = other.chars().take(64).collect();
                return Err(RpcError::new(INVALID_PARAMS, format!("there is no tool {shown:?}; see tools/list")));
            }
        };
        let (text, is_error) = match outcome {
            Ok(text) => (text, false),
            Err(text) => (text, true),
        };
        Ok(json!({"content": [{"type": "text", "text": text}], "isError": is_error}))
    }
}
