//! The chain of hashes over all rows: how a row is put at its end, and how rows are followed.
//!
//! What a [`Walk`] from the first row to the end proves: no row was altered, taken out of the middle, put in, or moved,
//! and none is missing at the end, unless whoever did it computed every later hash anew and changed the head mark, too.
//! Whoever can write the store can do that: the chain has no secret. Against them helps a mark that is kept elsewhere,
//! such as the log, in which every start and every end of the process writes it: an [`Anchor`] must then be found in
//! the chain.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{FIRST_PREVIOUS_HASH, Json, Record, Row};

/// The end of the chain as a store keeps it beside the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many rows there are, which is also the last one's place.
    pub id: i64,
    /// The last one's hash.
    pub hash: String,
}

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

/// The way along the chain, row by row from the first.
#[derive(Debug)]
pub struct Walk<'a> {
    last: Head,
    anchor: Option<&'a Anchor>,
    anchored: bool,
}

impl Head {
    /// That of a chain without rows.
    pub fn empty() -> Self {
        Self { id: 0, hash: FIRST_PREVIOUS_HASH.to_owned() }
    }

    /// The row of an exchange behind this end.
    pub fn follow(&self, record: Record) -> Row {
        record.into_row(self.id + 1, &self.hash, sha256)
    }
}

impl<'a> Walk<'a> {
    /// Begins before the first row. With an anchor, the way must lead over it.
    pub fn new(anchor: Option<&'a Anchor>) -> Self {
        Self { last: Head::empty(), anchor, anchored: anchor.is_none_or(|anchor| anchor.id == 0) }
    }

    /// Where it has come to.
    pub fn last(&self) -> &Head {
        &self.last
    }

    /// Goes on to the next row.
    pub fn step(&mut self, row: &Row) -> Result<(), Break> {
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
        let response = serde_json::from_str::<Json>(&row.raw_response).map(|value| value.part().canonical());
        if !response.is_ok_and(|text| sha256(&text) == row.response_hash) {
            return Err(Break::Response { id, call_ref });
        }
        if let Some(anchor) = self.anchor.filter(|anchor| anchor.id == id) {
            if anchor.hash != row.hash {
                return Err(Break::Anchor { id });
            }
            self.anchored = true;
        }
        self.last = Head { id, hash: row.hash.clone() };
        Ok(())
    }

    /// There are no more rows: whether this is the end that the store remembers.
    pub fn ends_at(&self, remembered: Option<&Head>) -> Result<(), Break> {
        let Some(remembered) = remembered else { return Err(Break::NoHead) };
        if self.last.id < remembered.id {
            return Err(Break::Truncated { from: self.last.id + 1, to: remembered.id });
        }
        if self.last.hash != remembered.hash {
            return Err(Break::End { found: self.last.id, remembered: remembered.id });
        }
        Ok(())
    }

    /// The end, if the way led over the anchor.
    pub fn finish(self) -> Result<Head, Break> {
        match self.anchor {
            Some(anchor) if !self.anchored => Err(Break::Truncated { from: self.last.id + 1, to: anchor.id }),
            _ => Ok(self.last),
        }
    }
}

fn sha256(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}
