//! The repository's files, for tests that check their text.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file of the repository.
pub struct SourceFile {
    /// Its path relative to the repository, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All files in the folders with this extension, sorted; without built or generated ones.
pub fn files(folders: &[&str], ending: &str) -> Vec<SourceFile> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), ending, &mut found);
    }
    let mut files: Vec<SourceFile> = found
        .into_iter()
        .map(|path| SourceFile {
            text: fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            path: relative(&path),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The direct subfolders of a folder of the repository, sorted.
pub fn subfolders(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let folders = entries.filter_map(|entry| {
        let path = entry.unwrap().path();
        path.is_dir().then(|| path.file_name().unwrap().to_string_lossy().into_owned())
    });
    let mut folders: Vec<String> = folders.filter(|name| name != "target" && !name.starts_with('.')).collect();
    folders.sort();
    folders
}

/// The shipped policies: guests with their own cases.
pub fn shipped_guests() -> Vec<String> {
    let has_cases = |name: &String| root().join("guests").join(name).join("cases").is_dir();
    subfolders("guests").into_iter().filter(has_cases).collect()
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !(["target", ".git", ".cache", "deps", "node_modules"].contains(&name.as_str())) {
                walk(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}
