//! What is wrong with a folder, each item with the place where it stands.
//!
//! Invariants: problems are gathered, never thrown one by one; a report is sorted by file and place; no text
//! of a configured value that may be a secret is repeated.

use std::fmt;

use serde::Serialize;

/// A place in a text file, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

/// Whether a problem prevents serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// The folder cannot be served.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file that has to change.
    pub file: String,
    /// Where in it, if that is known.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Whether it prevents serving.
    pub gravity: Gravity,
    /// What is wrong and what would have been right.
    pub message: String,
}

/// All problems of one folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Problem {
    /// Something that prevents serving.
    pub fn error(file: impl Into<String>, place: Option<Place>, message: impl Into<String>) -> Self {
        Self { file: file.into(), place, gravity: Gravity::Error, message: message.into() }
    }

    /// Something to look at.
    pub fn warning(file: impl Into<String>, place: Option<Place>, message: impl Into<String>) -> Self {
        Self { file: file.into(), place, gravity: Gravity::Warning, message: message.into() }
    }

    /// `FILE:LINE:COLUMN`, as far as it is known.
    pub fn location(&self) -> String {
        match self.place {
            Some(Place { line, column }) => format!("{}:{line}:{column}", self.file),
            None => self.file.clone(),
        }
    }

    /// Writes it to the log, under the level of its gravity.
    pub fn log(&self) {
        let (location, message) = (self.location(), &self.message);
        match self.gravity {
            Gravity::Error => tracing::error!(target: "weir::load", "{location}: {message}"),
            Gravity::Warning => tracing::warn!(target: "weir::load", "{location}: {message}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.gravity {
            Gravity::Error => "",
            Gravity::Warning => "warning: ",
        };
        write!(f, "{}: {word}{}", self.location(), self.message)
    }
}

impl Report {
    /// Adds one problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds all problems of another report.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// Whether anything in it prevents serving.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.gravity == Gravity::Error)
    }

    /// The problems, sorted by file and place.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems.dedup();
        self.problems
    }
}
