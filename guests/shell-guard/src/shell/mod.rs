//! A POSIX-like shell parser, as far as a guard needs one: text to tokens, tokens to commands.
//!
//! Invariants: parsing never fails; invalid text is read as far as it makes sense, and text that is too large or too
//! deeply nested is reported by `Script::complete`.
//!
//! Not here: running, expanding or judging anything.

mod lex;
mod parse;
mod substitute;

pub use parse::parse;

/// One part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text. Quoted text is neither split nor matched against file names.
    Text {
        /// The text without its quotes.
        text: String,
        /// Whether it was quoted or escaped.
        quoted: bool,
    },
    /// `$name` or `${name…}`.
    Variable {
        /// The name; empty if its value cannot be known, as for `$((…))` and `${name#pattern}`.
        name: String,
        /// The word after an operator. With a name it is the fallback for a missing value, as in `${name:-value}`.
        operand: Option<Word>,
        /// Whether it was in double quotes.
        quoted: bool,
    },
    /// `$(…)` or `` `…` ``, with its source text.
    Substitution {
        /// The script to run.
        source: String,
        /// Whether it was in double quotes.
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
    /// The text, if the word is only unquoted text.
    pub fn bare(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }
}

/// The target of a redirection.
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
        /// The commands.
        body: Vec<Pipeline>,
        /// Whether a change of folder stays inside (a subshell).
        subshell: bool,
        /// The redirections of the group.
        redirects: Vec<Redirect>,
    },
    /// A function definition.
    Function {
        /// Its name.
        name: String,
        /// Its body.
        body: Vec<Pipeline>,
    },
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simple {
    /// `name=value` before the command.
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
    /// Whether it ends with `&`.
    pub background: bool,
}

/// A whole script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Its pipelines in order, however they are joined.
    pub pipelines: Vec<Pipeline>,
    /// False if a limit stopped the parser.
    pub complete: bool,
}
