//! Walks JSON text and yields its strings (values and keys) with their pointers, without building a tree.
//!
//! Content policies need the unescaped text: `"\u0041"` is yielded as `A`. A string without escapes is borrowed, and a
//! pointer is only built on request, so a walk without findings allocates almost nothing.
//!
//! Invariants: keys and values come in text order; the pointer of a key is that of its member; spans lie within the
//! JSON text and on character boundaries.
//!
//! Deliberately not here: validation. The host passes valid JSON without duplicate keys and with bounded depth; other
//! text gives [`Malformed`] or fewer items, but never a panic.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::pointer;

mod scan;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string that is a value.
    Value,
    /// The key of an object's member.
    Key,
    /// A number; only yielded by [`Walk::with_numbers`].
    Number,
}

/// A walk over JSON text; call [`Walk::advance`] until it returns `None`.
#[derive(Debug)]
pub struct Walk<'json> {
    json: &'json str,
    position: usize,
    frames: Vec<Frame>,
    /// Whether the next string of an object is a key.
    key_next: bool,
    numbers: bool,
}

/// One string (or number) of the JSON text and its location.
#[derive(Debug)]
pub struct Item<'json, 'walk> {
    json: &'json str,
    frames: &'walk [Frame],
    kind: Kind,
    token: Token,
}

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The byte offset of the error.
    pub offset: usize,
}

/// The bytes of a string between its quotes.
#[derive(Debug, Clone, Copy)]
struct Token {
    start: usize,
    end: usize,
    escaped: bool,
}

/// An open container, and the current member.
#[derive(Debug, Clone, Copy)]
enum Frame {
    Object(Token),
    Array(usize),
}

impl<'json> Walk<'json> {
    /// A walk over the strings, values and keys.
    #[must_use]
    pub fn new(json: &'json str) -> Self {
        Self { json, position: 0, frames: Vec::new(), key_next: false, numbers: false }
    }

    /// A walk that also yields numbers.
    #[must_use]
    pub fn with_numbers(json: &'json str) -> Self {
        Self { numbers: true, ..Self::new(json) }
    }

    /// The text that is walked over.
    #[must_use]
    pub fn json(&self) -> &'json str {
        self.json
    }

    /// The next item, or `None` at the end.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn advance(&mut self) -> Result<Option<Item<'json, '_>>, Malformed> {
        let bytes = self.json.as_bytes();
        while let Some(&byte) = bytes.get(self.position) {
            let start = self.position;
            self.position += 1;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b':' => self.key_next = false,
                b'"' => {
                    let (end, escaped) = scan::string_end(bytes, start + 1).ok_or(Malformed { offset: start })?;
                    self.position = end + 1;
                    return Ok(Some(self.string(Token { start: start + 1, end, escaped })));
                }
                b',' => match self.frames.last_mut() {
                    Some(Frame::Array(index)) => *index += 1,
                    Some(Frame::Object(_)) => self.key_next = true,
                    None => return Err(Malformed { offset: start }),
                },
                b'{' => {
                    self.frames.push(Frame::Object(Token { start, end: start, escaped: false }));
                    self.key_next = true;
                }
                b'[' => {
                    self.frames.push(Frame::Array(0));
                    self.key_next = false;
                }
                b'}' | b']' => {
                    match (self.frames.pop(), byte) {
                        (Some(Frame::Object(_)), b'}') | (Some(Frame::Array(_)), b']') => {}
                        _ => return Err(Malformed { offset: start }),
                    }
                    self.key_next = false;
                }
                b'-' | b'0'..=b'9' => {
                    self.position = scan::number_end(bytes, self.position);
                    if self.numbers {
                        let token = Token { start, end: self.position, escaped: false };
                        return Ok(Some(self.item(Kind::Number, token)));
                    }
                }
                b'a'..=b'z' => {}
                _ => return Err(Malformed { offset: start }),
            }
        }
        if self.frames.is_empty() { Ok(None) } else { Err(Malformed { offset: self.position }) }
    }

    fn string(&mut self, token: Token) -> Item<'json, '_> {
        let kind = match self.frames.last_mut() {
            Some(Frame::Object(key)) if self.key_next => {
                *key = token;
                Kind::Key
            }
            _ => Kind::Value,
        };
        self.item(kind, token)
    }

    fn item(&self, kind: Kind, token: Token) -> Item<'json, '_> {
        Item { json: self.json, frames: &self.frames, kind, token }
    }
}

impl<'json> Item<'json, '_> {
    /// What this item is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The unescaped text; for a number, its digits as written.
    #[must_use]
    pub fn text(&self) -> Cow<'json, str> {
        unescaped(self.json, self.token)
    }

    /// Where the text is in the JSON: the bytes between the quotes, or the number.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.token.start..self.token.end
    }

    /// How many containers the item is in: 0 for the whole document, 1 for top-level keys.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The key of the member whose value this is; `None` in an array, at the top and for a key.
    #[must_use]
    pub fn key(&self) -> Option<Cow<'json, str>> {
        match self.frames.last() {
            Some(Frame::Object(key)) if self.kind != Kind::Key => Some(unescaped(self.json, *key)),
            _ => None,
        }
    }

    /// The RFC 6901 pointer of the value, or of the member whose key this is.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.pointer_until(|_| false)
    }

    /// The pointer up to the first key for which `stop` is true; that key and everything after it are left out. For
    /// findings that must not repeat a key's text.
    #[must_use]
    pub fn pointer_until(&self, stop: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        for frame in self.frames {
            match *frame {
                Frame::Array(index) => pointer::push_index(&mut text, index),
                Frame::Object(key) => {
                    let key = unescaped(self.json, key);
                    if stop(&key) {
                        break;
                    }
                    pointer::push_key(&mut text, &key);
                }
            }
        }
        text
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the payload is not JSON: unexpected byte or end at offset {}", self.offset)
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for String {
    fn from(malformed: Malformed) -> Self {
        malformed.to_string()
    }
}

fn unescaped(json: &str, token: Token) -> Cow<'_, str> {
    let raw = &json[token.start..token.end];
    if token.escaped { Cow::Owned(scan::unescape(raw)) } else { Cow::Borrowed(raw) }
}

#[cfg(test)]
mod tests;
