//! Writing JSON text without a tree.
//!
//! Invariant: the output is valid JSON if the raw JSON passed in is. For reading, use the host's document,
//! [`crate::walk`] or, off the hot path, serde.

use std::fmt::Write as _;

/// A JSON object being built.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Object(String);

/// A string as JSON text, quotes included.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Appends a string as JSON text, quotes included.
pub fn push_quoted(json: &mut String, text: &str) {
    json.push('"');
    let mut written = 0;
    for (position, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        json.push_str(&text[written..position]);
        written = position + 1;
        if short.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(json, "\\u{byte:04x}");
        } else {
            json.push_str(short);
        }
    }
    json.push_str(&text[written..]);
    json.push('"');
}

impl Object {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a string.
    pub fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        push_quoted(&mut self.0, value);
        self
    }

    /// Adds a string if there is one.
    pub fn optional_text(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// Adds a whole number.
    pub fn number(mut self, key: &str, value: i64) -> Self {
        self.key(key);
        self.0.push_str(&value.to_string());
        self
    }

    /// Adds `true` or `false`.
    pub fn boolean(mut self, key: &str, value: bool) -> Self {
        self.key(key);
        self.0.push_str(if value { "true" } else { "false" });
        self
    }

    /// Adds an array of strings.
    pub fn texts<T: AsRef<str>>(mut self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.key(key);
        self.0.push('[');
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            push_quoted(&mut self.0, value.as_ref());
        }
        self.0.push(']');
        self
    }

    /// Adds a value that is already JSON text.
    pub fn raw(mut self, key: &str, json: &str) -> Self {
        self.key(key);
        self.0.push_str(json);
        self
    }

    /// The object as JSON text.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }

    fn key(&mut self, key: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        push_quoted(&mut self.0, key);
        self.0.push(':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_from_a_parser() {
        for text in ["", "plain", "a\"b\\c\n\r\t\u{0}\u{1f}\u{7f}é😀"] {
            assert_eq!(serde_json::from_str::<String>(&quote(text)).unwrap(), text);
        }
    }

    #[test]
    fn objects_are_json() {
        assert_eq!(Object::new().finish(), "{}");
        let object = Object::new().text("a\"", "b").number("n", -3).boolean("t", true);
        let object = object.optional_text("none", None).texts("list", ["x", "y"]).texts("empty", [""; 0]);
        let object = object.raw("raw", "[1]").finish();
        assert_eq!(object, r#"{"a\"":"b","n":-3,"t":true,"list":["x","y"],"empty":[],"raw":[1]}"#);
    }
}
