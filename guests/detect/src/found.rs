//! The result of a search.

use std::ops::Range;

use crate::format::Format;

/// A secret, or a likely one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its format.
    pub format: Format,
    /// Its byte range in the text.
    pub range: Range<usize>,
}
