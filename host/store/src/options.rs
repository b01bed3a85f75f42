//! What a store is opened for, and how it is set up.

use std::path::PathBuf;

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looking only: nothing is made or changed.
    Read,
    /// Writing as well; what is missing is made.
    Write,
}

/// How a store is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    /// Most bytes of a SQLite file. Beyond them the store is full.
    pub max_bytes: Option<usize>,
    /// A file with the certificates of the authorities that vouch for a PostgreSQL server, in PEM. Without it, those
    /// of the public web.
    pub tls_roots: Option<PathBuf>,
}
