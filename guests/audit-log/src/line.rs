//! The facts about one event, as a JSON object that is both the log line and the record's info.
//!
//! Invariant: every text is cut to a maximum length, whoever wrote it.

use std::borrow::Cow;

use weir_sdk::json::Object;
use weir_sdk::walk::{Kind, Malformed, Walk};
use weir_sdk::{Call, Document, Phase};

use crate::settings::Settings;
use crate::subject;

/// Maximum length of an attribute or a subject; ids and names are shorter.
const LONGEST_ATTRIBUTE: usize = 256;
/// Maximum number of field names logged.
const MOST_NAMES: usize = 32;
/// Maximum length of a field name.
const LONGEST_NAME: usize = 64;

/// The attributes logged unchanged, and their names in the line.
const ATTRIBUTES: [(&str, &str); 9] = [
    ("session", "session-id"),
    ("agent", "agent-id"),
    ("action", "action-name"),
    ("route", "route"),
    ("server", "server"),
    ("callRef", "call-ref"),
    ("traceId", "trace-id"),
    ("spanId", "span-id"),
    ("timestamp", "timestamp"),
];

/// Collects the facts.
///
/// # Errors
/// The payload is not JSON.
pub fn facts(
    settings: &Settings,
    call: &Call,
    payload: &Document,
    request: Option<&Document>,
) -> Result<String, Malformed> {
    let event = call.event();
    let (phase, asked) = match call.phase() {
        Phase::Request => ("request", Some(payload)),
        Phase::Response => ("response", request),
    };
    let mut line = Object::new().text("event", &event).text("phase", phase);
    line = principal(line, call);
    for (name, attribute) in ATTRIBUTES {
        line = line.optional_text(name, call.attribute(attribute).as_deref().map(attribute_text).as_deref());
    }
    for (name, pointer) in subject::of(&event) {
        // In an agent's response the payload itself has the tool's name; elsewhere only the request does.
        let text = payload.text(pointer).or_else(|| asked?.text(pointer));
        let text = text.as_deref().map(subject::without_secrets);
        line = line.optional_text(name, text.as_deref().map(attribute_text).as_deref());
    }
    line = line.number("bytes", i64::from(payload.size()));
    if payload.size() <= settings.field_names_up_to {
        line = line.texts("fieldNames", field_names(&payload.json())?);
    }
    Ok(fields(line, settings, payload).finish())
}

fn principal(line: Object, call: &Call) -> Object {
    let Some(kind) = call.attribute("principal.kind") else { return line };
    let id = call.attribute("principal.id");
    let principal = Object::new().text("type", &attribute_text(&kind));
    line.raw("principal", &principal.optional_text("id", id.as_deref().map(attribute_text).as_deref()).finish())
}

fn fields(line: Object, settings: &Settings, payload: &Document) -> Object {
    if settings.fields.is_empty() {
        return line;
    }
    let mut fields = Object::new();
    for pointer in &settings.fields {
        // A string is logged as text, anything else as a string of its JSON text, since cut JSON is no longer JSON.
        let value = payload.text(pointer).or_else(|| payload.get(pointer));
        fields = fields.optional_text(pointer, value.as_deref().map(|text| cut(text, settings.max_length)).as_deref());
    }
    line.raw("fields", &fields.finish())
}

/// The top-level field names, limited in number and length.
fn field_names(json: &str) -> Result<Vec<String>, Malformed> {
    let mut names = Vec::new();
    let mut walk = Walk::new(json);
    while let Some(item) = walk.advance()? {
        if item.kind() == Kind::Key && item.depth() == 1 {
            if names.len() == MOST_NAMES {
                names.push("…".to_owned());
                break;
            }
            names.push(cut(&item.text(), LONGEST_NAME).into_owned());
        }
    }
    Ok(names)
}

fn attribute_text(text: &str) -> Cow<'_, str> {
    cut(text, LONGEST_ATTRIBUTE)
}

/// The first characters, with an ellipsis if something was cut.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äöü!", 3), "äöü…");
    }

    #[test]
    fn names_of_the_top_level_only() {
        assert_eq!(field_names(r#"{"a":{"b":1},"c\u0064":["e",{"f":2}]}"#).unwrap(), ["a", "cd"]);
        assert_eq!(field_names("[1,2]").unwrap(), [""; 0]);
        let many: Vec<String> = (0..50).map(|index| format!("\"{index}\":0")).collect();
        assert_eq!(field_names(&format!("{{{}}}", many.join(","))).unwrap().len(), MOST_NAMES + 1);
    }
}
