//! Colours, where there is a terminal that shows them.

use std::io::{self, IsTerminal};

/// Whether and how texts are coloured.
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

    /// Stands out.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Stands back.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// All is well.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// Look at this.
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// This is wrong.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }
}
