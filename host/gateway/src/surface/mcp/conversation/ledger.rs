//! Open questions of one side, bounded by count and bytes.
//!
//! Invariants: an id used by two requests matches neither, so an answer is never judged against the wrong question;
//! when space is short, params are dropped before questions, and answered questions before open ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use weir_mcp::Id;

use super::question::PendingQuestion;

/// Most questions of one side of a conversation. No client waits for more answers at once; the rest are answers that a
/// resumed stream could repeat.
const MAX_QUESTIONS: usize = 1024;
/// Most bytes for one side of a conversation. Nearly all are params, for policies that compare an answer with its
/// question soon after.
const MAX_BYTES: usize = 8 << 20;
/// Most bytes for all conversations together.
const MAX_BYTES_OF_ALL: usize = 256 << 20;

/// The questions of one side.
pub(super) struct Ledger {
    entries: HashMap<Id, Entry>,
    /// The oldest first.
    order: BTreeMap<u64, Id>,
    next: u64,
    bytes: usize,
    bytes_of_all: Arc<AtomicUsize>,
}

struct Entry {
    serial: u64,
    is_answered: bool,
    /// `None` if two requests used the id.
    pending: Option<PendingQuestion>,
    weight: usize,
}

/// What is known of an id.
pub(super) enum Found {
    /// This question.
    Known(PendingQuestion),
    /// Unknown or ambiguous.
    Unknown,
}

/// Whether an answer may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    /// No; the question is forgotten.
    Never,
    /// Yes, a resumed stream may repeat it.
    Possible,
}

impl Ledger {
    pub(super) fn new(bytes_of_all: Arc<AtomicUsize>) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), next: 0, bytes: 0, bytes_of_all }
    }

    /// Adds a question.
    pub(super) fn add(&mut self, pending: PendingQuestion) {
        let key = pending.question.key.clone();
        let pending = match self.remove(&key) {
            None => Some(pending),
            // The same message again: a retry, or a resumed stream.
            Some(Entry { pending: Some(earlier), .. }) if earlier.question.mark == pending.question.mark => {
                Some(pending)
            }
            Some(_) => None,
        };
        // Without space it is unknown afterwards.
        let Some((pending, weight)) = self.with_room(pending) else { return };
        let serial = self.next;
        self.next += 1;
        self.bytes += weight;
        self.order.insert(serial, key.clone());
        self.entries.insert(key, Entry { serial, is_answered: false, pending, weight });
        self.bound();
    }

    /// What is known of an id.
    pub(super) fn find(&self, key: &Id) -> Found {
        match self.entries.get(key) {
            Some(Entry { pending: Some(pending), .. }) => Found::Known(pending.clone()),
            _ => Found::Unknown,
        }
    }

    /// Records that a question was answered.
    pub(super) fn note_answer(&mut self, key: &Id, mark: Option<u64>, replay: Replay) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        let same = entry.pending.as_ref().is_none_or(|pending| mark.is_none_or(|mark| pending.question.mark == mark));
        match replay {
            Replay::Possible => entry.is_answered |= same,
            // An ambiguous id stays until it is evicted, since both answers may still arrive.
            Replay::Never if same && entry.pending.is_some() => self.forget(key),
            Replay::Never => {}
        }
    }

    /// Forgets a question.
    pub(super) fn forget(&mut self, key: &Id) {
        drop(self.remove(key));
    }

    fn remove(&mut self, key: &Id) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.serial);
        self.release(entry.weight);
        Some(entry)
    }

    fn release(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.bytes_of_all.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The question and its size, without params if they do not fit; `None` if the question does not fit either.
    fn with_room(&self, pending: Option<PendingQuestion>) -> Option<(Option<PendingQuestion>, usize)> {
        let Some(mut pending) = pending else { return Some((None, 0)) };
        let whole = pending.weight();
        if whole <= MAX_BYTES && self.take(whole) {
            return Some((Some(pending), whole));
        }
        pending.params = None;
        let rest = pending.weight();
        (rest <= MAX_BYTES && self.take(rest)).then_some((Some(pending), rest))
    }

    /// Reserves bytes from the limit of all conversations, if available.
    fn take(&self, bytes: usize) -> bool {
        let taken = self.bytes_of_all.fetch_add(bytes, Ordering::Relaxed) + bytes <= MAX_BYTES_OF_ALL;
        if !taken {
            self.bytes_of_all.fetch_sub(bytes, Ordering::Relaxed);
        }
        taken
    }

    fn bound(&mut self) {
        while self.bytes > MAX_BYTES && self.drop_oldest_params() {}
        while self.bytes > MAX_BYTES || self.entries.len() > MAX_QUESTIONS {
            let is_answered = |key: &&Id| self.entries.get(key).is_some_and(|entry| entry.is_answered);
            let oldest = self.order.values().find(is_answered).or_else(|| self.order.values().next()).cloned();
            let Some(oldest) = oldest else { return };
            self.forget(&oldest);
        }
    }

    fn drop_oldest_params(&mut self) -> bool {
        let entries = &mut self.entries;
        let dropped = self.order.values().find_map(|key| {
            let entry = entries.get_mut(key)?;
            let length = entry.pending.as_mut()?.params.take()?.text().len();
            entry.weight -= length;
            Some(length)
        });
        dropped.map(|bytes| self.release(bytes)).is_some()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.bytes_of_all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
