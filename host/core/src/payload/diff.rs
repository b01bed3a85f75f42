//! What a mutation changed, edit by edit, for the record of an audit run.
//!
//! A difference holds only new values, never old ones: the record of a redaction must not contain the secret.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};

use super::{Payload, escape};
use crate::Edit;

/// Maximum number of edits listed. Records are written per call and must stay small.
const MAX_PLACES: usize = 100;

/// The edits that turn one payload into the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// In document order; removals in an array from its end.
    pub edits: Vec<Edit>,
    /// Whether there were more edits than are listed.
    pub truncated: bool,
}

/// The difference from `before` to `after`.
pub fn difference(before: &Payload, after: &Payload) -> Difference {
    let mut found = Difference::default();
    compare(before.value(), after.value(), &mut String::new(), &mut found);
    found
}

/// Whether both hold the same JSON, in any member order.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    if let (Some(a), Some(b)) = (a.as_object(), b.as_object()) {
        return a.len() == b.len()
            && a.iter().all(|(name, value)| b.get(&name).is_some_and(|other| same(value, other)));
    }
    if let (Some(a), Some(b)) = (a.as_array(), b.as_array()) {
        return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b));
    }
    if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
        return a == b;
    }
    a.get_type() == b.get_type() && !a.is_object() && !a.is_array() && render(a) == render(b)
}

fn compare(before: &Value, after: &Value, path: &mut String, found: &mut Difference) {
    let length = path.len();
    if let (Some(old), Some(new)) = (before.as_object(), after.as_object()) {
        for (name, _) in old.iter().filter(|(name, _)| !new.contains_key(name)) {
            descend(path, name);
            found.push(path, None);
            path.truncate(length);
        }
        for (name, value) in new.iter() {
            descend(path, name);
            match old.get(&name) {
                Some(before) => compare(before, value, path, found),
                None => found.push(path, Some(value)),
            }
            path.truncate(length);
        }
    } else if let (Some(old), Some(new)) = (before.as_array(), after.as_array()) {
        for (index, value) in new.iter().enumerate() {
            match old.get(index) {
                Some(before) => {
                    descend(path, &index.to_string());
                    compare(before, value, path, found);
                }
                None => {
                    descend(path, "-");
                    found.push(path, Some(value));
                }
            }
            path.truncate(length);
        }
        for index in (new.len()..old.len()).rev() {
            descend(path, &index.to_string());
            found.push(path, None);
            path.truncate(length);
        }
    } else if !same(before, after) {
        found.push(path, Some(after));
    }
}

fn descend(path: &mut String, token: &str) {
    path.push('/');
    path.push_str(&escape(token));
}

fn render(value: &Value) -> String {
    sonic_rs::to_string(value).unwrap_or_default()
}

impl Difference {
    fn push(&mut self, path: &str, value: Option<&Value>) {
        if self.edits.len() == MAX_PLACES {
            self.truncated = true;
            return;
        }
        self.edits.push(Edit { pointer: path.to_owned(), value: value.map(render) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_applied_gives_the_other() {
        for (before, after) in [
            (r#"{"a":1,"b":[1,2,3],"c/d":"x"}"#, r#"{"b":[1,9],"c/d":"y","e":{"f":null}}"#),
            (r#"[1]"#, r#"[1,2,3]"#),
            (r#"{"a":[]}"#, r#"{"a":{}}"#),
            (r#"1"#, r#""1""#),
            (r#"{"a":1.0}"#, r#"{"a":1}"#),
        ] {
            let (before, after) = (Payload::parse(before).unwrap(), Payload::parse(after).unwrap());
            let found = difference(&before, &after);
            let applied = before.edited(&found.edits).unwrap();
            assert!(applied.same_json(&after), "{} {:?}", after.text(), found);
            assert!(!found.edits.is_empty() && !before.same_json(&after));
        }
        let a = Payload::parse(r#"{"x":1,"y":[{"z":null}]}"#).unwrap();
        let b = Payload::parse(r#"{ "y": [{"z":null}], "x": 1 }"#).unwrap();
        assert!(a.same_json(&b) && difference(&a, &b).edits.is_empty());
    }

    #[test]
    fn a_long_difference_is_cut_and_says_so() {
        let after: Vec<String> = (0..200).map(|n| format!("\"k{n}\":{n}")).collect();
        let found =
            difference(&Payload::parse("{}").unwrap(), &Payload::parse(format!("{{{}}}", after.join(","))).unwrap());
        assert!(found.truncated && found.edits.len() == MAX_PLACES);
    }
}
