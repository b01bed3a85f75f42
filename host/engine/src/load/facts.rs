//! What goes into loading, and what is known after it.

use std::time::Duration;

use weir_core::Declaration;

/// A component as it was read.
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
    /// `configure` ran once; every instance starts from the memory that it left.
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
    /// Kept from an earlier load.
    Cache,
    /// Compiled now.
    Compiled,
}

/// What is known about a loaded policy.
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
    /// Bytes of memory that an instance starts with.
    pub initial_memory: u64,
    /// Bytes of the component file.
    pub component_bytes: usize,
    /// What the author or operator should know.
    pub warnings: Vec<String>,
}

/// What a component says and needs, without configuring it.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What it says about itself.
    pub declaration: Declaration,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// What it imports.
    pub imports: Vec<String>,
    /// Those imports that need a grant.
    pub needs_grants: Vec<String>,
    /// Bytes of memory that an instance starts with.
    pub initial_memory: u64,
    /// Bytes of the file.
    pub component_bytes: usize,
    /// What the author should know.
    pub warnings: Vec<String>,
}
