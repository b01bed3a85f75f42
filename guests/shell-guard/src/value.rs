//! What is known of words, variables and outputs before anything runs.

use crate::paths::UNKNOWN;

/// Where text comes from; the graver one wins where two meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// From the command itself, or from what is on the machine.
    #[default]
    Plain,
    /// Made readable by a decoder or a transformation.
    Decoded,
    /// From the network.
    Network,
}

/// A word after expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Its text; what is not known stands as [`UNKNOWN`].
    pub text: String,
    /// Whether `*`, `?` and `[` in it stand for names of files.
    pub pattern: bool,
    /// Where its text comes from.
    pub origin: Origin,
    /// What the file of this name holds, for `<(…)`.
    pub content: Option<Output>,
}

/// What a command writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The text, if it is known.
    pub text: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Field {
    /// A word of plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Whether any part of the text is not known.
    pub fn is_dynamic(&self) -> bool {
        self.text.contains(UNKNOWN)
    }

    /// The text as a path, in which only real patterns look like ones.
    pub fn path(&self) -> String {
        if self.pattern { self.text.clone() } else { self.text.replace(['*', '?', '['], "_") }
    }
}

impl Output {
    /// Known text of the command itself.
    pub fn known(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), origin: Origin::Plain }
    }

    /// Text that is not known.
    pub fn unknown(origin: Origin) -> Self {
        Self { text: None, origin }
    }

    /// What is written by one command after another.
    pub fn then(self, next: Self) -> Self {
        let text = match (self.text, next.text) {
            (Some(first), Some(second)) => Some(first + &second),
            _ => None,
        };
        Self { text, origin: self.origin.max(next.origin) }
    }
}

/// The start of a text that someone else chose, fit for a message.
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
