//! The bounds of what is read at a time: in entries, and in bytes, since a thousand rows with long bodies would
//! otherwise be half a gigabyte.

use weir_record::Row;
use weir_record::chain::Head;
use weir_record::trust::Endpoint;

use crate::port::{AuditEvent, Counts, Cursor};

/// Bytes of entries after which a page ends. It has one entry at least.
const PAGE_BYTES: usize = 16 << 20;

/// What is read from a table, by its size.
pub(crate) trait Entry: Send + 'static {
    /// About how many bytes it takes; 0 where that is small and bounded.
    fn bytes(&self) -> usize {
        0
    }
}

impl Entry for Row {
    fn bytes(&self) -> usize {
        self.request_payload.len() + self.raw_response.len() + self.decisions.len()
    }
}

impl Entry for Head {}
impl Entry for Counts {}
impl Entry for String {}
impl Entry for AuditEvent {}
impl Entry for (i64, Endpoint) {}

/// Entries as they are read, until a page is full.
pub(crate) struct Page<T> {
    entries: Vec<T>,
    bytes: usize,
}

impl<T: Entry> Page<T> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), bytes: 0 }
    }

    /// Takes an entry; false if no further one is wanted. The last is then one too many, which says that there are
    /// more.
    pub(crate) fn push(&mut self, entry: T) -> bool {
        let was_full = self.bytes > PAGE_BYTES;
        self.bytes += entry.bytes();
        self.entries.push(entry);
        !was_full
    }

    pub(crate) fn into_entries(self) -> Vec<T> {
        self.entries
    }
}

/// Cuts a list that was read with one entry too many; gives the cursor of the next page.
pub(crate) fn cut<T: Entry>(mut entries: Vec<T>, limit: usize, place: impl Fn(&T) -> i64) -> (Vec<T>, Option<Cursor>) {
    let mut bytes = 0;
    let full = entries.iter().position(|entry| {
        bytes += entry.bytes();
        bytes > PAGE_BYTES
    });
    let kept = full.map_or(limit, |last| limit.min(last + 1));
    let more = entries.len() > kept;
    entries.truncate(kept);
    let next = entries.last().filter(|_| more).map(|entry| Cursor(place(entry)));
    (entries, next)
}
