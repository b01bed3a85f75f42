//! Which calls are recorded.

/// Which calls are recorded and preprocessed. Calls inside a context are checked against the registry in every mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RecordMode {
    /// Calls inside a context.
    #[default]
    Context,
    /// Every call.
    All,
    /// None.
    Off,
}

impl RecordMode {
    /// The word used in the configuration and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::All => "all",
            Self::Off => "off",
        }
    }

    /// Reads the word that [`RecordMode::as_str`] writes.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "context" => Some(Self::Context),
            "all" => Some(Self::All),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}
