//! The effective settings of records and trust.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use weir_record::RecordMode;
use weir_store::jobs::JobOptions;
use weir_store::{StoreAddress, StoreOptions, WriterOptions};

/// What is recorded, and where it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordsConfig {
    /// The store for records, registry and audit events.
    pub store: StoreChoice,
    /// The journal of accepted calls: next to the SQLite file, or in the folder if the store is a server.
    pub journal: PathBuf,
    /// The store's options.
    pub options: StoreOptions,
    /// Which calls are recorded at the start.
    pub mode: RecordMode,
    /// The queue of the writer.
    pub writer: WriterOptions,
    /// Maximum size of a body that is kept whole.
    pub max_body: usize,
    /// How long the writer may continue during shutdown.
    pub drain_timeout: Duration,
    /// What runs after records were written.
    pub preprocess: Option<PreprocessConfig>,
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// The default. If it is unusable, a folder without record settings is still served.
    Usual(StoreAddress),
    /// Chosen by the operator; if it is unusable, the start fails.
    Chosen(StoreAddress),
}

/// What runs after records were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreprocessConfig {
    /// What is called or run.
    pub hook: PreprocessHook,
    /// When.
    pub options: JobOptions,
}

/// What is called or run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreprocessHook {
    /// The job is sent to a URL.
    Url(Uri),
    /// A program is run in the folder, with the job on its standard input.
    Command(Vec<String>),
}

/// Whether calls inside a context are checked against the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustConfig {
    /// They are not.
    Off,
    /// They are, against the endpoints of this organisation.
    On {
        /// The organisation.
        org: String,
    },
}

impl StoreChoice {
    /// The location, whoever chose it.
    pub const fn address(&self) -> &StoreAddress {
        match self {
            Self::Usual(address) | Self::Chosen(address) => address,
        }
    }
}
