//! How commands end.

use std::process::ExitCode;

use crate::output;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With what was asked for.
    Done,
    /// The thing checked is not right.
    NotRight,
    /// What was asked for makes no sense.
    Usage,
    /// As another program did.
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

/// Says what makes no sense about the command line.
pub(super) fn usage(message: &str) -> Ended {
    output::problem(message);
    Ended::Usage
}
