//! Headers in a payload.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Headers in the payload's order.
pub(super) struct Fields(pub(super) Vec<(String, Values)>);

/// The values of a header.
#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Values {
    /// One value.
    One(String),
    /// Several values, or none.
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
