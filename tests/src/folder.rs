//! A folder that is gone after the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new, empty folder; dropped with everything in it.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder of its own for the caller.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("weir-tests-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in one step: whoever watches the folder never sees a part of it.
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
        // A folder that stays behind is in the way of nobody.
        let _ = fs::remove_dir_all(&self.path);
    }
}
