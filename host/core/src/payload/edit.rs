//! Edits of a payload: set, append or remove at a pointer. Either all apply or none.
//!
//! Everything else keeps its exact text and member order.

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::pointer::{Pointer, PointerError, index};
use super::{Payload, PayloadError};
use crate::Edit;

/// Maximum number of edits in one mutation. For more, a policy replaces the payload.
pub const MAX_EDITS: usize = 10_000;

/// Why edits do not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// More than [`MAX_EDITS`].
    #[error("{0} edits; at most {MAX_EDITS} are allowed (replace the payload instead)")]
    TooMany(usize),
    /// Not a pointer.
    #[error(transparent)]
    Pointer(#[from] PointerError),
    /// The parent is not there, is neither object nor array, or the index is outside of the array.
    #[error("nothing to edit at {0:?}: its parent must exist and an index must lie within the array")]
    NoSuchPlace(String),
    /// The value to remove does not exist.
    #[error("nothing to remove at {0:?}")]
    NothingThere(String),
    /// The new value is not JSON.
    #[error("the value for {pointer:?} is {error}")]
    Value {
        /// Its pointer.
        pointer: String,
        /// What is wrong with it.
        error: PayloadError,
    },
    /// The result is not a payload.
    #[error("after the edits: {0}")]
    Result(PayloadError),
}

/// A document that is taken apart only along the paths of its edits; the rest stays raw text.
enum Node {
    Raw(Box<RawValue>),
    Object(IndexMap<String, Node>),
    Array(Vec<Node>),
}

pub(super) fn apply(payload: &Payload, edits: &[Edit]) -> Result<Payload, EditError> {
    if edits.len() > MAX_EDITS {
        return Err(EditError::TooMany(edits.len()));
    }
    let mut document = Node::read(payload.text()).map_err(EditError::Result)?;
    for edit in edits {
        let value = edit.value.as_deref().map(|text| parse_value(&edit.pointer, text)).transpose()?;
        document.edit(&edit.pointer, value)?;
    }
    let mut text = String::with_capacity(payload.text().len());
    let written = document.write(&mut text).map_err(|error| PayloadError::Syntax(error.to_string()));
    written.and_then(|()| Payload::parse(text)).map_err(EditError::Result)
}

fn parse_value(pointer: &str, text: &str) -> Result<Node, EditError> {
    // Parsed as a payload first, so that a value obeys the same limits as the whole.
    Payload::parse(text)
        .and_then(|payload| Node::read(payload.text()))
        .map_err(|error| EditError::Value { pointer: shorten(pointer), error })
}

impl Node {
    fn read(text: &str) -> Result<Self, PayloadError> {
        serde_json::from_str(text).map(Self::Raw).map_err(|error| PayloadError::Syntax(error.to_string()))
    }

    /// Parses one level of a raw container; leaves anything else unchanged.
    fn open(&mut self) {
        let Self::Raw(raw) = self else { return };
        let text = raw.get();
        let opened = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<IndexMap<String, Box<RawValue>>>(text).ok().map(|members| {
                Self::Object(members.into_iter().map(|(name, value)| (name, Self::Raw(value))).collect())
            }),
            Some(b'[') => serde_json::from_str::<Vec<Box<RawValue>>>(text)
                .ok()
                .map(|items| Self::Array(items.into_iter().map(Self::Raw).collect())),
            _ => None,
        };
        if let Some(opened) = opened {
            *self = opened;
        }
    }

    fn edit(&mut self, pointer: &str, value: Option<Self>) -> Result<(), EditError> {
        let path = Pointer::parse(pointer)?;
        let nowhere = || EditError::NoSuchPlace(shorten(pointer));
        let nothing = || EditError::NothingThere(shorten(pointer));
        let Some((last, parents)) = path.tokens().split_last() else {
            *self = value.ok_or_else(nothing)?;
            return Ok(());
        };
        let mut parent = self;
        for token in parents {
            parent.open();
            let child = match parent {
                Self::Object(members) => members.get_mut(token),
                Self::Array(items) => index(token).and_then(|index| items.get_mut(index)),
                Self::Raw(_) => None,
            };
            parent = child.ok_or_else(nowhere)?;
        }
        parent.open();
        match (parent, value) {
            (Self::Object(members), Some(value)) => {
                members.insert(last.clone(), value);
            }
            (Self::Object(members), None) => {
                members.shift_remove(last).ok_or_else(nothing)?;
            }
            (Self::Array(items), Some(value)) if last == "-" => items.push(value),
            (Self::Array(items), Some(value)) => {
                *index(last).and_then(|index| items.get_mut(index)).ok_or_else(nowhere)? = value;
            }
            (Self::Array(items), None) => {
                let index = index(last).filter(|index| *index < items.len()).ok_or_else(nothing)?;
                items.remove(index);
            }
            (Self::Raw(_), _) => return Err(nowhere()),
        }
        Ok(())
    }

    fn write(&self, text: &mut String) -> serde_json::Result<()> {
        match self {
            Self::Raw(raw) => text.push_str(raw.get()),
            Self::Object(members) => {
                text.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { "," });
                    text.push_str(&serde_json::to_string(name)?);
                    text.push(':');
                    value.write(text)?;
                }
                text.push('}');
            }
            Self::Array(items) => {
                text.push('[');
                for (place, value) in items.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { "," });
                    value.write(text)?;
                }
                text.push(']');
            }
        }
        Ok(())
    }
}

fn shorten(pointer: &str) -> String {
    pointer.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(pointer: &str, value: Option<&str>) -> Edit {
        Edit { pointer: pointer.into(), value: value.map(str::to_owned) }
    }

    #[test]
    fn edits_apply_in_order_and_keep_the_rest() {
        let payload = Payload::parse(r#"{"z":1.00,"a":[1,2,3],"m":{"x":true}}"#).unwrap();
        let edited = payload
            .edited(&[
                edit("/a/-", Some("4")),
                edit("/a/0", None),
                edit("/m/new", Some("{\"k\":1e3}")),
                edit("/z", Some("\"s\"")),
                edit("/m/x", None),
            ])
            .unwrap();
        assert_eq!(edited.text(), r#"{"z":"s","a":[2,3,4],"m":{"new":{"k":1e3}}}"#);
        assert_eq!(payload.edited(&[edit("", Some("[]"))]).unwrap().text(), "[]");
        assert_eq!(payload.edited(&[edit("/m/x", Some("2"))]).unwrap().text(), r#"{"z":1.00,"a":[1,2,3],"m":{"x":2}}"#);
    }

    #[test]
    fn one_edit_that_does_not_apply_fails_all() {
        let payload = Payload::parse(r#"{"a":[1],"b":1}"#).unwrap();
        for (bad, value) in [
            ("/missing/x", Some("1")),
            ("/a/1", Some("1")),
            ("/a/01", Some("1")),
            ("/b/c", Some("1")),
            ("/missing", None),
            ("/a/-", None),
            ("", None),
            ("nonsense", Some("1")),
            ("/b", Some("not json")),
            ("/b", Some(r#"{"x":1,"x":2}"#)),
        ] {
            assert!(payload.edited(&[edit("/b", Some("2")), edit(bad, value)]).is_err(), "{bad} {value:?}");
        }
        let many: Vec<Edit> = (0..=MAX_EDITS).map(|_| edit("/b", Some("2"))).collect();
        assert_eq!(payload.edited(&many).unwrap_err(), EditError::TooMany(MAX_EDITS + 1));
    }
}
