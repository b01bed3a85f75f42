//! The format of a case file.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Its cases.
    pub cases: Vec<Case>,
}

/// One case: a configuration, and calls in order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// Its title.
    pub name: String,
    /// The configuration; absent for none.
    pub config: Option<Box<RawValue>>,
    /// Loading must fail with this in its error.
    pub config_error: Option<String>,
    /// The calls.
    #[serde(default)]
    pub calls: Vec<Call>,
}

/// One call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The event.
    pub event: String,
    /// `request` or `response`.
    pub phase: String,
    /// The payload.
    pub payload: Box<RawValue>,
    /// The request's payload.
    pub request: Option<Box<RawValue>>,
    /// Who, where, when.
    pub context: Option<Box<RawValue>>,
    /// The expected result.
    pub expect: Expect,
}

/// The expected result of a call. Every given field must match.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// A validator's verdict.
    pub valid: Option<bool>,
    /// The severity.
    pub severity: Option<String>,
    /// Same number, same order.
    pub messages: Option<Vec<ExpectedMessage>>,
    /// Same number, same order.
    pub suggestions: Option<Vec<ExpectedSuggestion>>,
    /// Part of the question.
    pub ask: Option<String>,
    /// Whether a mutator changed the payload.
    pub modified: Option<bool>,
    /// The resulting payload.
    pub payload: Option<Box<RawValue>>,
    /// The `info`.
    pub info: Option<Box<RawValue>>,
    /// The kind of failure.
    pub fault: Option<String>,
}

/// One finding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedMessage {
    /// Exactly.
    pub path: Option<String>,
    /// Part of it.
    pub message: Option<String>,
    /// Exactly.
    pub severity: Option<String>,
}

/// One suggestion.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedSuggestion {
    /// Exactly.
    pub path: String,
    /// The same JSON.
    pub value: Box<RawValue>,
}

/// JSON text without white space between its parts, so that a payload's size does not depend on the layout of the file.
/// Everything else, including escapes and the text of numbers, stays as written.
pub fn compact(text: &RawValue) -> String {
    let mut compact = String::with_capacity(text.get().len());
    let (mut in_string, mut escaped) = (false, false);
    for character in text.get().chars() {
        if in_string || !character.is_ascii_whitespace() {
            compact.push(character);
        }
        in_string = match character {
            '"' if !escaped => !in_string,
            _ => in_string,
        };
        escaped = in_string && character == '\\' && !escaped;
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_between_parts_goes() {
        let text: Box<RawValue> =
            serde_json::from_str("{ \"a b\" : [ 1.00 ,\n \"x \\\" \\u0041 \\\\\" , \"y\" ] }").unwrap();
        assert_eq!(compact(&text), "{\"a b\":[1.00,\"x \\\" \\u0041 \\\\\",\"y\"]}");
    }
}
