//! Why a store is opened, and its settings.

use std::path::PathBuf;

/// Why a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For reading only: nothing is created or changed.
    Read,
    /// For writing too; what is missing is created.
    Write,
}

/// The settings of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    /// Maximum size of a SQLite file, in bytes. Beyond it the store is full.
    pub max_bytes: Option<usize>,
    /// A PEM file with the CA certificates for a PostgreSQL server. Without it, the public web's CAs are trusted.
    pub tls_roots: Option<PathBuf>,
}
