//! A fingerprint of a folder: detects changes without reading any file.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::Folder;
use crate::config::folder::CONFIG_FILE;

/// Maximum number of files and folders checked. A served folder has a few dozen, but someone may serve their home
/// folder.
const MAX_ENTRIES: usize = 4096;

/// Maximum depth of components.
const MAX_DEPTH: usize = 4;

/// What is compared per file. Links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// A folder's fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    files: BTreeMap<PathBuf, Stamp>,
    folders: Vec<PathBuf>,
}

impl Fingerprint {
    /// A fingerprint that matches no folder.
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes the fingerprint of a folder.
    pub async fn take(folder: &Folder) -> Self {
        let path = folder.path().to_owned();
        // A panic has already been logged; an empty fingerprint causes a retry at the next check.
        tokio::task::spawn_blocking(move || Self::of(&path)).await.unwrap_or_default()
    }

    /// The folders where a change may matter, by their current real paths.
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
        // The real path: a link with a new target is a change even if all files look the same.
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
            // A file that disappears during the scan counts as absent.
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
