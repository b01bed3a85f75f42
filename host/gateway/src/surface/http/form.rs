//! How a body is shown to policies, by its content type.
//!
//! JSON becomes the value, text a string, anything else `{"base64": …}`; an empty body is absent. Text types, multipart
//! and form data, and bodies without a type count as text, if they are UTF-8.

use ::http::HeaderMap;
use ::http::header::CONTENT_TYPE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The form by content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Text,
    Binary,
}

/// How a body was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Empty or streamed.
    Absent,
    Json,
    Text,
    Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64 {
    base64: String,
}

impl Form {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Self::Text };
        let Ok(value) = value.to_str() else { return Self::Binary };
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some((kind, subtype)) = essence.split_once('/') else {
            return if essence.is_empty() { Self::Text } else { Self::Binary };
        };
        let suffix = subtype.rsplit_once('+').map(|(_, suffix)| suffix);
        match (kind, subtype, suffix) {
            (_, "json", _) | (_, _, Some("json")) => Self::Json,
            ("text" | "multipart", _, _) | (_, _, Some("xml" | "yaml")) => Self::Text,
            (
                "application",
                "xml"
                | "yaml"
                | "x-yaml"
                | "toml"
                | "sql"
                | "graphql"
                | "javascript"
                | "x-javascript"
                | "ecmascript"
                | "x-www-form-urlencoded"
                | "x-ndjson"
                | "jsonl"
                | "json-seq",
                _,
            ) => Self::Text,
            _ => Self::Binary,
        }
    }
}

/// Whether a text is one JSON value.
fn is_value(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// Appends a string as JSON.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail, and a string can always be serialized.
    let _ = serde_json::to_writer(out, text);
}

impl Shown {
    /// How a body of this form is shown. A JSON body that is not one JSON value counts as text.
    pub(super) fn of(form: Form, data: &[u8]) -> Self {
        match (form, std::str::from_utf8(data)) {
            _ if data.is_empty() => Self::Absent,
            (Form::Json, Ok(text)) if is_value(text) => Self::Json,
            (Form::Json | Form::Text, Ok(_)) => Self::Text,
            _ => Self::Base64,
        }
    }

    /// Appends the body in this form.
    pub(super) fn write(self, data: &[u8], out: &mut Vec<u8>) {
        match (self, std::str::from_utf8(data)) {
            (Self::Absent, _) => out.extend_from_slice(b"null"),
            (Self::Json, Ok(_)) => out.extend_from_slice(data),
            (Self::Text, Ok(text)) => quote(text, out),
            _ => {
                out.extend_from_slice(b"{\"base64\":\"");
                out.extend_from_slice(STANDARD.encode(data).as_bytes());
                out.extend_from_slice(b"\"}");
            }
        }
    }

    /// The bytes of a body that a policy changed. `form` is by the content type after the change.
    pub(super) fn encode(self, form: Form, text: &str) -> Result<Bytes, String> {
        let was_value = matches!(self, Self::Json | Self::Absent);
        let value = || Bytes::copy_from_slice(text.as_bytes());
        if was_value && form == Form::Json {
            // A JSON body stays JSON as long as its type does, even if its value is a string.
            return Ok(value());
        }
        if let Ok(text) = serde_json::from_str::<String>(text) {
            return Ok(text.into());
        }
        match serde_json::from_str::<Base64>(text) {
            Ok(Base64 { base64 }) => {
                STANDARD.decode(base64).map(Bytes::from).map_err(|error| format!("the changed body's base64: {error}"))
            }
            Err(_) if was_value => Ok(value()),
            Err(_) => Err("the changed body is neither a string nor {\"base64\": …}".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(content_type: &str) -> Form {
        let value = ::http::HeaderValue::from_str(content_type).unwrap();
        Form::of(&HeaderMap::from_iter([(CONTENT_TYPE, value)]))
    }

    #[test]
    fn the_content_type_says_the_form() {
        assert_eq!(Form::of(&HeaderMap::new()), Form::Text);
        for (content_type, expected) in [
            ("application/json", Form::Json),
            ("Application/JSON; charset=utf-8", Form::Json),
            ("application/problem+json", Form::Json),
            ("text/json", Form::Json),
            ("text/html", Form::Text),
            ("image/svg+xml", Form::Text),
            ("application/x-www-form-urlencoded", Form::Text),
            ("multipart/form-data; boundary=x", Form::Text),
            ("application/x-ndjson", Form::Text),
            ("application/octet-stream", Form::Binary),
            ("image/png", Form::Binary),
            ("nonsense", Form::Binary),
        ] {
            assert_eq!(form(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn bodies_are_shown_and_encoded_back() {
        for (form, data, shown, written) in [
            (Form::Json, &b"{\"a\":1.0}"[..], Shown::Json, "{\"a\":1.0}"),
            (Form::Json, b"{\"a\":", Shown::Text, "\"{\\\"a\\\":\""),
            (Form::Json, b"\xff", Shown::Base64, "{\"base64\":\"/w==\"}"),
            (Form::Text, b"a\"b", Shown::Text, "\"a\\\"b\""),
            (Form::Text, b"\xff", Shown::Base64, "{\"base64\":\"/w==\"}"),
            (Form::Binary, b"abc", Shown::Base64, "{\"base64\":\"YWJj\"}"),
            (Form::Json, b"\"s\"", Shown::Json, "\"s\""),
        ] {
            let mut out = Vec::new();
            assert_eq!(Shown::of(form, data), shown);
            shown.write(data, &mut out);
            assert_eq!(std::str::from_utf8(&out).unwrap(), written);
            assert_eq!(shown.encode(form, written).unwrap(), data);
        }
        assert_eq!(Shown::of(Form::Json, b""), Shown::Absent);
        assert_eq!(Shown::Json.encode(Form::Text, "\"now text\"").unwrap(), "now text");
        assert!(Shown::Text.encode(Form::Text, "{\"a\":1}").is_err());
        assert!(Shown::Base64.encode(Form::Binary, "{\"base64\":\"?\"}").is_err());
    }
}
