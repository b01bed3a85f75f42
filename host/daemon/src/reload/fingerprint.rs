//! The state of a folder in a few numbers: enough to tell that something changed, without reading any file.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::Folder;
use crate::config::folder::CONFIG_FILE;

/// Most files and folders that are looked at. A served folder has some dozens; somebody may serve their home.
const MAX_ENTRIES: usize = 4096;

/// How deep components may lie.
const MAX_DEPTH: usize = 4;

/// What is compared of one file. Links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The state of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    files: BTreeMap<PathBuf, Stamp>,
    folders: Vec<PathBuf>,
}

impl Fingerprint {
    /// One that no folder has.
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes a folder's.
    pub async fn take(folder: &Folder) -> Self {
        let path = folder.path().to_owned();
        // A panic in it would have been logged; an empty state is tried again at the next look.
        tokio::task::spawn_blocking(move || Self::of(&path)).await.unwrap_or_default()
    }

    /// The folders in which a change may matter, by their present real paths.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    fn of(path: &Path) -> Self {
        let mut found = Self::default();
        let mut left = MAX_ENTRIES;
        found.scan(path, MAX_DEPTH, &mut left);
        found
    }

    fn scan(&mut self, folder: &Path, depth: usize, left: &mut usize) {
        // The real path: a link that leads elsewhere now is a change even if all files look the same.
        self.folders.extend(fs::canonicalize(folder));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if *left == 0 {
                return;
            }
            *left -= 1;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            // What vanishes between two looks is simply not there.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_dir() && depth > 0 {
                self.scan(&path, depth - 1, left);
            } else if name == CONFIG_FILE || name.ends_with(".wasm") {
                self.files.insert(path, Stamp::of(&metadata));
            }
        }
        self.folders.sort();
        self.folders.dedup();
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
