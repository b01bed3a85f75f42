//! JSON that may be anything by its nature: the body of a call, what is claimed of it, what a claim says of itself.
//!
//! What is of a fixed shape has a type of its own. Of this, the rules need no more than what stands here: a part of it,
//! its canonical text, whether two are the same value, and taking secrets out. How it is held is known here only.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::canonical::{quote, write_number};

/// Any JSON. Two are equal if they are the same value, in whatever order and with whatever digits it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Value);

/// The whole of some JSON, or a value inside.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub struct Part<'v>(&'v Value);

/// The text of what is of a fixed shape.
pub(crate) fn written(value: &(impl Serialize + ?Sized)) -> String {
    // Its members are named by texts, and there is no end to what a text can take.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

impl Json {
    /// What is of a fixed shape, where it stands for any JSON.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        // As above.
        serde_json::to_value(value).map(Self).unwrap_or_default()
    }

    /// The whole.
    pub const fn part(&self) -> Part<'_> {
        Part(&self.0)
    }

    /// Takes the values of members out whose names are secret, at every depth. An object under such a name is a
    /// description, such as a JSON Schema's `password`.
    pub(crate) fn redact(&mut self, is_secret: impl Fn(&str) -> bool + Copy, mark: &str) {
        redact(&mut self.0, is_secret, mark, false);
    }
}

/// `found` tells whether the value stands under a secret name, also where there are several, as of a header that may
/// come more often.
fn redact(value: &mut Value, is_secret: impl Fn(&str) -> bool + Copy, mark: &str, found: bool) {
    match value {
        Value::Object(members) => {
            members.iter_mut().for_each(|(name, member)| redact(member, is_secret, mark, is_secret(name)));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, is_secret, mark, found)),
        secret if found && (secret.is_string() || secret.is_number()) => *secret = mark.into(),
        _ => {}
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.part() == other.part()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'v> Part<'v> {
    /// The member of an object.
    pub fn member(self, name: &str) -> Option<Self> {
        self.0.as_object()?.get(name).map(Self)
    }

    /// The member of an object, if it is not `null`.
    pub fn present(self, name: &str) -> Option<Self> {
        self.member(name).filter(|member| !member.0.is_null())
    }

    /// The item of a list.
    pub fn item(self, index: usize) -> Option<Self> {
        self.0.as_array()?.get(index).map(Self)
    }

    /// The items of a list.
    pub fn items(self) -> Option<impl ExactSizeIterator<Item = Self>> {
        Some(self.0.as_array()?.iter().map(Self))
    }

    /// The text that it is.
    pub fn text(self) -> Option<&'v str> {
        self.0.as_str()
    }

    /// The number that it is.
    pub(crate) fn number(self) -> Option<&'v Number> {
        self.0.as_number()
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.is_object()
    }

    /// Whether it can be a JSON Schema.
    pub fn is_like_a_schema(self) -> bool {
        self.0.is_object() || self.0.is_boolean()
    }

    /// What it is, with its article, for messages.
    pub const fn kind(self) -> &'static str {
        match self.0 {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The one text for every spelling of the same value, which is what is hashed: members in the order of their
    /// names, no white space, numbers in their shortest decimal form.
    pub fn canonical(self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Depth is bounded by whoever parsed the value.
    fn write(self, out: &mut String) {
        match self.0 {
            Value::Number(number) => write_number(&number.to_string(), out),
            Value::String(text) => quote(text, out),
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    Self(item).write(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| name.as_str());
                out.push('{');
                for (index, (name, member)) in sorted.into_iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    quote(name, out);
                    out.push(':');
                    Self(member).write(out);
                }
                out.push('}');
            }
            word => out.push_str(&word.to_string()),
        }
    }
}

impl From<Part<'_>> for Json {
    fn from(part: Part<'_>) -> Self {
        Self(part.0.clone())
    }
}

impl PartialEq for Part<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
