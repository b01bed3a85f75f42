//! What is taken of a body while it passes: all of it up to a limit; beyond that its beginning, its length and its hash.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Bytes that are kept of a body that is too long.
const HEAD: usize = 4096;

/// A body that passes or has passed.
#[derive(Debug, Default)]
pub(super) struct Taken {
    limit: usize,
    held: Vec<u8>,
    length: u64,
    /// Present as soon as the body is longer than the limit.
    hash: Option<Sha256>,
}

/// What was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed<'t> {
    /// All of it.
    Whole(&'t [u8]),
    /// Its beginning.
    Head(&'t [u8]),
}

impl Taken {
    /// Keeps at most this many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.length = self.length.saturating_add(data.len() as u64);
        if let Some(hash) = &mut self.hash {
            hash.update(data);
        } else if self.held.len().saturating_add(data.len()) <= self.limit {
            self.held.extend_from_slice(data);
        } else {
            let mut hash = Sha256::new();
            hash.update(&self.held);
            hash.update(data);
            self.hash = Some(hash);
            let missing = HEAD.min(self.limit).saturating_sub(self.held.len());
            self.held.extend_from_slice(&data[..missing.min(data.len())]);
            self.held.truncate(HEAD.min(self.limit));
            self.held.shrink_to_fit();
        }
    }

    /// What there is.
    pub(super) fn passed(&self) -> Passed<'_> {
        match self.hash {
            None => Passed::Whole(&self.held),
            Some(_) => Passed::Head(&self.held),
        }
    }

    /// How many bytes are held.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// How long it was.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The SHA-256 of all of it, in hex.
    pub(super) fn sha256(&self) -> String {
        let hash = match &self.hash {
            Some(hash) => hash.clone().finalize(),
            None => Sha256::digest(&self.held),
        };
        HEXLOWER.encode(&hash)
    }

    /// Its first bytes.
    pub(super) fn head(&self) -> &[u8] {
        &self.held[..self.held.len().min(HEAD)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_whole_up_to_the_limit_and_hashed_beyond() {
        for (limit, pieces) in [(6, vec!["abc", "def"]), (5, vec!["abc", "def"]), (2, vec!["abcdef"]), (0, vec!["a"])] {
            let all = pieces.concat();
            let mut taken = Taken::new(limit);
            pieces.iter().for_each(|piece| taken.push(piece.as_bytes()));
            taken.push(b"");
            let expected = Sha256::digest(all.as_bytes());
            assert_eq!(taken.sha256(), HEXLOWER.encode(&expected));
            assert_eq!(taken.length(), all.len() as u64);
            if all.len() <= limit {
                assert_eq!(taken.passed(), Passed::Whole(all.as_bytes()));
            } else {
                assert_eq!(taken.passed(), Passed::Head(&all.as_bytes()[..limit.min(all.len())]));
            }
        }
    }

    #[test]
    fn a_long_body_holds_its_beginning_only() {
        let mut taken = Taken::new(100_000);
        for _ in 0..200 {
            taken.push(&[b'x'; 1000]);
        }
        assert_eq!((taken.length(), taken.head().len()), (200_000, HEAD));
        assert!(taken.held.capacity() <= 2 * HEAD, "{}", taken.held.capacity());
        let mut taken = Taken::new(100_000);
        taken.push(&[b'x'; 200_000]);
        assert_eq!(taken.passed(), Passed::Head(&[b'x'; HEAD]));
    }
}
