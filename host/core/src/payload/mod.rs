//! The JSON that policies inspect: parsed once, shared by all, and only ever replaced as a whole.
//!
//! Invariants: the text is valid JSON of bounded depth without duplicate object members (parsers disagree on which
//! duplicate wins, so a policy and a server could see different values); numbers keep their exact text; an unmodified
//! payload keeps its exact bytes.
//!
//! Not here: what the payload means. Core treats it as opaque.

mod diff;
mod edit;
mod pointer;
mod scan;

use sonic_rs::{JsonContainerTrait, JsonType, JsonValueTrait, Value};

pub use diff::{Difference, difference};
pub use edit::EditError;
pub use pointer::{Pointer, PointerError, escape};
use scan::Scan;

/// Maximum nesting depth. Real calls stay below 20, servers behind the gateway often give up at 128, and each level
/// costs stack here.
pub const MAX_DEPTH: usize = 100;

/// Maximum size of a payload, whatever a route's `max_body` is. Sizes are 32-bit in the contract, and a guest's memory
/// could not hold more.
pub const MAX_BYTES: usize = 1 << 30;

/// Why a text is not a valid payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON.
    #[error("not valid JSON: {0}")]
    Syntax(String),
    /// Nested more than [`MAX_DEPTH`].
    #[error("JSON nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// More than [`MAX_BYTES`].
    #[error("JSON of {0} bytes; at most {MAX_BYTES} are allowed")]
    Size(usize),
    /// An object with two members of one name.
    #[error("an object has two members named {0:?}")]
    DuplicateMember(String),
}

/// Immutable parsed JSON with its text.
#[derive(Debug, Clone)]
pub struct Payload {
    text: String,
    value: Value,
}

impl Payload {
    /// Parses a text and keeps it.
    pub fn parse(text: impl Into<String>) -> Result<Self, PayloadError> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            return Err(PayloadError::Size(text.len()));
        }
        let scan = scan::scan(text.as_bytes(), MAX_DEPTH);
        if scan == Scan::TooDeep {
            return Err(PayloadError::Depth);
        }
        let value: Value = sonic_rs::from_str(&text).map_err(|error| PayloadError::Syntax(syntax(&error)))?;
        if scan == Scan::Suspicious {
            check_members(&value)?;
        }
        Ok(Self { text, value })
    }

    /// Parses bytes, which must be UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PayloadError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => Err(PayloadError::Syntax(format!("not UTF-8 from byte {}", error.valid_up_to()))),
        }
    }

    /// The whole as JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value at a pointer as JSON text; `None` if nothing is there or the pointer is malformed.
    pub fn get(&self, pointer: &str) -> Option<String> {
        if pointer.is_empty() {
            return Some(self.text.clone());
        }
        sonic_rs::to_string(self.find(pointer)?).ok()
    }

    /// The string at a pointer, unescaped; `None` if there is none.
    pub fn string(&self, pointer: &str) -> Option<&str> {
        self.find(pointer)?.as_str()
    }

    /// A payload with the edits applied in order, all or none.
    pub fn edited(&self, edits: &[crate::Edit]) -> Result<Self, EditError> {
        edit::apply(self, edits)
    }

    /// Whether both hold the same JSON. Member order and white space do not matter; the text of numbers does.
    pub fn same_json(&self, other: &Self) -> bool {
        self.text == other.text || diff::same(&self.value, &other.value)
    }

    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    fn find(&self, pointer: &str) -> Option<&Value> {
        let mut value = &self.value;
        for token in pointer::tokens(pointer)? {
            value = match value.get_type() {
                JsonType::Object => value.as_object()?.get(&token)?,
                JsonType::Array => value.as_array()?.get(pointer::index(&token)?)?,
                _ => return None,
            };
        }
        Some(value)
    }
}

/// The parser's message without the excerpt of the input, which may contain secrets.
fn syntax(error: &sonic_rs::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or("malformed").chars().take(160).collect()
}

/// Rejects duplicate object members anywhere in the value.
fn check_members(value: &Value) -> Result<(), PayloadError> {
    if let Some(array) = value.as_array() {
        return array.iter().try_for_each(check_members);
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    let mut names: Vec<&str> = object.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(duplicate(pair[0]));
    }
    object.iter().try_for_each(|(_, value)| check_members(value))
}

fn duplicate(name: &str) -> PayloadError {
    PayloadError::DuplicateMember(name.chars().take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_without_changing_numbers() {
        let payload = Payload::parse(r#"{"a":{"b/c":[1.0, 12345678901234567890123, "x\u0041\"y"]},"":1e2}"#).unwrap();
        assert_eq!(payload.get("/a/b~1c/0").unwrap(), "1.0");
        assert_eq!(payload.get("/a/b~1c/1").unwrap(), "12345678901234567890123");
        assert_eq!(payload.string("/a/b~1c/2").unwrap(), "xA\"y");
        assert_eq!(payload.get("/").unwrap(), "1e2");
        assert_eq!(payload.get("").unwrap(), payload.text());
        for missing in ["/a/x", "/a/b~1c/01", "/a/b~1c/-", "/a/b~1c/3", "a", "/~2"] {
            assert_eq!(payload.get(missing), None, "{missing}");
        }
    }

    #[test]
    fn refuses_what_two_readers_may_read_differently() {
        for text in [r#"{"a":1,"a":2}"#, r#"[{"x":{"a":1,"\u0061":2}}]"#] {
            assert_eq!(Payload::parse(text).unwrap_err(), PayloadError::DuplicateMember("a".into()), "{text}");
        }
        let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":0", n % 39)).collect();
        assert!(matches!(Payload::parse(format!("{{{}}}", many.join(","))), Err(PayloadError::DuplicateMember(_))));
        for text in ["", "{", "{\"a\":1}x", "nul", "\"\\ud800\"", "[1,]", "01", "\"\u{1}\""] {
            assert!(matches!(Payload::parse(text), Err(PayloadError::Syntax(_))), "{text:?}");
        }
        assert!(Payload::from_bytes(b"\"\xff\"").is_err());
    }

    #[test]
    fn depth_is_bounded_before_parsing() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Payload::parse(nested(MAX_DEPTH)).is_ok());
        assert_eq!(Payload::parse(nested(MAX_DEPTH + 1)).unwrap_err(), PayloadError::Depth);
        assert_eq!(Payload::parse("[".repeat(1_000_000)).unwrap_err(), PayloadError::Depth);
        assert!(Payload::parse(format!("{:?}", "[".repeat(1000))).is_ok());
    }
}
