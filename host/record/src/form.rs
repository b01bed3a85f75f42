//! The JSON forms of rows: the same in the admin surface, on the command line and in exports.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::{Cell, Column, Json, Row};

/// What holds an answer in a row; about the latest call it is told last, by another name.
const ANSWER: &str = "rawResponse";

/// A row with camelCase names. A column of JSON that was damaged in its store comes as the text that it is.
#[derive(Debug, Clone, Copy)]
pub struct RowForm<'r>(&'r Row);

/// What is answered about the latest call of an action: `requestPayload` and `response` beside the rest of the row;
/// an empty request and no response where there is none.
#[derive(Debug, Clone, Copy)]
pub struct LatestForm<'r>(Option<&'r Row>);

/// A row as JSON.
pub const fn row_form(row: &Row) -> RowForm<'_> {
    RowForm(row)
}

/// The latest row as JSON.
pub const fn latest_form(row: Option<&Row>) -> LatestForm<'_> {
    LatestForm(row)
}

impl Serialize for RowForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.columns().map(|Column { json_name, cell, .. }| (json_name, cell)))
    }
}

impl Serialize for LatestForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_map(None)?;
        let mut answer = None;
        match self.0 {
            None => form.serialize_entry("requestPayload", &Empty {})?,
            Some(row) => {
                for Column { json_name, cell, .. } in row.columns() {
                    if json_name == ANSWER { answer = Some(cell) } else { form.serialize_entry(json_name, &cell)? }
                }
            }
        }
        form.serialize_entry("response", &answer)?;
        form.end()
    }
}

#[derive(Serialize)]
struct Empty {}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Json(text) => match serde_json::from_str::<Json>(text) {
                Ok(value) => value.serialize(serializer),
                Err(_) => text.serialize(serializer),
            },
            Self::Status(text) => match text.parse::<u16>() {
                Ok(number) => number.serialize(serializer),
                Err(_) => text.serialize(serializer),
            },
        }
    }
}
