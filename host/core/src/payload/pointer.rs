//! RFC 6901 JSON pointers.

use std::borrow::Cow;

/// Why a text is not a valid pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an RFC 6901 pointer: it must be empty or start with '/', and '~' must be followed by 0 or 1")]
pub struct PointerError(String);

/// A pointer, split into its unescaped tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    /// Parses a pointer; `""` is the whole document.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let Some(tokens) = tokens(text) else { return Err(PointerError(text.chars().take(128).collect())) };
        Ok(Self { tokens: tokens.map(Cow::into_owned).collect() })
    }

    /// The unescaped tokens, outermost first.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

/// Escapes one token, so that it can follow a `/`.
pub fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) { token.replace('~', "~0").replace('/', "~1").into() } else { token.into() }
}

/// The unescaped tokens of a pointer, or `None` if it is malformed.
pub(super) fn tokens(pointer: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
    let body = match pointer.strip_prefix('/') {
        Some(body) => Some(body),
        None if pointer.is_empty() => None,
        None => return None,
    };
    let escapes_are_good = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    escapes_are_good.then(|| body.into_iter().flat_map(|body| body.split('/')).map(unescape))
}

/// An array index: digits without a leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    if canonical { token.parse().ok() } else { None }
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { token.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_as_rfc_6901_says() {
        let read = |text: &str| Pointer::parse(text).map(|pointer| pointer.tokens.join("|"));
        assert_eq!(read("").unwrap(), "");
        assert_eq!(Pointer::parse("").unwrap().tokens().len(), 0);
        assert_eq!(Pointer::parse("/").unwrap().tokens(), [""]);
        assert_eq!(read("/a~1b/m~0n/~01").unwrap(), "a/b|m~n|~1");
        for bad in ["a", "/~", "/~2", "/a~"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(escape("a/~b"), "a~1~0b");
        assert_eq!(
            (index("0"), index("10"), index("01"), index("-"), index("")),
            (Some(0), Some(10), None, None, None)
        );
    }
}
