//! What a search finds.

use std::ops::Range;

use crate::format::Format;

/// A secret, or what looks like one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which shape it has.
    pub format: Format,
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
}
