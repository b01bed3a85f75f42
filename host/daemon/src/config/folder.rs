//! The served folder: its `weir.toml` and its components.
//!
//! Reads are bounded, and only regular files are read. Symbolic links are followed: some deployments update a folder
//! atomically by swapping a link.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::document::closest;
use super::report::{Problem, Report};
use super::resolve::{Surroundings, Upstreams, resolve};
use super::resolved::Config;
use super::size;

/// The default folder.
pub const DEFAULT_FOLDER: &str = "policies";

/// Name of the configuration file.
pub const CONFIG_FILE: &str = "weir.toml";

/// Largest configuration accepted; a real one has a few thousand bytes.
const MAX_CONFIG_BYTES: usize = 1 << 20;

/// A folder by its path as given; messages use the same form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Names a folder; reads nothing yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How messages show a file in it.
    pub fn show(&self, file: &str) -> String {
        self.path.join(file).display().to_string()
    }

    /// Reads and resolves the configuration. `None` if it cannot be read. All other errors are only in the report, so
    /// that the valid parts can still be checked.
    pub fn config(&self, upstreams: Upstreams) -> (Option<Config>, Report) {
        let mut report = Report::default();
        let name = self.show(CONFIG_FILE);
        let text = match self.text() {
            Ok(text) => text,
            Err(message) => {
                report.push(Problem::error(name, None, message));
                return (None, report);
            }
        };
        let variable = |name: &str| std::env::var(name).ok();
        let surroundings = Surroundings { folder: &self.path, upstreams, variable: &variable };
        let (config, problems) = resolve(&name, &text, &surroundings);
        report.extend(problems);
        self.warn_of_unused(&config, &mut report);
        (Some(config), report)
    }

    fn text(&self) -> Result<String, String> {
        match fs::metadata(&self.path) {
            Ok(metadata) if !metadata.is_dir() => return Err("it is expected in a folder, and that is a file".into()),
            Ok(_) => {}
            Err(error) => return Err(format!("the folder {} cannot be read: {error}", self.path.display())),
        }
        let bytes = read_bounded(&self.path.join(CONFIG_FILE), MAX_CONFIG_BYTES).map_err(|reason| match reason {
            ReadError::Missing => "there is no such file; a folder is served by its weir.toml, which names the listeners, routes and policies".to_owned(),
            ReadError::Other(reason) => reason,
        })?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            // An editor that is rewriting the file can also leave it empty for a moment. Accepting that would drop
            // every policy.
            return Err("it is empty; give it at least one [[route]] and one [[policy]]".to_owned());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let right = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = right.iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("it is not UTF-8 in line {line}; save it as UTF-8")
        })?;
        // A byte order mark, written by some editors; not part of the first line.
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    fn warn_of_unused(&self, config: &Config, report: &mut Report) {
        let is_named = |file: &String| config.policies.iter().any(|policy| policy.file() == Some(file.as_str()));
        for file in self.wasm_files().iter().filter(|file| !is_named(file)) {
            let message = "no [[policy]] of weir.toml names this component, so it is not loaded";
            report.push(Problem::warning(self.show(file), None, message));
        }
    }

    /// Advice for a component that does not exist.
    pub fn missing(&self, component: &str) -> String {
        let present = self.wasm_files();
        let near = closest(component, present.iter().map(String::as_str));
        let advice = match near {
            Some(near) => format!("did you mean {near:?}?"),
            None if present.is_empty() => {
                "the folder has no components at all; build them first (`cargo xtask guests` builds those of this project)"
                    .to_owned()
            }
            None => format!("the folder has {}", present.join(", ")),
        };
        format!("there is no component {component:?} in the folder; {advice}")
    }

    /// The components directly in the folder, sorted.
    fn wasm_files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".wasm") && !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// The bytes of a component, up to a maximum.
    pub fn component(&self, file: &str, max_bytes: usize) -> Result<Vec<u8>, ReadError> {
        read_bounded(&self.path.join(file), max_bytes)
    }
}

/// Why a file was not read.
#[derive(Debug)]
pub enum ReadError {
    /// It does not exist.
    Missing,
    /// It exists but cannot be read.
    Other(String),
}

/// Reads a regular file up to a maximum size. The size is also checked while reading, since the file may grow.
pub fn read_bounded(path: &Path, max_bytes: usize) -> Result<Vec<u8>, ReadError> {
    let other = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Other(format!("it cannot be read: {error}")),
    };
    // Checked before opening: opening a named pipe would block until its other end opens.
    if !fs::metadata(path).map_err(other)?.is_file() {
        return Err(ReadError::Other("it is not a regular file".to_owned()));
    }
    let file = File::open(path).map_err(other)?;
    let mut bytes = Vec::new();
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(other)?;
    if bytes.len() > max_bytes {
        return Err(ReadError::Other(format!("it is larger than {}", size::show(max_bytes))));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf_8_is_read_and_a_mark_is_no_part_of_it() {
        let path = std::env::temp_dir().join(format!("weir-folder-text-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let read = |bytes: &[u8]| {
            fs::write(path.join(CONFIG_FILE), bytes).unwrap();
            Folder::new(&path).text()
        };
        assert_eq!(read(b"\xef\xbb\xbf[engine]\r\n").as_deref(), Ok("[engine]\r\n"));
        assert_eq!(read(b"[[route]]\nname = \"to\xe4\"\n").unwrap_err(), "it is not UTF-8 in line 2; save it as UTF-8");
        assert!(read(b" \n").unwrap_err().starts_with("it is empty"));
        fs::remove_dir_all(path).unwrap();
    }
}
