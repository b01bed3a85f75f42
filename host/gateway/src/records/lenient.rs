//! Members of a message whose form nobody promised: one of another type is as one that is not there.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A member that should be a text, a number or a list.
#[derive(Debug)]
pub(super) struct Lenient<T>(pub(super) Option<T>);

/// A member that should be an object.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(serde_json::from_str(text).ok()))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        // A list would be read as the members in their order.
        Ok(Self(text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()))
    }
}
