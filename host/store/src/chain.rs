//! The chain of hashes over all rows, and the check of it.
//!
//! What [`verify`] proves: no row was altered, taken out of the middle, put in, or moved, and none is missing at the
//! end, unless whoever did it computed every later hash anew and changed the head mark, too. Whoever can write the
//! store can do that: the chain has no secret. Against them helps a mark that is kept elsewhere, such as the log, in
//! which every start and every end of the process writes it: an [`Anchor`] must then be found in the chain.

use sha2::{Digest, Sha256};
use weir_core::record::{FIRST_PREVIOUS_HASH, Row};

use crate::port::{Head, RecordStore, StoreError};

/// Rows that are read at a time.
const PAGE: usize = 500;

/// A place of the chain that is known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The row.
    pub id: i64,
    /// Its hash as it was then.
    pub hash: String,
}

/// What the check found. The first thing that is wrong ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as it was written.
    Whole {
        /// The end of the chain.
        head: Head,
    },
    /// Something is not.
    Broken(Break),
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// The row's hash is not that of its columns.
    #[error("record {id} (call ref {call_ref}) was altered: its columns do not have the hash that it was written with")]
    Altered {
        /// The row.
        id: i64,
        /// Its reference as it stands there.
        call_ref: String,
    },
    /// The row's response does not have the hash beside it.
    #[error("record {id} (call ref {call_ref}) was altered: response_hash is not the hash of raw_response")]
    Response {
        /// The row.
        id: i64,
        /// Its reference.
        call_ref: String,
    },
    /// The row is chained to another one than that before it.
    #[error(
        "record {id} (call ref {call_ref}) does not follow the record before it: records were exchanged, moved or replaced at or before it"
    )]
    Link {
        /// The row.
        id: i64,
        /// Its reference.
        call_ref: String,
    },
    /// Rows are missing before a later one.
    #[error("records {from} to {to} are missing")]
    Missing {
        /// The first that is missing.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The end is missing.
    #[error("records {from} to {to} are missing at the end: the store remembers {to} records")]
    Truncated {
        /// The first that is missing.
        from: i64,
        /// The last.
        to: i64,
    },
    /// There are rows behind the remembered end, or the last is another one.
    #[error(
        "the last record is {found}, and the store remembers another end ({remembered}): records were added or replaced by somebody else than Weir"
    )]
    End {
        /// What stands there.
        found: i64,
        /// What is remembered.
        remembered: i64,
    },
    /// The mark of the end is gone.
    #[error("the store has records and no longer remembers where they end: its head mark was removed")]
    NoHead,
    /// The anchor's row is another one.
    #[error(
        "record {id} does not have the hash of the anchor: the chain was written anew, or the anchor belongs to another store"
    )]
    Anchor {
        /// The anchor's row.
        id: i64,
    },
}

/// SHA-256 of a text, in hex.
pub fn sha256(text: &str) -> String {
    sha256_of(text.as_bytes())
}

/// SHA-256 of bytes, in hex.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The head of a chain without rows.
pub fn empty_head() -> Head {
    Head { id: 0, hash: FIRST_PREVIOUS_HASH.to_owned() }
}

/// Goes through all rows. Rows that are appended meanwhile are checked up to the end that was remembered at the
/// beginning. `progress` is told the place that was reached.
pub async fn verify(
    store: &dyn RecordStore,
    anchor: Option<&Anchor>,
    mut progress: impl FnMut(i64),
) -> Result<Verdict, StoreError> {
    let remembered = store.head().await?;
    let mut walk = Walk { last: empty_head(), anchored: anchor.is_none_or(|anchor| anchor.id == 0) };
    let end = remembered.as_ref().map_or(i64::MAX, |head| head.id);
    loop {
        let rows = store.behind(walk.last.id, PAGE).await?;
        let Some(newest) = rows.last().map(|row| row.id) else { break };
        for row in &rows {
            if walk.last.id >= end {
                break;
            }
            if let Err(found) = walk.step(row, anchor) {
                return Ok(Verdict::Broken(found));
            }
        }
        progress(walk.last.id);
        if newest >= end || walk.last.id >= end {
            break;
        }
    }
    Ok(match finish(store, walk, remembered, anchor).await? {
        Ok(head) => Verdict::Whole { head },
        Err(found) => Verdict::Broken(found),
    })
}

struct Walk {
    last: Head,
    anchored: bool,
}

impl Walk {
    fn step(&mut self, row: &Row, anchor: Option<&Anchor>) -> Result<(), Break> {
        let (id, call_ref) = (row.id, row.call_ref.clone());
        if id > self.last.id + 1 {
            return Err(Break::Missing { from: self.last.id + 1, to: id - 1 });
        }
        if sha256(&row.chained_text()) != row.hash {
            return Err(Break::Altered { id, call_ref });
        }
        if row.previous_hash != self.last.hash {
            return Err(Break::Link { id, call_ref });
        }
        let response = serde_json::from_str(&row.raw_response).map(|value| weir_core::canonical::canonical(&value));
        if !response.is_ok_and(|text| sha256(&text) == row.response_hash) {
            return Err(Break::Response { id, call_ref });
        }
        if let Some(anchor) = anchor.filter(|anchor| anchor.id == id) {
            if anchor.hash != row.hash {
                return Err(Break::Anchor { id });
            }
            self.anchored = true;
        }
        self.last = Head { id, hash: row.hash.clone() };
        Ok(())
    }
}

async fn finish(
    store: &dyn RecordStore,
    walk: Walk,
    remembered: Option<Head>,
    anchor: Option<&Anchor>,
) -> Result<Result<Head, Break>, StoreError> {
    let Walk { last, anchored } = walk;
    let Some(remembered) = remembered else { return Ok(Err(Break::NoHead)) };
    if last.id < remembered.id {
        return Ok(Err(Break::Truncated { from: last.id + 1, to: remembered.id }));
    }
    if last.hash != remembered.hash {
        return Ok(Err(Break::End { found: last.id, remembered: remembered.id }));
    }
    // Weir moves the mark with the rows, so whatever stands behind the present mark is of another hand.
    let now = store.head().await?.unwrap_or_else(empty_head);
    if let Some(row) = store.behind(now.id, 1).await?.first() {
        let again = store.head().await?.unwrap_or_else(empty_head);
        if row.id > again.id {
            return Ok(Err(Break::End { found: row.id, remembered: again.id }));
        }
    }
    match anchor {
        Some(anchor) if !anchored => Ok(Err(Break::Truncated { from: last.id + 1, to: anchor.id })),
        _ => Ok(Ok(last)),
    }
}
