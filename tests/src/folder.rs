//! A temporary folder for a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new, empty folder, removed on drop.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Creates a folder for the caller.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("weir-tests-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file atomically, so that a watcher never sees a partial file.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let beside = self.path.join(format!("{name}.part"));
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, self.path.join(name)).unwrap();
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover folder is harmless.
        let _ = fs::remove_dir_all(&self.path);
    }
}
