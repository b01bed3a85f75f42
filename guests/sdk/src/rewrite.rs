//! Rewrites strings in JSON text and returns the result as a [`Change`].
//!
//! Changed values become edits, and the host keeps everything else. If a key changes, the whole text is replaced
//! instead: an edit could only remove the member and append it elsewhere, which would also shift later pointers. In the
//! replaced text, members keep their position and everything else keeps its exact bytes.
//!
//! Invariant: a rewrite never produces duplicate keys in an object; a repeated key gets a number.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::walk::{Item, Kind, Malformed, Walk};
use crate::{Change, json, outcome};

/// A string to be replaced.
struct Rewritten {
    kind: Kind,
    span: Range<usize>,
    pointer: String,
    text: String,
}

/// Calls `rewrite` for every item of a walk and collects the results: the new text, or `None` to keep the item. A
/// rewritten number becomes a string.
///
/// # Errors
/// The text is not JSON.
pub fn rewrite<'json>(
    mut walk: Walk<'json>,
    mut rewrite: impl FnMut(&Item<'json, '_>) -> Option<String>,
) -> Result<Change, Malformed> {
    let json = walk.json();
    let mut rewritten = Vec::new();
    while let Some(item) = walk.advance()? {
        if let Some(text) = rewrite(&item) {
            rewritten.push(Rewritten { kind: item.kind(), span: item.span(), pointer: item.pointer(), text });
        }
    }
    Ok(if rewritten.is_empty() {
        Change::Unmodified
    } else if rewritten.iter().any(|one| one.kind == Kind::Key) {
        Change::Replace(replaced(json, rewritten)?)
    } else {
        Change::Edits(rewritten.into_iter().map(|one| outcome::set_text(one.pointer, &one.text)).collect())
    })
}

fn replaced(json: &str, rewritten: Vec<Rewritten>) -> Result<String, Malformed> {
    let mut keys = Keys::of(json)?;
    let mut output = String::with_capacity(json.len());
    let mut written = 0;
    for one in rewritten {
        let text = if one.kind == Kind::Key { keys.unused(one.text) } else { one.text };
        // A string's span excludes its quotes; a number has none.
        let quote = usize::from(one.kind != Kind::Number);
        output.push_str(&json[written..one.span.start - quote]);
        json::push_quoted(&mut output, &text);
        written = one.span.end + quote;
    }
    output.push_str(&json[written..]);
    Ok(output)
}

/// The keys of a text, and how often each new one was requested.
struct Keys<'json> {
    present: BTreeSet<Cow<'json, str>>,
    asked: BTreeMap<String, u32>,
}

impl<'json> Keys<'json> {
    fn of(json: &'json str) -> Result<Self, Malformed> {
        let mut present = BTreeSet::new();
        let mut walk = Walk::new(json);
        while let Some(item) = walk.advance()? {
            if item.kind() == Kind::Key {
                present.insert(item.text());
            }
        }
        Ok(Self { present, asked: BTreeMap::new() })
    }

    /// The key itself, or with the next number that makes it unique in the text.
    fn unused(&mut self, key: String) -> String {
        let asked = self.asked.entry(key.clone()).or_default();
        let mut candidate = key.clone();
        while !self.present.insert(Cow::Owned(candidate.clone())) {
            *asked += 1;
            candidate = format!("{key}#{asked}");
        }
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shout(json: &str) -> Change {
        let hide = |item: &Item<'_, '_>| item.text().contains("x").then(|| item.text().replace('x', "X"));
        rewrite(Walk::with_numbers(json), hide).unwrap()
    }

    fn text(change: Change) -> String {
        match change {
            Change::Replace(json) => json,
            other => panic!("a replacement instead of {other:?}"),
        }
    }

    #[test]
    fn values_become_edits() {
        let Change::Edits(edits) = shout(r#"{"a":["x",1,"\u0078\"y"],"b/c":"ax"}"#) else { panic!("edits") };
        let edits: Vec<_> = edits.into_iter().map(|edit| (edit.pointer, edit.value.unwrap())).collect();
        let expected = [("/a/0", r#""X""#), ("/a/2", r#""X\"y""#), ("/b~1c", r#""aX""#)];
        assert_eq!(edits, expected.map(|(pointer, value)| (pointer.to_owned(), value.to_owned())));
    }

    #[test]
    fn nothing_to_do_is_unmodified() {
        assert!(matches!(shout(r#"{"a":[1,"y"]}"#), Change::Unmodified));
    }

    #[test]
    fn keys_are_replaced_in_place() {
        assert_eq!(
            text(shout(r#"{ "x" : 1.50 , "b":{"\u0078y":"x"}, "c":[ ]}"#)),
            r#"{ "X" : 1.50 , "b":{"Xy":"X"}, "c":[ ]}"#
        );
    }

    #[test]
    fn keys_stay_apart() {
        let hide = |item: &Item<'_, '_>| (item.kind() == Kind::Key && item.text() != "K").then(|| "K".to_owned());
        let change = rewrite(Walk::new(r#"{"a":1,"b":2,"K":3,"c":4}"#), hide).unwrap();
        assert_eq!(text(change), r##"{"K#1":1,"K#2":2,"K":3,"K#3":4}"##);
    }

    #[test]
    fn numbers_become_strings() {
        let hide = |item: &Item<'_, '_>| (item.kind() != Kind::Value).then(|| "n".to_owned());
        let change = rewrite(Walk::with_numbers(r#"{"a":-12.5,"b":"c"}"#), hide).unwrap();
        assert_eq!(text(change), r##"{"n":"n","n#1":"c"}"##);
    }
}
