//! Limits the size of the code cache: the least recently used entries are removed first.
//!
//! Invariants: only the cache's own files are touched. A running process can keep using an entry it has mapped, since
//! removing a file keeps its pages. What cannot be removed is retried next time.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// File name endings of code, labels and unfinished files.
pub const CODE: &str = "cwasm";
pub const LABEL: &str = "label";
pub const PART: &str = "part";

/// From this age, an unfinished file is left over from a crash. Writing one takes well under a second.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Marks an entry as used. If this fails, the entry only looks older than it is.
pub fn mark_used(label: &Path) {
    let marked = fs::File::options().append(true).open(label).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = marked {
        tracing::debug!(file = %label.display(), %error, "a code cache entry cannot be marked as used");
    }
}

/// Removes entries until at most this many bytes are left, and unfinished files.
pub fn evict(folder: &Path, most: u64) {
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok((used, bytes))) = (entry.path(), facts(&entry)) else { continue };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(PART) if used.elapsed().is_ok_and(|age| age > ABANDONED) => remove(&path),
            Some(CODE) => {
                // Code without a label is being written, or was left by a crash: its own age counts.
                let used = fs::metadata(path.with_extension(LABEL)).and_then(|label| label.modified()).unwrap_or(used);
                entries.push((used, bytes, path));
            }
            _ => {}
        }
    }
    let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
    entries.sort();
    for (_, bytes, code) in entries {
        if total <= most {
            break;
        }
        // The label first: code without a label is ignored.
        remove(&code.with_extension(LABEL));
        remove(&code);
        total -= bytes;
    }
}

fn facts(entry: &DirEntry) -> io::Result<(SystemTime, u64)> {
    let metadata: Metadata = entry.metadata()?;
    Ok((metadata.modified()?, metadata.len()))
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(file = %path.display(), %error, "a file of the code cache cannot be removed");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes an entry of that size, last used that many seconds ago.
    fn put(folder: &Path, key: &str, bytes: usize, seconds: u64) {
        fs::write(folder.join(key).with_extension(CODE), vec![0; bytes]).unwrap();
        let label = folder.join(key).with_extension(LABEL);
        fs::write(&label, "").unwrap();
        age(&label, seconds);
    }

    fn age(path: &Path, seconds: u64) {
        let then = SystemTime::now() - Duration::from_secs(seconds);
        fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let folder = std::env::temp_dir().join(format!("weir-cache-evict-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        put(&folder, "old", 40, 300);
        put(&folder, "older-but-used", 40, 400);
        put(&folder, "new", 40, 100);
        fs::write(folder.join("weir.db"), [0; 500]).unwrap();
        mark_used(&folder.join("older-but-used.label"));

        evict(&folder, 120);
        assert_eq!(names(&folder).len(), 7, "within the size nothing goes");
        evict(&folder, 80);
        let left = ["new.cwasm", "new.label", "older-but-used.cwasm", "older-but-used.label", "weir.db"];
        assert_eq!(names(&folder), left);
        evict(&folder, 0);
        assert_eq!(names(&folder), ["weir.db"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn only_files_that_nobody_finishes_any_more_are_removed() {
        let folder = std::env::temp_dir().join(format!("weir-cache-parts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["a.1.part", "b.2.part"] {
            fs::write(folder.join(name), "half").unwrap();
        }
        age(&folder.join("a.1.part"), 2 * 60 * 60);
        evict(&folder, 0);
        assert_eq!(names(&folder), ["b.2.part"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
