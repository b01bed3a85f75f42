//! The JSON forms of rows: the same in the admin surface, on the command line and in exports.

use serde_json::{Map, Value, json};

use crate::{Cell, Row};

/// A row with camelCase names. A column of JSON that was damaged in its store comes as the text that it is.
pub fn row_form(row: &Row) -> Value {
    let members = row.columns().map(|column| (column.json_name.to_owned(), cell_form(column.cell)));
    Value::Object(Map::from_iter(members))
}

fn cell_form(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Number(number) => json!(number),
        Cell::Text(text) => json!(text),
        Cell::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        Cell::Status(text) => text.parse::<u16>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}

/// What is answered about the latest call of an action: `requestPayload` and `response` beside the rest of the row;
/// an empty request and no response where there is none.
pub fn latest_form(row: Option<&Row>) -> Value {
    let Some(row) = row else { return json!({ "requestPayload": {}, "response": null }) };
    let mut form = row_form(row);
    if let Value::Object(members) = &mut form {
        let response = members.shift_remove("rawResponse").unwrap_or_default();
        members.insert("response".into(), response);
    }
    form
}
