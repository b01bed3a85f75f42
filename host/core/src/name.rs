//! Names of events and interceptors, validated once on input.
//!
//! Invariant: every name value is well formed, so later code need not check it.

use std::fmt;
use std::sync::Arc;

/// Maximum length of a name, in bytes. Names go into metric labels, logs and headers, so they must stay short.
pub const MAX_NAME_BYTES: usize = 128;

/// Why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty.
    #[error("the name is empty; give 1 to {MAX_NAME_BYTES} characters of A-Z a-z 0-9 . _ - /")]
    Empty,
    /// More than [`MAX_NAME_BYTES`].
    #[error("the name has {0} bytes; at most {MAX_NAME_BYTES} are allowed")]
    TooLong(usize),
    /// A character that is not allowed.
    #[error("the name has the character {0:?}; allowed are A-Z a-z 0-9 . _ - /")]
    Character(char),
}

/// The name of an interceptor, unique within a gateway (SEP-2624 allows `/` in it).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterceptorName(Arc<str>);

/// The name of a lifecycle event, `namespace/operation`. The set is open.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName(Arc<str>);

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong(text.len()));
    }
    match text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-/".contains(*c))) {
        Some(character) => Err(NameError::Character(character)),
        None => Ok(()),
    }
}

impl InterceptorName {
    /// Accepts 1 to 128 characters of `A-Z a-z 0-9 . _ - /`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(text).map(|()| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EventName {
    /// Accepts 1 to 128 characters of `A-Z a-z 0-9 . _ - /`, the characters of method names.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(text).map(|()| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterceptorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InterceptorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_plain() {
        assert!(InterceptorName::new("acme/secret-scan_2.0").is_ok());
        assert_eq!(InterceptorName::new("").unwrap_err(), NameError::Empty);
        assert_eq!(InterceptorName::new("a\nb").unwrap_err(), NameError::Character('\n'));
        assert_eq!(InterceptorName::new(&"a".repeat(129)).unwrap_err(), NameError::TooLong(129));
        assert!(EventName::new("tools/call").is_ok());
    }
}
