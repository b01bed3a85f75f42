//! What is known about words, variables and outputs before anything runs.

use crate::paths::UNKNOWN;

/// The origin of text; if two are combined, the more dangerous one wins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// From the command itself, or from the machine.
    #[default]
    Plain,
    /// Decoded or transformed.
    Decoded,
    /// From the network.
    Network,
}

/// A word after expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Its text, with [`UNKNOWN`] for unknown parts.
    pub text: String,
    /// Whether `*`, `?` and `[` in it match file names.
    pub pattern: bool,
    /// The origin of its text.
    pub origin: Origin,
    /// The content of the file with this name, for `<(…)`.
    pub content: Option<Output>,
}

/// The output of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The text, if it is known.
    pub text: Option<String>,
    /// Its origin.
    pub origin: Origin,
}

impl Field {
    /// A word of plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Whether any part of the text is unknown.
    pub fn is_dynamic(&self) -> bool {
        self.text.contains(UNKNOWN)
    }

    /// The text as a path in which only real patterns act as patterns.
    pub fn path(&self) -> String {
        if self.pattern { self.text.clone() } else { self.text.replace(['*', '?', '['], "_") }
    }
}

impl Output {
    /// Known text from the command itself.
    pub fn known(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), origin: Origin::Plain }
    }

    /// Unknown text.
    pub fn unknown(origin: Origin) -> Self {
        Self { text: None, origin }
    }

    /// The output of two commands in sequence.
    pub fn then(self, next: Self) -> Self {
        let text = match (self.text, next.text) {
            (Some(first), Some(second)) => Some(first + &second),
            _ => None,
        };
        Self { text, origin: self.origin.max(next.origin) }
    }
}

/// The start of a text from outside, safe for a message.
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let text = text.replace(crate::paths::HOME, "~");
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|character| match character {
            UNKNOWN => '…',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
