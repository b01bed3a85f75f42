//! Page limits, in entries and in bytes: a thousand rows with long bodies could be half a gigabyte.

use weir_record::Row;
use weir_record::chain::Head;
use weir_record::trust::Endpoint;

use crate::port::{AuditEvent, Counts, Cursor};

/// Bytes after which a page ends. A page has at least one entry.
const PAGE_BYTES: usize = 16 << 20;

/// A table entry, with its size.
pub(crate) trait Entry: Send + 'static {
    /// Its approximate size in bytes; 0 if it is small and bounded.
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

/// Collects entries until a page is full.
pub(crate) struct Page<T> {
    entries: Vec<T>,
    bytes: usize,
}

impl<T: Entry> Page<T> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), bytes: 0 }
    }

    /// Adds an entry; false if no more are wanted. The last entry is then one too many, which shows that there are
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

/// Cuts a list that was read with one extra entry; returns the cursor of the next page.
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
