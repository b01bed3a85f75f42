//! A POSIX-like shell as far as a guard needs it: text to tokens, tokens to commands.
//!
//! Invariants: reading never fails; text that no shell would accept is read as far as it makes sense,
//! and what is too large or nested too deeply is reported by `Script::complete`.
//!
//! It does not run, expand or judge anything.

mod lex;
mod parse;
mod substitute;

pub use parse::parse;

/// One part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands. Quoted text is neither split nor matched against file names.
    Text {
        /// The text without its quotes.
        text: String,
        /// Whether it stood in quotes or behind a backslash.
        quoted: bool,
    },
    /// `$name` or `${name…}`.
    Variable {
        /// The name; empty where its value can never be told, as for `$((…))` and `${name#pattern}`.
        name: String,
        /// What stands behind an operator: in for an absent value, as in `${name:-value}`, where there is a name.
        operand: Option<Word>,
        /// Whether it stood in double quotes.
        quoted: bool,
    },
    /// `$(…)` or `` `…` ``, with its source text.
    Substitution {
        /// What is run.
        source: String,
        /// Whether it stood in double quotes.
        quoted: bool,
    },
    /// `<(…)` or `>(…)`, with its source text.
    Process(String),
}

/// A word before expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Its parts in order.
    pub pieces: Vec<Piece>,
}

impl Word {
    /// The text, if the word consists of unquoted text alone.
    pub fn bare(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }
}

/// Where a redirection leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// `> file`, `>> file`, `&> file`, `<> file`.
    Write(Word),
    /// `< file`.
    Read(Word),
    /// A here-document or here-string, with its text.
    Here(Word),
}

/// A command of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A name with its arguments.
    Simple(Simple),
    /// Commands in parentheses, braces or a compound statement.
    Group {
        /// What is run.
        body: Vec<Pipeline>,
        /// Whether a change of folder stays inside.
        subshell: bool,
        /// The redirections of the whole.
        redirects: Vec<Redirect>,
    },
    /// A function definition.
    Function {
        /// Its name.
        name: String,
        /// What it runs.
        body: Vec<Pipeline>,
    },
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simple {
    /// `name=value` in front of the command.
    pub assignments: Vec<(String, Word)>,
    /// The command's name and arguments.
    pub words: Vec<Word>,
    /// The redirections.
    pub redirects: Vec<Redirect>,
}

/// Commands joined by `|`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// The commands in order.
    pub commands: Vec<Command>,
    /// Whether it ends in `&`.
    pub background: bool,
}

/// A whole script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Its pipelines in order, whatever joins them.
    pub pipelines: Vec<Pipeline>,
    /// False where a limit cut the reading short.
    pub complete: bool,
}
