//! Why the engine cannot be created, or a component cannot be loaded.

/// The engine cannot run on this machine as configured.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot be set up: {0}")]
pub struct EngineError(pub(crate) String);

/// A component that cannot be loaded: the file and all causes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}", causes.join("; "))]
pub struct LoadError {
    file: String,
    causes: Vec<String>,
}

impl LoadError {
    pub(crate) fn new(file: &str, cause: impl Into<String>) -> Self {
        Self::all(file, vec![cause.into()])
    }

    pub(crate) fn all(file: &str, causes: Vec<String>) -> Self {
        Self { file: file.to_owned(), causes }
    }

    /// The component's file as given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All causes, as text.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }
}
