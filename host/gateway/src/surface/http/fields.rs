//! Headers as a payload writes them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Headers in the payload's order.
pub(super) struct Fields(pub(super) Vec<(String, Values)>);

/// What a header comes with.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Values {
    /// It comes once.
    One(String),
    /// It comes several times, or not at all.
    Many(Vec<String>),
}

struct Members;

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings or arrays of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}
