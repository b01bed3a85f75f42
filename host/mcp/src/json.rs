//! Scanning JSON text without building it: whether it is a value, which members an object has, and where.
//!
//! Nothing here recurses, so depth is not limited; payloads for policies are limited when they are parsed.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why a text is not an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Not JSON.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
}

/// One member of an object.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, unescaped.
    pub name: String,
    /// The range of its value in the text.
    pub value: Range<usize>,
}

/// The members of the object in a text; only white space may surround it.
pub fn members(text: &str) -> Result<Vec<Member>, Unreadable> {
    let mut reader = serde_json::Deserializer::from_str(text);
    match reader.deserialize_map(Members { text }).and_then(|members| reader.end().map(|()| members)) {
        Ok(members) => Ok(members),
        Err(_) if !text.trim_ascii_start().starts_with('{') && is_value(text) => Err(Unreadable::NotAnObject),
        Err(_) => Err(Unreadable::Syntax),
    }
}

/// The value of a member; `None` if it is missing or duplicate, or the text is not an object.
pub fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let members = members(text).ok()?;
    let mut named = members.into_iter().filter(|member| member.name == name);
    match (named.next(), named.next()) {
        (Some(only), None) => text.get(only.value),
        _ => None,
    }
}

/// The range of a member's value in the object at `within`; `None` if it is missing or duplicate, or not in an object.
pub(crate) fn only(text: &str, within: &Range<usize>, name: &str) -> Option<Range<usize>> {
    let members = members(text.get(within.clone())?).ok()?;
    let mut found = members.into_iter().filter(|member| member.name == name);
    let first = found.next().map(|member| within.start + member.value.start..within.start + member.value.end);
    first.filter(|_| found.next().is_none())
}

/// Reads a JSON string.
pub fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// Whether a text is one JSON value.
pub fn is_value(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

struct Members<'a> {
    text: &'a str,
}

impl<'de> Visitor<'de> for Members<'de> {
    type Value = Vec<Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Member>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            // The value is a slice of the text, so its range follows from the addresses.
            let start = value.get().as_ptr() as usize - self.text.as_ptr() as usize;
            members.push(Member { name, value: start..start + value.get().len() });
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_where_they_stand() {
        let text = " {\"a\" : 1 , \"b\\u0063\":{\"x\":[\"}\"]}, \"d\":null } \n";
        let found = members(text).unwrap();
        let found: Vec<(&str, &str)> =
            found.iter().map(|member| (member.name.as_ref(), &text[member.value.clone()])).collect();
        assert_eq!(found, [("a", "1"), ("bc", "{\"x\":[\"}\"]}"), ("d", "null")]);
        assert_eq!(members("{}").unwrap().len(), 0);
        assert_eq!(members(" { } ").unwrap().len(), 0);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(members(&deep).unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "{\"a\":1}}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\"}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
            "{\"a\":01}",
            "nul",
            "{\"a\":NaN}",
            "{\"a\":\"\u{1}\"}",
            &"[".repeat(1_000_000),
        ] {
            assert_eq!(members(text), Err(Unreadable::Syntax), "{text:.40?}");
        }
        for text in ["[]", "1", "\"x\"", "null", "[{}]"] {
            assert_eq!(members(text), Err(Unreadable::NotAnObject), "{text:?}");
        }
    }

    #[test]
    fn one_value_and_nothing_else() {
        for text in ["1", " {\"a\":[1,2]} ", "\"x\"", "null", "-1.5e3"] {
            assert!(is_value(text), "{text}");
        }
        for text in ["", "1 2", "1,\"x\":2", "1}", "{\"a\":1},\"b\":{}", "01", "\"a", "[1,]", "truex"] {
            assert!(!is_value(text), "{text}");
        }
    }
}
