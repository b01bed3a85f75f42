//! The input and the results of loading.

use std::time::Duration;

use weir_core::Declaration;

/// A component as read.
#[derive(Debug, Clone)]
pub struct PolicySource {
    /// For messages.
    pub file: String,
    /// The component.
    pub bytes: Vec<u8>,
}

/// How the configuration gets into an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configured {
    /// `configure` ran once; every instance starts from the memory it left.
    Snapshot,
    /// `configure` runs in every fresh instance.
    PerCall {
        /// Why no snapshot could be made.
        reason: String,
    },
}

/// Where the compiled code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeOrigin {
    /// Cached by an earlier load.
    Cache,
    /// Compiled now.
    Compiled,
}

/// Facts about a loaded policy.
#[derive(Debug, Clone)]
pub struct LoadFacts {
    /// How the configuration gets into an instance.
    pub configured: Configured,
    /// Where the compiled code came from.
    pub code: CodeOrigin,
    /// How long loading took.
    pub load_time: Duration,
    /// What the component imports.
    pub imports: Vec<String>,
    /// An instance's initial memory, in bytes.
    pub initial_memory: u64,
    /// Size of the component file, in bytes.
    pub component_bytes: usize,
    /// Warnings for the author or operator.
    pub warnings: Vec<String>,
}

/// A component's declaration and needs, without configuring it.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Its declaration.
    pub declaration: Declaration,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// What it imports.
    pub imports: Vec<String>,
    /// The imports that need a grant.
    pub needs_grants: Vec<String>,
    /// An instance's initial memory, in bytes.
    pub initial_memory: u64,
    /// Size of the file, in bytes.
    pub component_bytes: usize,
    /// Warnings for the author.
    pub warnings: Vec<String>,
}
