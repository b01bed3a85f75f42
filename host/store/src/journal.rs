//! The calls that were accepted for recording but have no row yet, in a file next to the store.
//!
//! Invariants: a call is in the file before it is forwarded, and until its row is committed. So after a crash, the
//! calls in the file without a row are exactly the lost records. Only one process at a time can hold the file. Writes
//! go through the page cache: they survive a crash of the process, not a power failure.
//!
//! Not here: bodies. The file only shows which calls were lost.

use std::collections::{BTreeSet, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// Size from which the file is compacted to the open calls, if that saves enough.
const COMPACT_AT: u64 = 256 << 10;

/// Largest file read at startup. Beyond it, only the references at the beginning are read.
const MAX_READ: u64 = 16 << 20;

/// The calls that were accepted and are not settled.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    open: HashSet<String>,
    file: File,
    bytes: u64,
    failed: u64,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds it.
    #[error("{} is held by another process: one gateway at a time can record with this folder", .0.display())]
    Held(PathBuf),
    /// The operating system refuses.
    #[error("{} cannot be used: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

impl Journal {
    /// Opens or makes the file, and gives the calls that an earlier process left open in it. They stay in the file
    /// until [`Journal::clear`].
    pub fn open(path: &Path) -> Result<(Self, Vec<String>), JournalError> {
        let refuse = |error| JournalError::Io { path: path.to_owned(), error };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(refuse)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Held(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(refuse(error)),
        }
        let left = left_open(&mut file).map_err(refuse)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(refuse)?;
        let inner = Inner { open: HashSet::new(), file, bytes, failed: 0 };
        Ok((Self { inner: Mutex::new(inner) }, left))
    }

    /// The calls of the earlier process have been reported.
    pub(crate) fn clear(&self) {
        self.inner.lock().rewrite();
    }

    /// A call starts. False if it is already in progress: then it is not accepted again.
    pub(crate) fn accept(&self, call_ref: &str) -> bool {
        let mut inner = self.inner.lock();
        let new = inner.open.insert(call_ref.to_owned());
        if new {
            inner.append(&format!("{call_ref}\n"));
        }
        new
    }

    /// These calls' rows are committed.
    pub(crate) fn committed<'a>(&self, call_refs: impl Iterator<Item = &'a str>) {
        let mut inner = self.inner.lock();
        for call_ref in call_refs {
            inner.open.remove(call_ref);
        }
        // They need no line each: at startup the store is checked for the rows.
        let open_bytes = inner.open.iter().map(|call_ref| call_ref.len() as u64 + 1).sum::<u64>();
        if inner.bytes > COMPACT_AT && inner.bytes > open_bytes * 2 {
            inner.rewrite();
        }
    }

    /// A call that will have no row.
    pub(crate) fn given_back(&self, call_ref: &str) {
        let mut inner = self.inner.lock();
        if inner.open.remove(call_ref) {
            inner.append(&format!("-{call_ref}\n"));
        }
    }

    /// The open calls, sorted.
    pub fn open_calls(&self) -> Vec<String> {
        self.inner.lock().open.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// How often the file could not be written.
    pub fn failures(&self) -> u64 {
        self.inner.lock().failed
    }
}

impl Inner {
    fn append(&mut self, line: &str) {
        match self.file.write_all(line.as_bytes()) {
            Ok(()) => self.bytes += line.len() as u64,
            Err(error) => {
                // Half a line would run into the next one, and neither would be known.
                let _ = self.file.set_len(self.bytes).and_then(|()| self.file.seek(SeekFrom::Start(self.bytes)));
                self.fail(&error);
            }
        }
    }

    /// Compacts in place, since the lock belongs to this file and not to its name. A crash in between could lose the
    /// open calls, so the new text is written over the old before the file is truncated.
    fn rewrite(&mut self) {
        let file = &mut self.file;
        let text: String = self.open.iter().flat_map(|call_ref| [call_ref, "\n"]).collect();
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(text.as_bytes()));
        match written.and_then(|()| file.set_len(text.len() as u64)) {
            Ok(()) => self.bytes = text.len() as u64,
            Err(error) => self.fail(&error),
        }
    }

    /// Recording continues: the rows matter most, and the store reports by itself when it is full.
    fn fail(&mut self, error: &io::Error) {
        if self.failed == 0 {
            tracing::error!(
                target: "weir::records",
                "the journal of records cannot be written ({error}); after a crash, not every lost record would be known"
            );
        }
        self.failed += 1;
    }
}

/// The open calls of a file. A truncated line is ignored.
fn left_open(file: &mut File) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    file.take(MAX_READ).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut open = BTreeSet::new();
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        match line.strip_prefix('-') {
            Some(call_ref) => open.remove(call_ref),
            None => !line.is_empty() && open.insert(line),
        };
    }
    Ok(open.into_iter().map(str::to_owned).collect())
}
