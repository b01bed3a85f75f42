//! Values as the protocol writes them.

use serde_json::value::RawValue;

/// JSON text as it is, or `None` if it is none: texts of guests have been checked before, but not here.
pub(super) fn raw(text: &str) -> Option<Box<RawValue>> {
    serde_json::from_str(text).ok()
}
