//! Values as the protocol writes them.

use serde_json::value::RawValue;

/// The JSON text unchanged; `None` if it is not JSON. Guests' texts were checked earlier, but not here.
pub(super) fn raw(text: &str) -> Option<Box<RawValue>> {
    serde_json::from_str(text).ok()
}
