//! Colours, on terminals that support them.

use std::io::{self, IsTerminal};

/// Whether and how text is coloured.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Never.
    pub const PLAIN: Self = Self { on: false };

    /// For standard output.
    pub fn stdout() -> Self {
        Self { on: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// For standard error.
    pub fn stderr() -> Self {
        Self { on: io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Emphasised.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Dimmed.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// Success.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// Warning.
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// Error.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }
}
