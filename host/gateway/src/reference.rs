//! The call reference: identifies a call in logs, replies and records.

use http::HeaderValue;
use uuid::Uuid;

/// Identifies an exchange in logs, replies and records: a version 7 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRef {
    text: [u8; 36],
}

impl Default for CallRef {
    fn default() -> Self {
        Self::new()
    }
}

impl CallRef {
    /// A new reference. References increase with time.
    pub fn new() -> Self {
        let mut text = [0; 36];
        Uuid::now_v7().hyphenated().encode_lower(&mut text);
        Self { text }
    }

    /// As a text.
    pub fn as_str(&self) -> &str {
        // Hex digits and dashes only.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// As the value of a header.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}
