//! The sample files, and the notes written by callers.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::sample::FILES;

/// Maximum number of notes, and of bytes in one: notes are kept in memory.
const MAX_NOTES: usize = 100;
const MAX_NOTE_BYTES: usize = 64 << 10;

/// Where notes can be read.
const NOTES: &str = "notes/";

/// The notes of this process.
#[derive(Default)]
pub struct Files {
    notes: Mutex<BTreeMap<String, String>>,
}

impl Files {
    /// The text of a file, or an error that lists the files.
    pub fn read(&self, path: &str) -> Result<String, String> {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        if let Some((_, parts)) = FILES.iter().find(|(name, _)| *name == path) {
            return Ok(parts.concat());
        }
        let notes = self.notes.lock();
        if let Some(note) = path.strip_prefix(NOTES).and_then(|title| notes.get(title)) {
            return Ok(note.clone());
        }
        let names = FILES.iter().map(|(name, _)| (*name).to_owned());
        let names: Vec<String> = names.chain(notes.keys().map(|title| format!("{NOTES}{title}"))).collect();
        Err(format!("there is no such file; there are {}", names.join(", ")))
    }

    /// Stores a note under its title.
    pub fn write(&self, title: &str, text: &str) -> Result<String, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if title.is_empty() || title.len() > 64 || !title.chars().all(plain) {
            return Err("a title has 1 to 64 characters of A-Z a-z 0-9 - _ .".to_owned());
        }
        if text.len() > MAX_NOTE_BYTES {
            return Err(format!("a note has at most {MAX_NOTE_BYTES} bytes"));
        }
        let mut notes = self.notes.lock();
        if notes.len() == MAX_NOTES && !notes.contains_key(title) {
            return Err(format!("there are {MAX_NOTES} notes already; write over one of them"));
        }
        notes.insert(title.to_owned(), text.to_owned());
        Ok(format!("{} bytes are in {NOTES}{title}", text.len()))
    }
}
