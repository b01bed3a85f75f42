//! How commands end.

use std::process::ExitCode;

use crate::output;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Successfully.
    Done,
    /// A check failed.
    NotRight,
    /// The command line is invalid.
    Usage,
    /// With the exit code of another program.
    Like(u8),
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::SUCCESS,
            Ended::NotRight => Self::from(1),
            Ended::Usage => Self::from(2),
            Ended::Like(code) => Self::from(code),
        }
    }
}

/// Reports a usage error.
pub(super) fn usage(message: &str) -> Ended {
    output::problem(message);
    Ended::Usage
}
